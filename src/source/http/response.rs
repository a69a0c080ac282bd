//! An answer: its head, and its body as a reader that neither waits for ever nor holds more than it may.
//! Touch it when a stream counts as stalled too early or too late.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::{Body as _, Bytes, Incoming};
use hyper::{HeaderMap, StatusCode};

use super::client::{Inner, Interrupted};
use super::error::HttpError;
use crate::dial::Address;

/// The most bytes that [`Body::pump`] lets wait.
const MOST_WAITING: usize = 1024 * 1024;

/// Less than this in three times the stall limit is no stream either.
const TRICKLE: usize = 256;

/// How long a thread that waits until its samples are due sleeps at a time, without looking at what comes meanwhile.
const NAP: Duration = Duration::from_millis(100);

/// How long it looks then, at least.
const AT_THE_SOCKET: Duration = Duration::from_millis(2);

/// An answer whose body has not been read.
pub struct Response {
    /// Where it came from, after all redirects.
    pub address: Address,
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

/// Something small that was read whole.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Where it came from, after all redirects.
    pub address: Address,
    /// What it is.
    pub bytes: Vec<u8>,
}

impl Response {
    pub(super) fn new(
        address: Address,
        status: StatusCode,
        headers: HeaderMap,
        incoming: Incoming,
        client: Arc<Inner>,
    ) -> Self {
        let flow = Flow {
            incoming,
            client,
            waiting: VecDeque::new(),
            held: 0,
            quiet: Duration::ZERO,
            trickle: (Duration::ZERO, 0),
            expected_by: None,
            end: None,
        };
        Self { address, status, headers, body: Body(Arc::new(Mutex::new(flow))) }
    }

    /// A header as text, whatever its encoding.
    pub fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?.as_bytes();
        Some(super::text::decoded(value).trim().to_owned())
    }

    /// The media type without parameters, in small letters.
    pub fn content_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// How long the body will be, if the server says so.
    pub fn length(&self) -> Option<u64> {
        self.body.flow().incoming.size_hint().exact()
    }

    /// The body.
    pub fn body(&self) -> Body {
        self.body.clone()
    }

    /// Reads the rest of the body, of which `head` has been read, whole.
    ///
    /// # Errors
    /// When it breaks off, takes too long, or is larger than `most` bytes together with `head`.
    pub fn read_whole(mut self, most: usize, head: &[u8]) -> Result<Fetched, HttpError> {
        let address = self.address;
        let limit = self.body.flow().client.settings.fetch;
        let deadline = Instant::now() + limit;
        let mut bytes = head.to_vec();
        let mut block = [0; 16 * 1024];
        loop {
            if Instant::now() >= deadline {
                return Err(HttpError::Slow { address, doing: "reading it whole", limit });
            }
            match self.body.read(&mut block) {
                Ok(0) => return Ok(Fetched { address, bytes }),
                Ok(read) => bytes.extend_from_slice(block.get(..read).unwrap_or_default()),
                Err(_) if self.body.flow().client.is_stopped() => return Err(HttpError::Stopped),
                Err(io) => return Err(HttpError::Body { address, io }),
            }
            if bytes.len() > most {
                return Err(HttpError::TooLarge { address, most });
            }
        }
    }
}

/// The body of an answer. A read blocks until something comes; it fails with [`io::ErrorKind::TimedOut`] when nothing
/// comes for too long, with [`io::ErrorKind::Other`] when the source was told to stop,
/// and with [`io::ErrorKind::UnexpectedEof`] when it ends before its time. Clones are the same body.
#[derive(Clone)]
pub struct Body(Arc<Mutex<Flow>>);

struct Flow {
    incoming: Incoming,
    client: Arc<Inner>,
    waiting: VecDeque<Bytes>,
    /// Bytes in `waiting`.
    held: usize,
    /// How long we have waited since the last byte.
    quiet: Duration,
    /// How long we have waited, and for how many bytes, since that was looked at last.
    trickle: (Duration, usize),
    /// When whoever reads must have what is looked for.
    expected_by: Option<Instant>,
    end: Option<Result<(), (io::ErrorKind, String)>>,
}

impl Body {
    /// Takes in what comes until `moment`, as far as there is room: so a connection that has died is noticed while
    /// nobody needs to read. True when the source was told to stop.
    pub fn pump(&self, moment: Instant) -> bool {
        let mut flow = self.flow();
        while flow.end.is_none() && flow.held < MOST_WAITING {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            if flow.nap(left.saturating_sub(AT_THE_SOCKET).min(NAP)) || flow.take_all(moment) {
                return true;
            }
        }
        flow.client.pause_until(moment)
    }

    /// Gives up when what is looked for has not been found by this moment, however many bytes come.
    pub fn expect_by(&self, moment: Option<Instant>) {
        self.flow().expected_by = moment;
    }

    /// Why it broke, if it did. Who decodes may take that for an end.
    pub fn failure(&self) -> Option<io::Error> {
        match &self.flow().end {
            Some(Err((kind, reason))) => Some(io::Error::new(*kind, reason.clone())),
            _ => None,
        }
    }

    /// How many bytes have come and wait to be read.
    pub fn held(&self) -> usize {
        self.flow().held
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flow {
    /// Lets the system take in what comes. True when the source was told to stop.
    fn nap(&mut self, long: Duration) -> bool {
        let stopped = !long.is_zero() && self.client.pause_until(Instant::now() + long);
        self.quiet += long;
        self.trickle.0 += long;
        stopped
    }

    /// Takes what came and comes, until nothing does for a moment. True when the source was told to stop.
    fn take_all(&mut self, moment: Instant) -> bool {
        loop {
            let held = self.held;
            if self.take(AT_THE_SOCKET.min(moment.saturating_duration_since(Instant::now()))) {
                return true;
            }
            if self.held == held || self.held >= MOST_WAITING || self.end.is_some() {
                return false;
            }
        }
    }

    /// Waits for the next bytes for at most `limit`. True when the source was told to stop.
    fn take(&mut self, limit: Duration) -> bool {
        let stall = self.client.settings.stall;
        let began = Instant::now();
        // What came while nobody looked takes a moment to be met.
        let limit = limit.min(stall.saturating_sub(self.quiet).max(AT_THE_SOCKET));
        let next = {
            let incoming = &mut self.incoming;
            let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *incoming).poll_frame(cx));
            self.client.wait(frame, limit)
        };
        let waited = began.elapsed();
        self.quiet += waited;
        self.trickle.0 += waited;
        match next {
            Ok(Some(Ok(frame))) => {
                if let Some(bytes) = frame.into_data().ok().filter(|bytes| !bytes.is_empty()) {
                    self.quiet = Duration::ZERO;
                    self.trickle.1 += bytes.len();
                    self.held += bytes.len();
                    self.waiting.push_back(bytes);
                }
            }
            Ok(None) => self.end = Some(Ok(())),
            Ok(Some(Err(error))) => {
                let cause = std::error::Error::source(&error);
                let told = cause.and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
                let kind = told.unwrap_or(io::ErrorKind::ConnectionAborted);
                let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
                self.end = Some(Err((kind, format!("{error}{cause}"))));
            }
            Err(Interrupted::Stopped) => return true,
            Err(Interrupted::TimedOut) => {}
        }
        if self.quiet >= stall {
            self.stalled(format!("no data came for {} s", stall.as_secs_f64()));
        } else if self.trickle.0 >= stall * 3 {
            let (time, bytes) = std::mem::take(&mut self.trickle);
            if bytes < TRICKLE {
                self.stalled(format!("only {bytes} bytes came in {:.0} s", time.as_secs_f64()));
            }
        }
        false
    }

    /// The connection is given up. What waits is thrown away: who connects anew gets it again, in a station's burst.
    fn stalled(&mut self, reason: String) {
        self.end = Some(Err((io::ErrorKind::TimedOut, reason)));
        self.waiting.clear();
        self.held = 0;
    }
}

impl Read for Body {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut flow = self.flow();
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(first) = flow.waiting.front_mut() {
                let count = first.len().min(out.len());
                let taken = first.split_to(count);
                if let Some(room) = out.get_mut(..count) {
                    room.copy_from_slice(&taken);
                }
                if first.is_empty() {
                    flow.waiting.pop_front();
                }
                flow.held -= count;
                return Ok(count);
            }
            match &flow.end {
                Some(Ok(())) => return Ok(0),
                Some(Err((kind, reason))) => return Err(io::Error::new(*kind, reason.clone())),
                None => {}
            }
            let left = flow.expected_by.map(|moment| moment.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                flow.stalled("bytes come, but no audio was found in them for too long".into());
            } else if flow.take(left.unwrap_or(Duration::MAX)) {
                return Err(stopped());
            }
        }
    }
}

/// What a read that was told to stop fails with. Not `Interrupted`: readers try that again for ever.
fn stopped() -> io::Error {
    io::Error::other("told to stop")
}
