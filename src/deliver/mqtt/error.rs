//! Why there is no connection to the broker, or no more. Touch it when a failure deserves its own advice.

use std::io;
use std::time::Duration;

use rumqttc::ConnectReturnCode;

use crate::dial::DialError;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum MqttError {
    #[error("the broker cannot be reached: {0}")]
    Dial(#[from] DialError),
    #[error("there is no secure connection: {0}")]
    Tls(String),
    #[error("the broker refuses: {}", in_words(*.0))]
    Refused(ConnectReturnCode),
    #[error("{what} took longer than {} s", limit.as_secs_f64())]
    Slow { what: &'static str, limit: Duration },
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("the broker closed the connection")]
    Closed,
    #[error("what answers is no MQTT 3.1.1 broker, or says what none says: {0}")]
    Protocol(String),
}

fn in_words(code: ConnectReturnCode) -> &'static str {
    match code {
        ConnectReturnCode::Success => "nothing",
        ConnectReturnCode::RefusedProtocolVersion => "it does not speak MQTT 3.1.1",
        ConnectReturnCode::BadClientId => "the client id",
        ConnectReturnCode::ServiceUnavailable => "it is not available now",
        ConnectReturnCode::BadUserNamePassword => "user or password is wrong",
        ConnectReturnCode::NotAuthorized => "we may not connect",
    }
}

impl MqttError {
    /// What the person who runs the daemon can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Dial(DialError::Resolve(_)) => "check the host in mqtt.url",
            Self::Dial(_) | Self::Slow { .. } | Self::Broken(_) => {
                "check that the broker runs at mqtt.url and that nothing between blocks it"
            }
            Self::Tls(_) => "check the broker's certificate; name its authority's in mqtt.ca_file",
            Self::Refused(ConnectReturnCode::BadClientId) => "set mqtt.client_id to what the broker allows",
            Self::Refused(ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized) => {
                "check mqtt.username and mqtt.password_file"
            }
            Self::Refused(_) => "look at the broker's log",
            Self::Closed => {
                "look at the broker's log: another client may have our mqtt.client_id, or we may not publish there"
            }
            Self::Protocol(_) => "check the port in mqtt.url, and mqtts:// where the broker wants TLS",
        }
    }
}
