//! One POST after the other to one server, over a connection that is kept as long as it works. Nothing of an answer is used
//! but its status. Touch it when requests get another header, or when connections are kept otherwise.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;

use super::WebhookSettings;
use super::failure::Failure;
use super::message::Message;
use crate::dial::{self, Duplex};

/// Most bytes of an answer's head.
const MOST_HEAD: usize = 16 << 10;

/// Most bytes of an answer's body that are read so that its connection can be used again, and how long that may take.
const MOST_BODY: usize = 16 << 10;
const BODY: Duration = Duration::from_secs(1);

/// What a request says of who asks.
const AGENT: &str = concat!("genrecast/", env!("CARGO_PKG_VERSION"));

/// A way to one server.
pub(super) struct Poster {
    /// Absent for a server without TLS, or until it is first needed.
    tls: Option<Arc<ClientConfig>>,
    kept: Option<SendRequest<Full<Bytes>>>,
    timeout: Duration,
}

impl Poster {
    pub fn new(settings: &WebhookSettings) -> Self {
        Self { tls: None, kept: None, timeout: settings.timeout }
    }

    /// Delivers a message, or says why not. Dropped, it leaves nothing behind but perhaps a message that has arrived.
    pub async fn post(&mut self, settings: &WebhookSettings, message: &Message) -> Result<(), Failure> {
        let limit = self.timeout;
        match timeout(limit, self.exchange(settings, message)).await {
            Ok(Ok(sender)) => {
                self.kept = sender;
                Ok(())
            }
            Ok(Err(failure)) => {
                // Certificates may be mended meanwhile.
                self.tls = None;
                Err(failure)
            }
            Err(_) => Err(Failure::Slow(limit)),
        }
    }

    /// Gives the connection if it can be used again.
    async fn exchange(
        &mut self,
        settings: &WebhookSettings,
        message: &Message,
    ) -> Result<Option<SendRequest<Full<Bytes>>>, Failure> {
        if let Some(mut kept) = self.kept.take()
            && kept.ready().await.is_ok()
        {
            // The server may have closed it just now, which is nobody's fault: then a fresh one is tried.
            match ask(&mut kept, settings, message).await {
                Err(Failure::Broken(_)) => {}
                Ok(again) => return Ok(again.then_some(kept)),
                Err(failure) => return Err(failure),
            }
        }
        let mut fresh = self.connect(settings).await?;
        let again = ask(&mut fresh, settings, message).await?;
        Ok(again.then_some(fresh))
    }

    async fn connect(&mut self, settings: &WebhookSettings) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let address = &settings.address;
        let stream = dial::tcp(address.host(), address.port()).await?;
        let stream: Box<dyn Duplex> = match address.is_secure() {
            false => Box::new(stream),
            true => {
                let config = self.tls(settings).await?;
                Box::new(dial::secure(stream, address.host(), config).await.map_err(Failure::Tls)?)
            }
        };
        let (sender, connection) =
            http1::Builder::new().max_buf_size(MOST_HEAD).handshake(TokioIo::new(stream)).await?;
        // It ends with its sender.
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn tls(&mut self, settings: &WebhookSettings) -> Result<Arc<ClientConfig>, Failure> {
        if let Some(known) = &self.tls {
            return Ok(Arc::clone(known));
        }
        let ca_file = settings.ca_file.clone();
        let reading = tokio::task::spawn_blocking(move || dial::trust(ca_file.as_deref()));
        let config = reading.await.map_err(|error| Failure::Tls(error.to_string()))?.map_err(Failure::Tls)?;
        self.tls = Some(Arc::clone(&config));
        Ok(config)
    }
}

/// One request; true if its connection can be used again.
async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    settings: &WebhookSettings,
    message: &Message,
) -> Result<bool, Failure> {
    let answer = sender.send_request(request(settings, message)?).await?;
    let (head, body) = answer.into_parts();
    if !head.status.is_success() {
        let retry_after = head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        return Err(Failure::status(head.status, retry_after));
    }
    // An answer that is long, or never ends, costs its connection and nothing else.
    let read = timeout(BODY, Limited::new(body, MOST_BODY).collect()).await;
    Ok(matches!(read, Ok(Ok(_))))
}

fn request(settings: &WebhookSettings, message: &Message) -> Result<Request<Full<Bytes>>, Failure> {
    let address = &settings.address;
    let mut request = Request::post(address.target())
        .header(header::HOST, address.authority())
        .header(header::USER_AGENT, AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", &message.timestamp);
    if let Some(signature) = &message.signature {
        request = request.header("webhook-signature", signature);
    }
    if let Some(secret) = address.authorization() {
        request = request.header(header::AUTHORIZATION, secret);
    }
    let body = Full::new(message.body.clone());
    request.body(body).map_err(|error| Failure::Request(error.to_string()))
}
