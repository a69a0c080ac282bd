//! A connection that carries packets. What is to be sent is gathered, and goes out while what comes is read. Touch it when
//! packets are carried otherwise.

use std::time::Instant;

use bytes::BytesMut;
use rumqttc::Packet;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use super::error::MqttError;
use crate::dial::Duplex;

/// Largest packet that is taken, in bytes: nothing that we ask for is nearly as large.
const MOST_IN: usize = 64 << 10;

/// Largest packet that is sent, in bytes.
const MOST_OUT: usize = 1 << 20;

/// Both directions of a connection, and what waits in each.
pub(super) struct Link {
    reader: ReadHalf<Box<dyn Duplex>>,
    writer: WriteHalf<Box<dyn Duplex>>,
    inbox: BytesMut,
    outbox: BytesMut,
    /// Written, but perhaps still in TLS's own buffer.
    unflushed: bool,
    /// When the other side was heard last.
    pub heard: Instant,
    /// When something was sent last.
    pub sent: Instant,
}

impl Link {
    pub fn new(stream: Box<dyn Duplex>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        let now = Instant::now();
        let (inbox, outbox) = (BytesMut::new(), BytesMut::new());
        Self { reader, writer, inbox, outbox, unflushed: false, heard: now, sent: now }
    }

    /// Gathers a packet, to be sent by [`Self::progress`].
    pub fn push(&mut self, packet: &Packet) -> Result<(), MqttError> {
        let written = packet.write(&mut self.outbox, MOST_OUT);
        written.map(|_| ()).map_err(|error| MqttError::Protocol(error.to_string()))
    }

    /// Bytes that are gathered.
    pub fn unwritten(&self) -> usize {
        self.outbox.len() + usize::from(self.unflushed)
    }

    /// The next packet that has come whole.
    pub fn next(&mut self) -> Result<Option<Packet>, MqttError> {
        match Packet::read(&mut self.inbox, MOST_IN) {
            Ok(packet) => Ok(Some(packet)),
            Err(rumqttc::mqttbytes::Error::InsufficientBytes(_)) => Ok(None),
            Err(error) => Err(MqttError::Protocol(error.to_string())),
        }
    }

    /// Waits until something has come or gone. May be dropped at any time and loses nothing.
    pub async fn progress(&mut self) -> Result<(), MqttError> {
        let is_due = self.unwritten() > 0;
        let Self { reader, writer, inbox, outbox, unflushed, heard, sent } = self;
        let write = async {
            if !outbox.is_empty() {
                writer.write_buf(outbox).await?;
                *unflushed = true;
                *sent = Instant::now();
            }
            if outbox.is_empty() {
                writer.flush().await?;
                *unflushed = false;
            }
            Ok::<(), std::io::Error>(())
        };
        tokio::select! {
            read = reader.read_buf(inbox) => {
                if read? == 0 {
                    return Err(MqttError::Closed);
                }
                *heard = Instant::now();
            }
            written = write, if is_due => written?,
        }
        Ok(())
    }

    /// Waits until everything is sent.
    pub async fn send_all(&mut self) -> Result<(), MqttError> {
        while self.unwritten() > 0 {
            self.progress().await?;
        }
        Ok(())
    }
}
