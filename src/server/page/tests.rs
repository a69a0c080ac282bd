//! The page's files as they are answered, with a page made for it: forms, types, caching.
//! Touch it with `files.rs`.

use axum::body::to_bytes;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use rust_embed::RustEmbed;

use super::{file_of, index_of, wanted};

#[derive(RustEmbed)]
#[folder = "tests/fixtures/page"]
struct Fixture;

#[derive(RustEmbed)]
#[folder = "tests/fixtures/no-such-folder"]
#[allow_missing = true]
struct Missing;

const SCRIPT: &str = "assets/index-1a2b3c4d.js";

fn asked(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("a value"))).collect()
}

fn header<'a>(response: &'a Response, name: &HeaderName) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

async fn body(response: Response) -> Vec<u8> {
    to_bytes(response.into_body(), 1 << 20).await.expect("a body").to_vec()
}

#[test]
fn browsers_get_the_page_and_programs_the_list() {
    let wants = |accept: &str| wanted(&asked(&[(ACCEPT, accept)]));
    assert!(wants("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
    assert!(wants("text/html, application/json"));
    for accept in ["*/*", "application/json", "application/json, text/html;q=0.9", "text/html;q=0", ""] {
        assert!(!wants(accept), "{accept}");
    }
    assert!(!wanted(&HeaderMap::new()));
}

#[tokio::test]
async fn the_smallest_form_that_the_client_takes_is_sent() {
    for (accepted, coding, starts) in [
        ("gzip, deflate, br, zstd", "br", &b"brotli"[..]),
        ("gzip", "gzip", b"gzip"),
        ("br;q=0.5, gzip", "gzip", b"gzip"),
        ("br;q=0, *", "gzip", b"gzip"),
        ("identity, br;q=0.5", "", b"export"),
        ("zstd", "", b"export"),
        ("", "", b"export"),
    ] {
        let response = file_of::<Fixture>(SCRIPT, &asked(&[(ACCEPT_ENCODING, accepted)])).expect("a file");
        assert_eq!(header(&response, &CONTENT_ENCODING), coding, "{accepted}");
        assert_eq!(header(&response, &CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert_eq!(header(&response, &VARY), "Accept-Encoding");
        let sent = body(response).await;
        assert!(sent.starts_with(starts), "{accepted}: {}", String::from_utf8_lossy(&sent));
    }
    // This one lies there in no other form.
    let style =
        file_of::<Fixture>("assets/style-99.css", &asked(&[(ACCEPT_ENCODING, "br")])).expect("a file");
    assert_eq!(
        (header(&style, &CONTENT_ENCODING), header(&style, &CONTENT_TYPE)),
        ("", "text/css; charset=utf-8")
    );
}

#[tokio::test]
async fn hashed_names_are_kept_for_ever_and_the_rest_is_asked_for() {
    let none = HeaderMap::new();
    let script = file_of::<Fixture>(SCRIPT, &none).expect("a file");
    assert_eq!(header(&script, &CACHE_CONTROL), "public, max-age=31536000, immutable");
    let page = index_of::<Fixture>(&none);
    assert_eq!(header(&page, &CACHE_CONTROL), "no-cache");
    let tag = header(&page, &ETAG).to_owned();
    assert!(tag.len() > 10 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    assert!(body(page).await.starts_with(b"<!doctype html>"));

    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = index_of::<Fixture>(&asked(&[(IF_NONE_MATCH, &known)]));
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!((header(&again, &ETAG), header(&again, &CACHE_CONTROL)), (tag.as_str(), "no-cache"));
        assert!(body(again).await.is_empty());
    }
    assert_eq!(index_of::<Fixture>(&asked(&[(IF_NONE_MATCH, "\"other\"")])).status(), StatusCode::OK);
    // Another form of the same file has another tag.
    let compressed = file_of::<Fixture>(SCRIPT, &asked(&[(ACCEPT_ENCODING, "br")])).expect("a file");
    assert_ne!(header(&script, &ETAG), header(&compressed, &ETAG));
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_without_a_page_the_plain_one_says_how_to_build_it() {
    let none = HeaderMap::new();
    for path in
        ["", "assets", "assets/", "assets/../index.html", "/index.html", "assets/index-1a2b3c4d.js.br"]
    {
        assert!(file_of::<Fixture>(path, &none).is_none(), "{path}");
    }
    let plain = index_of::<Missing>(&none);
    assert_eq!(header(&plain, &CONTENT_TYPE), "text/html; charset=utf-8");
    let text = String::from_utf8(body(plain).await).expect("UTF-8");
    assert!(text.contains("tools/build-page") && text.contains("cargo build"), "{text}");
    // The policy allows neither.
    assert!(!text.contains("<script") && !text.contains("<style") && !text.contains("style="), "{text}");
}
