//! From an address to audio: playlists are followed, entries tried in their order, and what answers is opened.
//! Touch it to add something that an address may lead to.

use std::io::{Cursor, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::icy::IcyReader;
use crate::source::decode::Decoder;
use crate::source::error::SourceError;
use crate::source::hls::{self, Fetcher, Hls, HlsError};
use crate::source::http::{Address, Body, Client, Fetched, HttpError, Response};
use crate::source::mixdown::Mixdown;
use crate::source::playlist::{Form, LARGEST};
use crate::source::titles::{Titles, cleaned};
use crate::stats::Counter;

/// Playlists within playlists.
const DEPTH: usize = 4;

/// Requests for one opening, redirects not counted.
const REQUESTS: usize = 32;

/// Bytes by which a playlist is recognised, if so many come.
const HEAD: usize = 2048;

/// How long the first audio may take from the head of the answer on.
const FIRST_AUDIO: Duration = Duration::from_secs(30);

/// A stream that gives audio.
pub(super) struct Opened {
    pub(super) decoder: Decoder,
    /// To take in what comes while nobody reads; HLS reads ahead by itself.
    pub(super) body: Option<Body>,
    /// Bytes of audio that the decoder has taken.
    pub(super) taken: Arc<Counter>,
    /// Whether it has an end, as a file on a web server has.
    pub(super) finite: bool,
    /// How the station calls itself.
    pub(super) station: Option<String>,
    /// Where it came from in the end.
    pub(super) address: Address,
}

/// One attempt to open an address, with its bounds.
pub(super) struct Opener<'a> {
    client: &'a Client,
    mixdown: Mixdown,
    titles: &'a Titles,
    /// What has been asked for; a playlist that leads back ends there.
    asked: Vec<Address>,
    /// Whether HTTP live streaming was heard live here before: what is complete since then has been heard.
    after_live: bool,
}

impl<'a> Opener<'a> {
    pub(super) fn new(client: &'a Client, mixdown: Mixdown, titles: &'a Titles) -> Self {
        Self { client, mixdown, titles, asked: Vec::new(), after_live: false }
    }

    /// For an address where HTTP live streaming was live before, if so.
    pub(super) fn after_live(self, after_live: bool) -> Self {
        Self { after_live, ..self }
    }

    /// Opens an address, through playlists if need be.
    pub(super) fn open(&mut self, address: &Address) -> Result<Opened, SourceError> {
        self.open_at(address, 0)
    }

    fn open_at(&mut self, address: &Address, depth: usize) -> Result<Opened, SourceError> {
        let refused = |what: String| SourceError::Playlist { address: address.clone(), what };
        if self.asked.contains(address) {
            return Err(refused("leads back to itself".into()));
        }
        if depth > DEPTH || self.asked.len() >= REQUESTS {
            return Err(refused(format!(
                "is too far down: more than {DEPTH} playlists within each other, or {REQUESTS} addresses in all"
            )));
        }
        self.asked.push(address.clone());
        let response = self.client.get(address, true)?;
        let at = response.address.clone();
        let (content_type, station) = (response.content_type(), response.header("icy-name"));
        let metaint = response.header("icy-metaint");
        let is_station = metaint.is_some() || station.is_some();
        let finite = response.length().is_some() && !is_station;
        let taken = Arc::<Counter>::default();
        let body = response.body();
        body.expect_by(Some(Instant::now() + FIRST_AUDIO));
        let mut reader =
            IcyReader::new(body.clone(), metaint.as_deref(), self.titles.clone(), Arc::clone(&taken));
        let head = head(&mut reader).map_err(|io| HttpError::Body { address: at.clone(), io })?;
        if let Some(form) = Form::of(&head, content_type.as_deref(), at.path()) {
            return self.follow(form, response, &head, depth);
        }
        if begins_a_page(&head) {
            return Err(SourceError::NotAudio { what: "a web page" });
        }
        let hint = content_type.as_deref().and_then(extension);
        let decoder = Decoder::open_stream(Cursor::new(head).chain(reader), hint, self.mixdown)
            .map_err(|error| of_the_net(error, &at))?;
        let station = station.map(|name| cleaned(&name)).filter(|name| !name.is_empty());
        Ok(Opened { decoder, body: Some(body), taken, finite, station, address: at })
    }

    /// HTTP live streaming: the session asks for everything else by itself.
    fn presentation(&self, playlist: Fetched) -> Result<Opened, SourceError> {
        let Fetched { address, bytes, .. } = playlist;
        let first = hls::Response { address: address.clone(), body: bytes };
        let fetcher = Fetcher(self.client.clone());
        let presentation = Hls::open(fetcher, self.client.stop().clone(), &first, self.mixdown)?;
        let finite = !presentation.is_live();
        if finite && self.after_live {
            return Err(HlsError::Over.into());
        }
        let decoder = Decoder::open_presentation(Box::new(presentation))?;
        Ok(Opened { decoder, body: None, taken: Arc::default(), finite, station: None, address })
    }

    /// The first entry that gives audio.
    fn follow(
        &mut self,
        form: Form,
        response: Response,
        head: &[u8],
        depth: usize,
    ) -> Result<Opened, SourceError> {
        if form == Form::Hls {
            return self.presentation(response.read_whole(hls::LONGEST, head)?);
        }
        let fetched = response.read_whole(LARGEST, head)?;
        let address = &fetched.address;
        let refused = |what: String| SourceError::Playlist { address: address.clone(), what };
        let mut last = None;
        for entry in form.entries(&fetched.bytes) {
            let opened = match address.join(&entry) {
                Ok(entry) => self.open_at(&entry.with_credentials_of(address), depth + 1),
                Err(error) => Err(HttpError::from(error).into()),
            };
            match opened {
                Err(SourceError::Http(HttpError::Stopped)) => return Err(HttpError::Stopped.into()),
                Err(error) => last = Some(error),
                opened => return opened,
            }
        }
        Err(last.unwrap_or_else(|| refused(format!("({}) names no stream", form.name()))))
    }
}

/// The first bytes, as many as come of them.
fn head(reader: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn begins_a_page(head: &[u8]) -> bool {
    let begin =
        String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    begin.starts_with("<!doctype html") || begin.starts_with("<html")
}

/// The usual ending of a file's name for a media type.
fn extension(content_type: &str) -> Option<&'static str> {
    Some(match content_type {
        "audio/mpeg" | "audio/mp3" | "audio/x-mpeg" => "mp3",
        "audio/aac" | "audio/aacp" | "audio/x-aac" => "aac",
        "audio/ogg" | "application/ogg" | "audio/x-ogg" | "audio/opus" => "ogg",
        "audio/flac" | "audio/x-flac" => "flac",
        "audio/mp4" | "audio/x-m4a" => "m4a",
        "audio/wav" | "audio/x-wav" => "wav",
        _ => return None,
    })
}

/// A failure to read is one of the network here.
pub(super) fn of_the_net(error: SourceError, address: &Address) -> SourceError {
    match error {
        SourceError::Unreadable { io, .. } => HttpError::Body { address: address.clone(), io }.into(),
        other => other,
    }
}
