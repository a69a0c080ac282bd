//! The same over TLS: WebSockets, server-sent events, renewal, and clients that get it wrong.
//! Touch it when TLS is spoken otherwise.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use genrecast::server::Identity;
use temp_dir::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use super::certificates::{Authority, Pair};
use super::events::window;
use super::world::{PATIENCE, World};

struct Secure {
    world: World,
    authority: Authority,
    _place: TempDir,
}

impl Secure {
    async fn start(change: impl FnOnce(&mut super::world::Settings)) -> Self {
        let place = TempDir::new().expect("a folder");
        let authority = Authority::new(place.path());
        let identity = read(&authority.sign(2090));
        let world = World::with(100, |settings| {
            settings.live.tls = Some(identity);
            change(settings);
        })
        .await;
        Self { world, authority, _place: place }
    }

    /// Connects and agrees upon TLS, offering this protocol.
    async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.world.at).await.expect("connects");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.authority.file).expect("PEM")).expect("a certificate");
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("trusted")
    }

    /// What is answered to the head of a request.
    async fn ask(&self, head: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("answers");
        answer
    }

    /// Waits until the metrics have this line.
    async fn told(&self, line: &str) {
        let ask = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let told = async { while !self.ask(ask).await.lines().any(|told| told == line) {} };
        timeout(PATIENCE, told).await.unwrap_or_else(|_| panic!("no {line:?}"));
    }

    /// The certificate that is shown now.
    async fn shown(&self) -> Vec<u8> {
        let stream = self.connect().await;
        stream.get_ref().1.peer_certificates().expect("one is shown")[0].to_vec()
    }
}

fn read(pair: &Pair) -> Identity {
    Identity::read(&pair.certificate, &pair.private_key).expect("sound")
}

fn der(pair: &Pair) -> Vec<u8> {
    CertificateDer::from_pem_file(&pair.certificate).expect("PEM").to_vec()
}

#[tokio::test]
async fn events_come_over_wss_and_sse_over_https() {
    let secure = Secure::start(|_| {}).await;
    let stream = secure.connect().await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let url = format!("wss://localhost:{}/v1/events?types=genre.window", secure.world.at.port());
    let (mut socket, _) = client_async(url, stream).await.expect("agrees");
    let mut events = secure.connect().await;
    let head =
        "GET /v1/events?types=genre.window HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    events.write_all(head.as_bytes()).await.expect("sent");
    let mut stream = String::new();
    let mut piece = [0; 4096];
    let mut read_until = async |what: &str| {
        while !stream.contains(what) {
            let read = timeout(PATIENCE, events.read(&mut piece)).await.expect("in time").expect("more");
            assert!(read > 0, "{stream}");
            stream.push_str(std::str::from_utf8(&piece[..read]).expect("text"));
        }
    };
    read_until("event: hello").await;
    for kind in ["hello", "snapshot", "genre.window"] {
        let next = match timeout(PATIENCE, socket.next()).await.expect("in time") {
            Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
            other => panic!("{other:?}"),
        };
        assert!(next.contains(&format!(r#""type":"{kind}""#)), "{next}");
        if kind == "snapshot" {
            secure.world.hub.publish("mic", window(0.5));
        }
    }
    read_until("event: genre.window").await;
    secure.world.end().await;
}

#[tokio::test]
async fn at_the_end_subscribers_over_tls_get_1001_too() {
    let secure = Secure::start(|_| {}).await;
    let (mut socket, _) =
        client_async("wss://localhost/v1/events", secure.connect().await).await.expect("agrees");
    let _hello = socket.next().await;
    let code = async {
        loop {
            if let Some(Ok(Message::Close(Some(frame)))) = socket.next().await {
                return u16::from(frame.code);
            }
        }
    };
    let ((), code) = tokio::join!(secure.world.end(), timeout(PATIENCE, code));
    assert_eq!(code.expect("in time"), 1001);
}

#[tokio::test]
async fn origins_and_hosts_are_checked_as_those_of_https() {
    let secure = Secure::start(|settings| settings.live.hsts_seconds = 0).await;
    let own = secure.world.at;
    let ask = async |host: &str, origin: &str| {
        secure
            .ask(&format!(
                "GET /livez HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nConnection: close\r\n\r\n"
            ))
            .await
    };
    let answer = ask(&own.to_string(), &format!("https://{own}")).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("strict-transport"), "{answer}");
    assert!(ask(&own.to_string(), "https://evil.example").await.starts_with("HTTP/1.1 403 "));
    assert!(ask("evil.example", "https://localhost").await.starts_with("HTTP/1.1 403 "));
    secure.world.set_live(|live| live.hsts_seconds = 3600);
    let answer = ask("localhost", "https://localhost").await;
    assert!(answer.contains("strict-transport-security: max-age=3600\r\n"), "{answer}");
    secure.world.end().await;
}

#[tokio::test]
async fn plain_http_is_told_where_tls_is_spoken() {
    let secure = Secure::start(|_| {}).await;
    let answer = secure.world.answer("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(answer.0, 400);
    assert!(answer.1.contains(r#""code":"plain_http""#) && answer.1.contains("https://"), "{}", answer.1);
    secure.world.end().await;
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_cut_off_and_delays_nobody() {
    let secure = Secure::start(|settings| settings.fixed.header_timeout = Duration::from_millis(400)).await;
    let mut slow = Vec::new();
    // Nothing at all, and the beginning of a greeting.
    for beginning in [&b""[..], &[0x16, 3, 1, 2, 0, 1]].repeat(20) {
        let mut stream = TcpStream::connect(secure.world.at).await.expect("connects");
        stream.write_all(beginning).await.expect("sent");
        slow.push(stream);
    }
    let livez = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(secure.ask(livez).await.starts_with("HTTP/1.1 200 "));
    secure.told(r#"genrecast_connections_refused_total{reason="no_tls"} 40"#).await;
    for stream in &mut slow {
        let ended = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "it must be cut off");
    }
    secure.world.end().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_and_a_bad_one_is_not_and_nobody_is_dropped() {
    let secure = Secure::start(|_| {}).await;
    let renewing = secure.world.renewing(Duration::from_millis(50));
    let first = secure.shown().await;
    let (mut socket, _) =
        client_async("wss://localhost/v1/events?types=genre.window", secure.connect().await)
            .await
            .expect("agrees");
    let pair = secure.authority.sign(2091);
    let renewed = async { while secure.shown().await != der(&pair) {} };
    timeout(PATIENCE, renewed).await.expect("noticed");
    // One with another key's certificate, one that has expired, one that is none: each is left alone.
    let good = secure.shown().await;
    assert_ne!(first, good);
    let key = std::fs::read(&pair.private_key).expect("read");
    secure.authority.sign(2092);
    std::fs::write(&pair.private_key, &key).expect("written");
    sleep(Duration::from_millis(400)).await;
    assert_eq!(secure.shown().await, good, "the key is of another");
    secure.told("genrecast_tls_last_reload_successful 0").await;
    secure.authority.sign(2021);
    sleep(Duration::from_millis(400)).await;
    assert_eq!(secure.shown().await, good, "it has expired");
    std::fs::write(&pair.certificate, "nothing").expect("written");
    sleep(Duration::from_millis(400)).await;
    assert_eq!(secure.shown().await, good, "it is none");
    let pair = secure.authority.sign(2093);
    let renewed = async { while secure.shown().await != der(&pair) {} };
    timeout(PATIENCE, renewed).await.expect("noticed");
    secure.told("genrecast_tls_last_reload_successful 1").await;
    let ends = "2093-01-01T00:00:00Z".parse::<jiff::Timestamp>().expect("a time").as_second();
    secure.told(&format!("genrecast_tls_certificate_expiry_timestamp_seconds {}", ends)).await;
    secure.world.hub.publish("mic", window(0.5));
    let event = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) if text.contains("genre.window") => return,
                Some(Ok(_)) => {}
                other => panic!("dropped: {other:?}"),
            }
        }
    };
    timeout(PATIENCE, event).await.expect("whoever was there is still served");
    renewing.abort();
    secure.world.end().await;
}
