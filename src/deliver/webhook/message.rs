//! What is posted: an event's JSON, its id and its signature, as <https://www.standardwebhooks.com> has them. Touch it when
//! the form of a delivery changes.

use bytes::Bytes;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use crate::deliver::Secret;
use crate::deliver::queue::Item;

/// Labels in a window.
const TOP_K: usize = 5;

/// What a secret that is written in Base64 begins with.
const ENCODED: &str = "whsec_";

/// One delivery.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The same for each try: `EPOCH:SEQ`.
    pub id: String,
    /// When it is sent, in seconds since 1970.
    pub timestamp: String,
    /// Of id, timestamp and body, if there is a secret.
    pub signature: Option<String>,
    pub body: Bytes,
}

impl Message {
    /// For this, now.
    pub fn new(item: &Item, secret: Option<&Secret>) -> Self {
        Self::at(item.id(), item.json(TOP_K), secret, Timestamp::now().as_second())
    }

    fn at(id: String, body: Bytes, secret: Option<&Secret>, second: i64) -> Self {
        let timestamp = second.to_string();
        let signature = secret.map(|secret| sign(&key(secret), &id, &timestamp, &body));
        Self { id, timestamp, signature, body }
    }
}

/// The bytes of a secret: what stands behind `whsec_` in Base64, else the text itself.
fn key(secret: &Secret) -> Vec<u8> {
    let text = secret.reveal();
    let decoded = text.strip_prefix(ENCODED).and_then(|encoded| BASE64.decode(encoded.as_bytes()).ok());
    decoded.unwrap_or_else(|| text.as_bytes().to_vec())
}

/// `v1,` and the Base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`.
fn sign(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification's own libraries are tested with.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = Bytes::from_static(br#"{"test": 2432232314}"#);
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned();
        let message = Message::at(id, body, Some(&secret), 1_614_265_330);
        assert_eq!(message.signature.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn a_plain_secret_is_taken_as_it_is_and_none_signs_nothing() {
        let with = |secret: Option<&str>| {
            let secret = secret.map(Secret::new);
            Message::at("a:1".into(), Bytes::from_static(b"{}"), secret.as_ref(), 7).signature
        };
        assert_eq!(with(None), None);
        let plain = with(Some("plain")).expect("signed");
        assert_ne!(Some(plain), with(Some("other")));
        assert_eq!(key(&Secret::new("whsec_!")), b"whsec_!", "what is no Base64 is a plain secret");
    }
}
