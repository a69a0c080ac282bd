//! Who is let in where tokens are asked for: the `Authorization` header of each request, and which path asks for what.
//! Touch it when a path is to be open, or belongs to a scope. Browsers cannot set that header for a WebSocket: those are let
//! through as [`Access::Pending`], and `websocket::auth` waits for their token.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, EXPECT, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tokio::sync::watch;
use tokio::time::timeout;

use super::api_error::ApiError;
use super::revocable::revocable;
use super::settings::changed;
use super::token::{Grant, Scope, Tokens};
use super::turned_away::Why;
use super::{Live, Shared, page, upgrade};

/// For how long what was sent without a token is taken, so that its sender can read the refusal.
const DRAINED: Duration = Duration::from_secs(2);

/// What is said of a token that is known to nobody.
const INVALID: &str = "Bearer error=\"invalid_token\"";

/// What a client has shown.
#[derive(Debug, Clone)]
pub(super) enum Access {
    /// Nothing, for nobody is asked.
    Open,
    /// A token.
    Granted(Grant),
    /// Nothing yet: its first message must be the token.
    Pending,
}

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    AnyToken,
    Scope(Scope),
}

/// Said to whoever shows no token, or a wrong one.
pub(super) const ASKS: &str = "this daemon asks for a token: send it as `Authorization: Bearer TOKEN`, or as the first \
                               message of a WebSocket, {\"type\":\"auth\",\"token\":\"TOKEN\"}; genrecast's own commands take \
                               --token-file";

impl Access {
    /// Whether this may be had.
    pub(super) fn may(&self, scope: Scope) -> bool {
        match self {
            Self::Open => true,
            Self::Granted(grant) => grant.scopes().has(scope),
            Self::Pending => false,
        }
    }

    /// Waits until it is worth nothing any more: its token was taken back, or tokens are asked for now.
    pub(super) async fn revoked(&self, live: &mut watch::Receiver<Arc<Live>>) {
        loop {
            let holds = match (self, &live.borrow_and_update().settings().tokens) {
                (_, None) => true,
                (Self::Granted(grant), Some(tokens)) => tokens.give(grant),
                (Self::Open | Self::Pending, Some(_)) => false,
            };
            if !holds {
                return;
            }
            changed(live).await;
        }
    }
}

/// Passes on who shows what its path asks for, and refuses the rest. Whoever was let in is sent away when that holds no more,
/// before the answer and within it.
pub(super) async fn authenticate(
    State(shared): State<Arc<Shared>>,
    mut request: Request,
    next: Next,
) -> Response {
    let need = need(request.uri().path());
    let admitted = match &shared.live().settings().tokens {
        None => Ok(Access::Open),
        Some(tokens) => admit(tokens, &need, &request),
    };
    match admitted {
        Ok(access) => {
            request.extensions_mut().insert(access.clone());
            if need == Need::Nothing || matches!(access, Access::Pending) {
                return next.run(request).await;
            }
            let mut live = shared.live.clone();
            let response = tokio::select! {
                response = next.run(request) => response,
                () = access.revoked(&mut live) => return revoked(&access).into_response(),
            };
            revocable(response, access, live)
        }
        Err(refusal) => {
            let forbidden = refusal.1.status == StatusCode::FORBIDDEN;
            shared.turned_away.count(if forbidden { Why::Forbidden } else { Why::Unauthenticated });
            // Who is still sending could not read why; who asks before sending does not begin.
            if *request.method() == Method::POST && !request.headers().contains_key(EXPECT) {
                let mut body = request.into_body();
                tokio::spawn(timeout(DRAINED, async move { while let Some(Ok(_)) = body.frame().await {} }));
            }
            refusal.into_response()
        }
    }
}

/// An error, and what `WWW-Authenticate` says of it.
type Refusal = ([(axum::http::HeaderName, HeaderValue); 1], ApiError);

fn refusal(status: StatusCode, code: &'static str, message: String, challenge: &'static str) -> Refusal {
    let challenge = HeaderValue::from_static(challenge);
    ([(WWW_AUTHENTICATE, challenge)], ApiError::new(status, code, message))
}

fn unauthenticated(message: &str, challenge: &'static str) -> Refusal {
    refusal(StatusCode::UNAUTHORIZED, "unauthenticated", message.to_owned(), challenge)
}

/// Said to whoever was let in and is not any more.
fn revoked(access: &Access) -> Refusal {
    match access {
        Access::Granted(_) => unauthenticated("this token is not taken any more", INVALID),
        Access::Open | Access::Pending => unauthenticated(ASKS, "Bearer"),
    }
}

fn admit(tokens: &Tokens, need: &Need, request: &Request) -> Result<Access, Refusal> {
    let (path, headers) = (request.uri().path(), request.headers());
    if *need == Need::Nothing {
        return Ok(Access::Open);
    }
    let Some(token) = bearer(headers) else {
        return match upgrade::is_wanted(headers) && upgrade::PATHS.contains(&path) {
            true => Ok(Access::Pending),
            false => Err(unauthenticated(ASKS, "Bearer")),
        };
    };
    let Some(grant) = tokens.find(token) else {
        return Err(unauthenticated("this token is none of this daemon's", INVALID));
    };
    match *need {
        Need::Scope(scope) if !grant.scopes().has(scope) => Err(refusal(
            StatusCode::FORBIDDEN,
            "forbidden",
            forbidden(grant, scope),
            "Bearer error=\"insufficient_scope\"",
        )),
        _ => Ok(Access::Granted(grant.clone())),
    }
}

/// Said to whoever shows a token that does not open this.
pub(super) fn forbidden(grant: &Grant, scope: Scope) -> String {
    format!("this token opens {}, not {}", grant.scopes(), scope.name())
}

fn need(path: &str) -> Need {
    let below =
        |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    match path {
        "/" | "/livez" => Need::Nothing,
        _ if path.starts_with("/assets/") => Need::Nothing,
        "/v1/events" | "/v1/mel" | "/v1/now" | "/v1/sources" => Need::Scope(Scope::Events),
        _ if below("/v1/history") => Need::Scope(Scope::History),
        _ if below("/v1/classify") => Need::Scope(Scope::Upload),
        "/metrics" => Need::Scope(Scope::Metrics),
        _ if page::has(path) => Need::Nothing,
        _ => Need::AnyToken,
    }
}

/// The token of the only `Authorization` header, if that is of this kind.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (all.next()?, all.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_asks_for_what_it_shows() {
        for (path, expected) in [
            ("/", Need::Nothing),
            ("/assets/index-1a2b.js", Need::Nothing),
            ("/livez", Need::Nothing),
            ("/readyz", Need::AnyToken),
            ("/healthz", Need::AnyToken),
            ("/v1/models", Need::AnyToken),
            ("/assets", Need::AnyToken),
            ("/nowhere", Need::AnyToken),
            ("/v1/events", Need::Scope(Scope::Events)),
            ("/v1/mel", Need::Scope(Scope::Events)),
            ("/metrics", Need::Scope(Scope::Metrics)),
            ("/v1/history", Need::Scope(Scope::History)),
            ("/v1/history/segments", Need::Scope(Scope::History)),
            ("/v1/historyx", Need::AnyToken),
            ("/v1/classify/01J9ZK3NDEKTSV4RRFFQ69G5FA", Need::Scope(Scope::Upload)),
        ] {
            assert_eq!(need(path), expected, "{path}");
        }
    }

    #[test]
    fn only_one_header_of_the_right_kind_is_a_token() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().expect("a value"));
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(of(&["bEARER  abc "]).as_deref(), Some("abc"));
        for wrong in [&["abc"][..], &["Basic abc"], &["Bearer"], &["Bearer a", "Bearer b"], &[]] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }
}
