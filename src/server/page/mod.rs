//! The page at `/` and its files, as the browser gets them, and what no page here may ever do.
//! Touch it when the page needs another kind of file, or a right that its policy does not give it.

mod files;
mod quality;
#[cfg(test)]
mod tests;

use axum::http::header::{
    ACCEPT, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

use files::{Built, Keep};
use quality::quality;

/// What the page may load and do: everything from here, nothing inline, nothing from elsewhere, never framed.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
     font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// What everything else may: nothing, should a browser ever take it for a page.
const OTHER_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Shown where the page was not built.
const PLAIN: &str = include_str!("../../../web/plain.html");

const INDEX: &str = "index.html";

/// Whether a request for `/` is a browser's: it names HTML, and likes it no less than JSON. `*/*` is everybody's.
pub(super) fn wanted(headers: &HeaderMap) -> bool {
    let html = quality(headers, &ACCEPT, "text/html", &[]).unwrap_or(0.0);
    let json = quality(headers, &ACCEPT, "application/json", &[]).unwrap_or(0.0);
    html > 0.0 && html >= json
}

/// The page.
pub(super) fn index(headers: &HeaderMap) -> Response {
    index_of::<Built>(headers)
}

fn index_of<F: RustEmbed>(headers: &HeaderMap) -> Response {
    let built = files::answer::<F>(INDEX, headers, Keep::Ask);
    let mut response = built.unwrap_or_else(|| Html(PLAIN).into_response());
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
    response
}

/// Another file of the page, by its path without the slash in front; those under `assets/` have their hash in their name.
pub(super) fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    file_of::<Built>(path, headers)
}

fn file_of<F: RustEmbed>(path: &str, headers: &HeaderMap) -> Option<Response> {
    let keep = if path.starts_with("assets/") { Keep::Forever } else { Keep::Ask };
    files::answer::<F>(path, headers, keep)
}

/// Whether this path is one of its files.
pub(super) fn has(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|path| Built::get(path).is_some())
}

/// Adds to any answer what keeps browsers from making something else of it.
pub(super) fn harden(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        PERMISSIONS_POLICY,
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    );
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(OTHER_POLICY);
}
