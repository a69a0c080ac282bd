//! What a client wants of `POST /v1/classify`, from its query and its headers. Touch it when it may ask for more.

use axum::extract::Query;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode, Uri};

use super::super::DEFAULT_TOP_K;
use super::super::api_error::ApiError;
use super::super::request::query;
use crate::upload::{MOST_MODELS, UploadRequest};

/// Longest name that is kept of a clip, in characters.
const NAME: usize = 200;

/// What a client wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) request: UploadRequest,
}

impl Wish {
    /// `configured` is the model that is asked when none is named.
    pub(super) fn parse(uri: &Uri, configured: &str) -> Result<Self, ApiError> {
        parse(uri, configured)
            .map(|request| Self { request })
            .map_err(|why| ApiError::new(StatusCode::BAD_REQUEST, "bad_query", why))
    }
}

fn parse(uri: &Uri, configured: &str) -> Result<UploadRequest, String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|error| format!("the query cannot be read: {}", error.body_text()))?;
    let (mut name, mut models, mut top, mut mel, mut id) = (None, Vec::new(), None, None, None);
    for (key, text) in pairs {
        let once = |there: bool| {
            if there { Err(format!("{key} stands twice in the query; give it once")) } else { Ok(()) }
        };
        match key.as_str() {
            "name" => {
                once(name.is_some())?;
                name = Some(text.chars().filter(|c| !c.is_control()).take(NAME).collect());
            }
            "model" => {
                for model in text.split(',').filter(|model| !model.is_empty()) {
                    if !models.iter().any(|known| known == model) {
                        models.push(model.to_owned());
                    }
                }
            }
            "top" => {
                once(top.is_some())?;
                let number = text.parse().ok().filter(|top| (1..=1000).contains(top));
                top = Some(number.ok_or_else(|| format!("top must be 1 to 1000, got {text:?}"))?);
            }
            "mel" => {
                once(mel.is_some())?;
                mel = Some(match text.as_str() {
                    "1" | "true" => true,
                    "0" | "false" => false,
                    _ => return Err(format!("mel must be 1 or 0, got {text:?}")),
                });
            }
            "id" => {
                once(id.is_some())?;
                let ulid = ulid::Ulid::from_string(&text).ok().filter(|ulid| ulid.to_string() == text);
                id = Some(ulid.ok_or_else(|| format!("id must be a ULID in capitals, got {text:?}"))?);
            }
            _ => return Err(query::unknown(&key, query::CLASSIFY)),
        }
    }
    if models.len() > MOST_MODELS {
        return Err(format!("at most {MOST_MODELS} models hear a clip, got {}", models.len()));
    }
    if models.is_empty() {
        models.push(configured.to_owned());
    }
    Ok(UploadRequest {
        id: id.unwrap_or_else(ulid::Ulid::generate).to_string(),
        name: name.unwrap_or_default(),
        models,
        top: top.unwrap_or(DEFAULT_TOP_K),
        mel: mel.unwrap_or(false),
    })
}

/// Refuses a body that is not the bytes of the file itself.
pub(super) fn refuse_what_is_wrapped(headers: &HeaderMap) -> Result<(), ApiError> {
    let refuse =
        |message: String| Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrapped_body", message));
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("(not text)"));
    if let Some(encoding) =
        text(CONTENT_ENCODING).filter(|encoding| !encoding.eq_ignore_ascii_case("identity"))
    {
        return refuse(format!("Content-Encoding is {encoding}; send the bytes of the file as they are"));
    }
    if text(CONTENT_TYPE).is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/")) {
        let message = "the body is a form; send the bytes of the file as they are, for instance: \
                       curl --data-binary @FILE URL";
        return refuse(message.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(query: &str) -> Result<UploadRequest, String> {
        parse(&format!("/v1/classify{query}").parse().expect("a URI"), "musicnn-crnn")
    }

    #[test]
    fn what_is_left_out_is_usual() {
        let request = wish("").expect("fine");
        assert_eq!((request.models, request.top, request.mel), (vec!["musicnn-crnn".into()], 5, false));
        assert_eq!(request.id.len(), 26);
        assert_ne!(wish("").expect("fine").id, request.id);
    }

    #[test]
    fn everything_can_be_said() {
        let request =
            wish("?name=a%20b%0A.mp3&model=cnn&model=crnn,cnn&top=3&mel=1&id=01J9ZK3V5Y8Q0W2E4R6T8Y0V2X");
        let request = request.expect("fine");
        assert_eq!((request.name.as_str(), request.models), ("a b.mp3", vec!["cnn".into(), "crnn".into()]));
        assert_eq!((request.top, request.mel), (3, true));
        assert_eq!(request.id, "01J9ZK3V5Y8Q0W2E4R6T8Y0V2X");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, says) in [
            ("?top=0", "top must be"),
            ("?mel=yes", "mel must be"),
            ("?id=7", "must be a ULID"),
            ("?top=1&top=2", "twice"),
            ("?modle=cnn", "did you mean \"model\""),
            ("?model=1,2,3,4,5,6,7,8,9", "at most 8"),
        ] {
            let error = wish(query).expect_err(query);
            assert!(error.contains(says), "{query}: {error}");
        }
    }
}
