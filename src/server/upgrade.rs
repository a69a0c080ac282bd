//! From an HTTP request to a WebSocket: the handshake of RFC 6455, which leaves the raw stream in our hands.
//! Touch it when what a client must offer changes. What follows the handshake is in `websocket`.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::access::Access;
use super::api_error::ApiError;
use super::request::{Subscribe, query};
use super::routes::Peer;
use super::{MEL_SUBPROTOCOL, SUBPROTOCOL, Shared, sse};

/// The paths of WebSockets.
pub(super) const PATHS: [&str; 2] = ["/v1/events", "/v1/mel"];

/// A WebSocket that begins as soon as the answer is on its way.
pub(super) struct Upgrade {
    pub(super) on_upgrade: OnUpgrade,
    pub(super) wish: Wish,
    pub(super) access: Access,
    /// For whom a trusted proxy asks.
    pub(super) forwarded: Option<IpAddr>,
}

/// What a WebSocket is for.
pub(super) enum Wish {
    /// Events, as the query asked for them.
    Events(Option<Subscribe>),
    /// Mel columns of this source, or of the only one.
    Mel(Option<String>),
}

/// Where a connection's task finds the WebSocket that its HTTP part agreed upon.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<Mutex<Option<Upgrade>>>);

impl Slot {
    fn put(&self, upgrade: Upgrade) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(upgrade);
    }

    pub(super) fn take(&self) -> Option<Upgrade> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// `GET /v1/events`.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Extension(slot): Extension<Slot>,
    Extension(access): Extension<Access>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response {
    let forwarded = shared.live().proxies.client(peer, request.headers());
    if !is_wanted(request.headers()) && sse::wanted(request.headers()) {
        return sse::open(shared, access, forwarded, &request).into_response();
    }
    let wish = query::parse(request.uri(), query::EVENTS).map(Wish::Events);
    agree(&slot, (access, forwarded), request, SUBPROTOCOL, wish)
}

/// `GET /v1/mel`.
pub(super) async fn mel(
    State(shared): State<Arc<Shared>>,
    Extension(slot): Extension<Slot>,
    Extension(access): Extension<Access>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response {
    let forwarded = shared.live().proxies.client(peer, request.headers());
    let wish = query::mel(request.uri()).map(Wish::Mel);
    agree(&slot, (access, forwarded), request, MEL_SUBPROTOCOL, wish)
}

/// Whether a request wants to become a WebSocket.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    lists(headers, &UPGRADE, "websocket")
}

/// Answers the handshake; the error of `wish` is a sentence for the client's author.
fn agree(
    slot: &Slot,
    (access, forwarded): (Access, Option<IpAddr>),
    mut request: Request,
    subprotocol: &'static str,
    wish: Result<Wish, String>,
) -> Response {
    let agreed = handshake(request.headers(), subprotocol).and_then(|answer| {
        let wish = wish.map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, "bad_query", error))?;
        Ok((answer, wish))
    });
    let (answer, wish) = match agreed {
        Ok(agreed) => agreed,
        Err(error) => {
            let needs = error.status == StatusCode::UPGRADE_REQUIRED;
            let mut response = error.into_response();
            if needs {
                let headers = response.headers_mut();
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            return response;
        }
    };
    slot.put(Upgrade { on_upgrade: hyper::upgrade::on(&mut request), wish, access, forwarded });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = answer;
    response
}

/// The headers of the answer to a request that is a proper handshake.
fn handshake(headers: &HeaderMap, subprotocol: &'static str) -> Result<HeaderMap, ApiError> {
    let bad = |message: &str| ApiError::new(StatusCode::BAD_REQUEST, "bad_handshake", message.to_owned());
    if !lists(headers, &CONNECTION, "upgrade") || !lists(headers, &UPGRADE, "websocket") {
        let message = "this comes over a WebSocket (ws:// instead of http://); events also as server-sent events, for \
                       those who send Accept: text/event-stream";
        return Err(ApiError::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", message));
    }
    if !lists(headers, &SEC_WEBSOCKET_VERSION, "13") {
        return Err(ApiError::new(
            StatusCode::UPGRADE_REQUIRED,
            "bad_version",
            "Sec-WebSocket-Version must be 13",
        ));
    }
    let Some(key) = headers.get(SEC_WEBSOCKET_KEY) else {
        return Err(bad("Sec-WebSocket-Key is missing"));
    };
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()))
        .map_err(|_| bad("Sec-WebSocket-Key cannot be read"))?;
    let mut answer = HeaderMap::new();
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        if !lists(headers, &SEC_WEBSOCKET_PROTOCOL, subprotocol) {
            let message = format!("of all subprotocols only {subprotocol} is spoken here; offer it, or none");
            return Err(bad(&message));
        }
        answer.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
    }
    Ok(answer)
}

fn lists(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|word| word.trim().eq_ignore_ascii_case(wanted))
}
