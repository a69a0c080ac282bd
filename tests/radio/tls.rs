//! A server that speaks TLS with a certificate of its own. Touch it when certificates are to be refused otherwise.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server for `localhost` that answers everything alike.
pub struct Secure {
    pub port: u16,
    /// What a client must trust.
    pub certificate: String,
}

impl Secure {
    /// It runs until the test's process ends.
    pub fn start(answer: Vec<u8>) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".into()]).expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key))
            .expect("a configuration");
        let config = Arc::new(config);
        // Only on one of the addresses that `localhost` may have: the others must be passed over.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Ok(connection) = ServerConnection::new(Arc::clone(&config)) else { continue };
                let answer = answer.clone();
                std::thread::spawn(move || {
                    let mut stream = StreamOwned::new(connection, stream);
                    let mut head = [0; 4096];
                    // A client that does not trust us ends here.
                    if stream.read(&mut head).is_ok_and(|read| read > 0) && stream.write_all(&answer).is_ok()
                    {
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        Self { port, certificate: cert.pem() }
    }
}
