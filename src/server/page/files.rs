//! The page's files, compiled into the binary, and the answer that each of them is: form, type, caching.
//! Touch it when files are to be compressed or cached otherwise.

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::quality::quality;

/// What Vite makes of `web/`. Empty in a build without it.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
pub(super) struct Built;

/// The forms in which a file may lie beside itself, the smaller one first: name in HTTP, ending.
const CODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// How long a browser may keep a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// It asks each time whether there is another.
    Ask,
    /// For ever: another content has another name.
    Forever,
}

impl Keep {
    fn value(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Ask => "no-cache",
            Self::Forever => "public, max-age=31536000, immutable",
        })
    }
}

/// The answer with this file of `F`, in the best form that the client takes; `None` if there is no such file.
pub(super) fn answer<F: RustEmbed>(path: &str, headers: &HeaderMap, keep: Keep) -> Option<Response> {
    // A form is no file of its own.
    if CODINGS.iter().any(|(_, ending)| path.ends_with(ending)) {
        return None;
    }
    let plain = F::get(path)?;
    let content_type = content_type(plain.metadata.mimetype());
    let (file, coding) = form::<F>(path, headers).unwrap_or((plain, None));
    Some(response(file, content_type, coding, headers, keep))
}

/// The form that the client prefers of those there are, if it is not the plain one.
fn form<F: RustEmbed>(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let of = |coding: &str| quality(headers, &ACCEPT_ENCODING, coding, &["*"]).unwrap_or(0.0);
    let plain = quality(headers, &ACCEPT_ENCODING, "identity", &[]).unwrap_or(0.0);
    let mut best: Option<(f32, EmbeddedFile, &'static str)> = None;
    for (coding, ending) in CODINGS {
        let wanted = of(coding);
        if wanted <= 0.0 || wanted < plain || best.as_ref().is_some_and(|(best, ..)| *best >= wanted) {
            continue;
        }
        if let Some(file) = F::get(&format!("{path}{ending}")) {
            best = Some((wanted, file, coding));
        }
    }
    best.map(|(_, file, coding)| (file, Some(coding)))
}

fn response(
    file: EmbeddedFile,
    content_type: HeaderValue,
    coding: Option<&'static str>,
    asked: &HeaderMap,
    keep: Keep,
) -> Response {
    // Of the very bytes, so that each form has one of its own.
    let etag = etag(&file.metadata.sha256_hash());
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|value| value.split(',')).map(str::trim);
    let unchanged =
        known.map(|tag| tag.strip_prefix("W/").unwrap_or(tag)).any(|tag| tag == etag || tag == "*");
    let mut response = match unchanged {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Body::from(bytes(file.data)).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, keep.value());
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(ETAG, etag);
    }
    if !unchanged {
        headers.insert(CONTENT_TYPE, content_type);
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
    }
    response
}

fn bytes(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

fn etag(hash: &[u8]) -> String {
    let hex: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Text is UTF-8, and browsers are to know it.
fn content_type(mime: &str) -> HeaderValue {
    let text = mime.starts_with("text/") && !mime.contains("charset");
    let named = if text { format!("{mime}; charset=utf-8") } else { mime.to_owned() };
    HeaderValue::try_from(named).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}
