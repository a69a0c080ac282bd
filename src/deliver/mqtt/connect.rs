//! From settings to a connection that the broker has accepted. Touch it when connecting needs another word to the broker.

use std::time::Duration;

use rumqttc::{Connect, ConnectReturnCode, LastWill, Login, Packet, QoS};
use tokio::time::timeout;

use super::error::MqttError;
use super::link::Link;
use super::topics::Topics;
use super::{Identity, MqttSettings};
use crate::deliver::Secret;
use crate::dial::{self, Duplex};

/// How long everything up to the broker's word may take.
const LIMIT: Duration = Duration::from_secs(15);

/// Seconds for which the connection may be silent: the broker holds us for gone after half as long again.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What [`Topics::status`] says while we are there.
pub(super) const ONLINE: &str = "online";

/// What it says when we are not: said by ourselves, or by the broker as our last will.
pub(super) const OFFLINE: &str = "offline";

/// Connects, and is accepted.
pub(super) async fn connect(settings: &MqttSettings, identity: &Identity) -> Result<Link, MqttError> {
    let connecting = async {
        let mut link = Link::new(dial(settings).await?);
        link.push(&Packet::Connect(hello(settings, identity)))?;
        loop {
            match link.next()? {
                Some(Packet::ConnAck(answer)) if answer.code == ConnectReturnCode::Success => {
                    return Ok(link);
                }
                Some(Packet::ConnAck(answer)) => return Err(MqttError::Refused(answer.code)),
                Some(_) => return Err(MqttError::Protocol("no CONNACK after CONNECT".into())),
                None => link.progress().await?,
            }
        }
    };
    let slow = MqttError::Slow { what: "connecting", limit: LIMIT };
    timeout(LIMIT, connecting).await.unwrap_or(Err(slow))
}

async fn dial(settings: &MqttSettings) -> Result<Box<dyn Duplex>, MqttError> {
    let broker = &settings.broker;
    let stream = dial::tcp(&broker.host, broker.port).await?;
    // Events are small, and are to be there at once.
    stream.set_nodelay(true)?;
    if !broker.secure {
        return Ok(Box::new(stream));
    }
    // Read at each connection, so that certificates that were renewed hold.
    let ca_file = settings.ca_file.clone();
    let reading = tokio::task::spawn_blocking(move || dial::trust(ca_file.as_deref()));
    let config = reading.await.map_err(|error| MqttError::Tls(error.to_string()))?.map_err(MqttError::Tls)?;
    Ok(Box::new(dial::secure(stream, &broker.host, config).await.map_err(MqttError::Tls)?))
}

fn hello(settings: &MqttSettings, identity: &Identity) -> Connect {
    // Letters and digits, at most 23: what every broker must take.
    let id = settings.client_id.clone().unwrap_or_else(|| format!("genrecast{}", identity.id));
    let mut connect = Connect::new(id);
    connect.keep_alive = u16::try_from(KEEP_ALIVE.as_secs()).unwrap_or(u16::MAX);
    let topic = Topics::new(&settings.prefix).status();
    connect.last_will = Some(LastWill::new(topic, OFFLINE, qos(settings), settings.retain));
    if let Some(user) = &settings.username {
        let password = settings.password.as_ref().map_or("", Secret::reveal);
        connect.login = Some(Login::new(user, password));
    }
    connect
}

/// How messages are sent.
pub(super) fn qos(settings: &MqttSettings) -> QoS {
    if settings.acknowledged { QoS::AtLeastOnce } else { QoS::AtMostOnce }
}
