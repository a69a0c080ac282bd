//! Why a delivery has failed, and what that means for the next try. Touch it when a server's answer is to mean something else.

use std::time::Duration;

use hyper::StatusCode;

use crate::dial::DialError;

/// The longest that a server may have us wait.
const LONGEST: Duration = Duration::from_secs(300);

/// A delivery that failed. None of it repeats the address, which may be a secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the server cannot be reached: {0}")]
    Dial(#[from] DialError),
    #[error("there is no secure connection: {0}")]
    Tls(String),
    #[error("it took longer than {} s", .0.as_secs_f64())]
    Slow(Duration),
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
    #[error("the server answers {status}")]
    Status { status: StatusCode, retry_after: Duration },
    #[error("the address cannot be asked: {0}")]
    Request(String),
}

impl Failure {
    /// For an answer that is no success; `retry_after` is the header's text.
    pub fn status(status: StatusCode, retry_after: Option<&str>) -> Self {
        let seconds = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        Self::Status { status, retry_after: seconds.unwrap_or_default().min(LONGEST) }
    }

    /// Whether the server has said that it does not want this event; else it is away, and will want it later.
    pub fn refuses(&self) -> bool {
        match self {
            Self::Status { status, .. } => !matches!(status.as_u16(), 408 | 425 | 429 | 502 | 503 | 504),
            Self::Request(_) => true,
            _ => false,
        }
    }

    /// How long the server wants us to wait at least.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => Duration::ZERO,
        }
    }

    /// What the person who runs the daemon can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Dial(DialError::Resolve(_)) => "check the host in the webhook's url",
            Self::Dial(_) | Self::Slow(_) | Self::Broken(_) => {
                "check that the server runs and can be reached"
            }
            Self::Tls(_) => "check the server's certificate; name its authority's in the webhook's ca_file",
            Self::Request(_) => "check the webhook's url",
            Self::Status { status, .. } if status.is_redirection() => {
                "write the address that it redirects to into the webhook's url: a POST follows no redirect"
            }
            Self::Status { status, .. } => match status.as_u16() {
                401 | 403 => "check the webhook's url and secret_file: the server does not know us",
                404 | 405 | 410 => "check the webhook's url",
                _ => "look at the server's log",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_away_is_told_from_who_refuses() {
        let status = |number| Failure::status(StatusCode::from_u16(number).expect("a status"), None);
        for away in [408, 425, 429, 502, 503, 504] {
            assert!(!status(away).refuses(), "{away}");
        }
        for refuses in [301, 400, 401, 404, 410, 500] {
            assert!(status(refuses).refuses(), "{refuses}");
        }
        assert!(!Failure::Slow(Duration::from_secs(1)).refuses());
        assert!(status(302).remedy().contains("redirect"));
    }

    #[test]
    fn a_server_may_ask_for_patience_within_bounds() {
        let wait = |text| Failure::status(StatusCode::SERVICE_UNAVAILABLE, text).retry_after();
        assert_eq!(wait(Some(" 7")), Duration::from_secs(7));
        assert_eq!(wait(Some("99999999")), LONGEST);
        for none in [None, Some("soon"), Some("-1"), Some("Wed, 21 Oct 2015 07:28:00 GMT")] {
            assert_eq!(wait(none), Duration::ZERO);
        }
    }
}
