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

#[cfg(test)]
mod tests {
    use rumqttc::{PubAck, Publish, QoS};

    use super::*;

    /// What comes of these bytes: packets, and how it ended.
    fn read(pieces: &[&[u8]]) -> (Vec<Packet>, Option<String>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (there, here) = tokio::io::duplex(1 << 20);
            let mut link = Link::new(Box::new(here));
            let (_, mut writer) = tokio::io::split(there);
            let mut packets = Vec::new();
            for piece in pieces {
                writer.write_all(piece).await.expect("room");
                link.progress().await.expect("it came");
                loop {
                    match link.next() {
                        Ok(Some(packet)) => packets.push(packet),
                        Ok(None) => break,
                        Err(error) => return (packets, Some(error.to_string())),
                    }
                }
            }
            (packets, None)
        })
    }

    #[test]
    fn packets_may_come_in_any_pieces_and_nonsense_is_an_error() {
        let acknowledged = Packet::PubAck(PubAck { pkid: 7 });
        assert_eq!(read(&[&[0x40], &[2, 0], &[7, 0xd0, 0]]), (vec![acknowledged, Packet::PingResp], None));
        for nonsense in [
            &[0xff_u8, 0xff, 0xff, 0xff, 0xff][..],
            // 256 MiB are promised.
            &[0x30, 0xff, 0xff, 0xff, 0x7f][..],
            // A topic that is longer than its packet.
            &[0x30, 3, 0xff, 0xff, b'x'][..],
            &[0x30, 3, 0, 1, 0xff][..],
            &[0x40, 1, 0][..],
        ] {
            let (packets, error) = read(&[nonsense]);
            assert!(packets.is_empty() && error.is_some(), "{nonsense:x?}: {packets:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for _ in 0..2000 {
            let mut bytes: Vec<u8> = (0..40).map(|_| random()).collect();
            // Short lengths, so that what is inside is looked at.
            bytes[1] %= 38;
            read(&[&bytes]);
        }
    }

    #[test]
    fn everything_is_sent_however_slowly_it_is_taken() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (mut there, here) = tokio::io::duplex(16);
            let mut link = Link::new(Box::new(here));
            let message = Packet::Publish(Publish::new("a/b", QoS::AtMostOnce, vec![b'x'; 1000]));
            link.push(&message).expect("small enough");
            let length = link.unwritten();
            let mut taken = vec![0; length];
            let (sent, read) = tokio::join!(link.send_all(), there.read_exact(&mut taken));
            sent.expect("sent");
            read.expect("read");
            assert_eq!(link.unwritten(), 0);
            assert!(taken.ends_with(b"xxx"));
        });
    }
}
