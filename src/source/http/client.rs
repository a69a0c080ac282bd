//! Sends a request, follows redirects, and gives the answer or why there is none.
//! Touch it when requests get another header, or when answers are to be refused for another reason.

use std::future::Future;
use std::ops::Range;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::rustls::ClientConfig;

use super::connect::connect;
use super::error::HttpError;
use super::response::Response;
use crate::dial::{Address, trust};
use crate::source::stop::Stop;

/// The most redirects that are followed.
const REDIRECTS: usize = 10;

/// The most bytes of an answer's head.
const HEAD: usize = 64 * 1024;

/// The most headers of an answer.
const HEADERS: usize = 128;

/// How often it is looked whether the source was told to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How long things may take, and who asks.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpSettings {
    /// To a connection: name, TCP and TLS together.
    pub connect: Duration,
    /// From the request to the whole head of its answer.
    pub header: Duration,
    /// Without one byte of the body.
    pub stall: Duration,
    /// For the whole body of something small, such as a playlist or a segment.
    pub fetch: Duration,
    /// What the header `User-Agent` says.
    pub agent: String,
}

impl Default for HttpSettings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        let agent = concat!("genrecast/", env!("CARGO_PKG_VERSION")).to_owned();
        Self { connect: seconds(10), header: seconds(10), stall: seconds(10), fetch: seconds(30), agent }
    }
}

/// An HTTP/1.1 client for the one thread of a source: every call blocks, has a time limit and ends soon after the
/// source was told to stop. Clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(super) struct Inner {
    /// Taken only when it is dropped.
    runtime: Option<Runtime>,
    tls: OnceLock<Arc<ClientConfig>>,
    pub(super) settings: HttpSettings,
    stop: Stop,
}

/// A wait that did not end by itself.
pub(super) enum Interrupted {
    Stopped,
    TimedOut,
}

impl Client {
    /// For a source with this flag.
    ///
    /// # Errors
    /// [`HttpError::Client`] when the system has no means for it.
    pub fn new(settings: HttpSettings, stop: Stop) -> Result<Self, HttpError> {
        // Its only threads resolve names, which the system's library does without a way to interrupt it.
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .thread_name("resolve")
            .max_blocking_threads(2)
            .build()
            .map_err(|io| HttpError::Client { io })?;
        Ok(Self(Arc::new(Inner { runtime: Some(runtime), tls: OnceLock::new(), settings, stop })))
    }

    /// Asks for something and gives the answer when its head is there. `titles` asks an Icecast or SHOUTcast server to
    /// put titles between the audio.
    ///
    /// # Errors
    /// [`HttpError`] also for an answer that is no success.
    pub fn get(&self, address: &Address, titles: bool) -> Result<Response, HttpError> {
        self.follow(address, titles, None)
    }

    /// The flag of the source that this is for.
    pub fn stop(&self) -> &Stop {
        &self.0.stop
    }

    pub(super) fn follow(
        &self,
        address: &Address,
        titles: bool,
        part: Option<&Range<u64>>,
    ) -> Result<Response, HttpError> {
        let mut asked = vec![address.clone()];
        let mut at = address.clone();
        loop {
            let answer = self.ask(&at, titles, part)?;
            let status = answer.status();
            let location = answer.headers().get(header::LOCATION).filter(|_| is_redirect(status));
            let Some(location) = location else {
                return self.accept(at, answer);
            };
            let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
            let next = at
                .join(&location)
                .map_err(|error| HttpError::RedirectTarget { address: at.clone(), error })?
                .with_credentials_of(&at);
            if asked.contains(&next) {
                return Err(HttpError::RedirectLoop { address: next });
            }
            if asked.len() > REDIRECTS {
                return Err(HttpError::Redirects { address: next, most: REDIRECTS });
            }
            asked.push(next.clone());
            at = next;
        }
    }

    fn accept(&self, address: Address, answer: hyper::Response<Incoming>) -> Result<Response, HttpError> {
        let (head, body) = answer.into_parts();
        if !head.status.is_success() || head.status == StatusCode::NO_CONTENT {
            return Err(HttpError::Status { address, status: head.status });
        }
        let encoding = head.headers.get_all(header::CONTENT_ENCODING).iter();
        let foreign = |value: &&HeaderValue| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
        if let Some(value) = encoding.filter(|value| !value.is_empty()).find(foreign) {
            let encoding = String::from_utf8_lossy(value.as_bytes()).chars().take(40).collect();
            return Err(HttpError::Encoding { address, encoding });
        }
        Ok(Response::new(address, head.status, head.headers, body, Arc::clone(&self.0)))
    }

    /// One request and the head of its answer.
    fn ask(
        &self,
        address: &Address,
        titles: bool,
        part: Option<&Range<u64>>,
    ) -> Result<hyper::Response<Incoming>, HttpError> {
        let limits = &self.0.settings;
        let request = request(address, titles, part, &limits.agent)?;
        let connection = connect(address, || self.0.tls());
        let connection = self.0.limited(connection, limits.connect, "connecting", address)??;
        let broken =
            |error: hyper::Error| HttpError::Broken { address: address.clone(), reason: in_words(&error) };
        let exchange = async move {
            let mut builder = http1::Builder::new();
            builder.max_buf_size(HEAD).max_headers(HEADERS);
            // Radio stations' servers are not all written by the book.
            builder.allow_spaces_after_header_name_in_responses(true);
            builder.allow_obsolete_multiline_headers_in_responses(true);
            builder.ignore_invalid_headers_in_responses(true);
            let (mut sender, connection) = builder.handshake(TokioIo::new(connection)).await?;
            // It ends with the answer's body, or when the runtime does.
            tokio::spawn(connection);
            sender.send_request(request).await
        };
        self.0.limited(exchange, limits.header, "the head of the answer", address)?.map_err(broken)
    }
}

fn is_redirect(status: StatusCode) -> bool {
    [301, 302, 303, 307, 308].contains(&status.as_u16())
}

fn request(
    address: &Address,
    titles: bool,
    part: Option<&Range<u64>>,
    agent: &str,
) -> Result<Request<Empty<Bytes>>, HttpError> {
    let mut request = Request::get(address.target())
        .header(header::HOST, address.authority())
        .header(header::USER_AGENT, agent)
        .header(header::ACCEPT, "*/*")
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::CONNECTION, "close");
    if titles {
        request = request.header("icy-metadata", "1");
    }
    if let Some(part) = part {
        request =
            request.header(header::RANGE, format!("bytes={}-{}", part.start, part.end.saturating_sub(1)));
    }
    if let Some(secret) = address.authorization().and_then(|secret| HeaderValue::from_str(&secret).ok()) {
        request = request.header(header::AUTHORIZATION, secret);
    }
    request
        .body(Empty::new())
        .map_err(|error| HttpError::Broken { address: address.clone(), reason: error.to_string() })
}

/// What hyper has to say, with the reason behind it.
fn in_words(error: &hyper::Error) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

impl Inner {
    /// Runs `future` for at most `limit`.
    pub(super) fn wait<F: Future>(&self, future: F, limit: Duration) -> Result<F::Output, Interrupted> {
        // It is taken only when this is dropped.
        let Some(runtime) = &self.runtime else { return Err(Interrupted::Stopped) };
        let deadline = Instant::now() + limit;
        runtime.block_on(async {
            let mut future = pin!(future);
            loop {
                if self.stop.is_stopped() {
                    return Err(Interrupted::Stopped);
                }
                let slice = LOOK.min(deadline.saturating_duration_since(Instant::now()));
                match tokio::time::timeout(slice, &mut future).await {
                    Ok(output) => return Ok(output),
                    Err(_) if Instant::now() >= deadline => return Err(Interrupted::TimedOut),
                    Err(_) => {}
                }
            }
        })
    }

    fn limited<F: Future>(
        &self,
        future: F,
        limit: Duration,
        doing: &'static str,
        address: &Address,
    ) -> Result<F::Output, HttpError> {
        self.wait(future, limit).map_err(|interrupted| match interrupted {
            Interrupted::Stopped => HttpError::Stopped,
            Interrupted::TimedOut => HttpError::Slow { address: address.clone(), doing, limit },
        })
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some(known) = self.tls.get() {
            return Ok(Arc::clone(known));
        }
        let made = trust(None)?;
        Ok(Arc::clone(self.tls.get_or_init(|| made)))
    }

    /// Whether the source was told to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_stopped()
    }

    /// Waits until `moment`, or until the source is told to stop: then it is true.
    pub(super) fn pause_until(&self, moment: Instant) -> bool {
        self.stop.wait_until(moment)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A name that is still being resolved must not keep anyone.
            runtime.shutdown_background();
        }
    }
}
