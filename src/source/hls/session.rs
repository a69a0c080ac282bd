//! Follows one presentation: asks for playlists and segments in time, and gives what is in them, piece by piece.
//! Touch it when something else is to happen with a segment that is missing or broken.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::error::HlsError;
use super::fetch::{Fetch, FetchError, Request, Response};
use super::playlist::{self, Media, Playlist, Resource, Segment};
use super::unpack::{Part, Unpacker};
use super::variant::{self, Decodes};
use super::window::{Next, Window};
use crate::source::http::Address;
use crate::source::stop::Stop;

/// The largest segment that is taken, in bytes: ten seconds of video at 12 Mbit/s.
const LARGEST: usize = 16 * 1024 * 1024;

/// The largest initialisation section, in bytes.
const LARGEST_INIT: usize = 1024 * 1024;

/// So many segments in a row that cannot be had or decoded end the session.
const MOST_LOST: u32 = 5;

/// So many variants are tried, cheapest first, when their playlists cannot be had.
const MOST_VARIANTS: usize = 4;

/// Before something that could not be had is asked for once more.
const AGAIN: Duration = Duration::from_millis(500);

/// What happens next in a presentation.
#[derive(Debug)]
pub(super) enum Step {
    /// Something to decode.
    Part(Part),
    /// So many seconds are missing here.
    Gap { seconds: f64, reason: String },
    /// A live presentation brings nothing new.
    Stalled(String),
    /// That was all.
    Ended,
}

/// A presentation that is being followed.
pub(super) struct Session<F> {
    fetch: F,
    stop: Stop,
    /// Of the media playlist.
    address: Address,
    window: Window,
    init: Option<(Resource, Vec<u8>)>,
    unpacker: Unpacker,
    decodes: Decodes,
    /// Segments lost in a row.
    lost: u32,
    /// What was wrong with the playlist when it was asked for last.
    trouble: Option<String>,
    steps: VecDeque<Step>,
}

impl<F: Fetch> Session<F> {
    /// Begins with a playlist that has been fetched.
    pub(super) fn open(mut fetch: F, stop: Stop, first: &Response) -> Result<Self, HlsError> {
        let asked = Instant::now();
        let (media, address, decodes) = match playlist::parse(&first.body, &first.address)? {
            Playlist::Media(media) => (media, first.address.clone(), Decodes::Whole),
            Playlist::Master(master) => {
                let mut choices = variant::choices(&master, &first.address)?;
                choices.truncate(MOST_VARIANTS);
                let mut failure = HlsError::NoVariant { what: "there is none".into() };
                let mut found = None;
                for choice in choices {
                    match media_at(&mut fetch, &choice.address) {
                        Ok((media, address)) => {
                            found = Some((media, address, choice.decodes));
                            break;
                        }
                        Err(HlsError::Stopped) => return Err(HlsError::Stopped),
                        Err(error) => failure = error,
                    }
                }
                found.ok_or(failure)?
            }
        };
        if media.segments.is_empty() && media.complete {
            return Err(HlsError::Playlist { address, what: "it is complete but lists no segment".into() });
        }
        Ok(Self {
            fetch,
            stop,
            address,
            window: Window::new(media, asked),
            init: None,
            unpacker: Unpacker::new(),
            decodes,
            lost: 0,
            trouble: None,
            steps: VecDeque::new(),
        })
    }

    /// Whether it goes on for as long as its station does.
    pub(super) fn is_live(&self) -> bool {
        !self.window.is_complete()
    }

    /// Whether the playlist says that there is more in the sound than can be decoded.
    pub(super) fn decodes(&self) -> Decodes {
        self.decodes
    }

    /// What comes next. Waits for a live presentation to go on.
    pub(super) fn next(&mut self) -> Result<Step, HlsError> {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return Ok(step);
            }
            match self.window.next(Instant::now()) {
                Next::Segment(segment) => self.take(&segment)?,
                Next::Missed { seconds, reason } => self.gap(seconds, reason.into()),
                Next::Reload => self.reload()?,
                Next::Wait(until) => {
                    if self.stop.wait_until(until) {
                        return Err(HlsError::Stopped);
                    }
                }
                Next::Stalled(quiet) => {
                    let because = self.trouble.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                    let seconds = quiet.as_secs();
                    return Ok(Step::Stalled(format!(
                        "the live playlist has brought nothing new for {seconds} s{because}"
                    )));
                }
                Next::Stale(quiet) => {
                    return Err(HlsError::Stale { seconds: quiet.as_secs(), why: self.trouble.take() });
                }
                Next::Ended => {
                    let last = self.unpacker.finish();
                    if last.is_none() {
                        return Ok(Step::Ended);
                    }
                    self.steps.extend(last.map(Step::Part));
                }
            }
        }
    }

    /// The part that was given last cannot be decoded.
    pub(super) fn undecodable(&mut self, seconds: f64, why: String) -> Result<(), HlsError> {
        self.lose(seconds, why)
    }

    /// The part that was given last was decoded.
    pub(super) fn decoded(&mut self) {
        self.lost = 0;
    }

    fn reload(&mut self) -> Result<(), HlsError> {
        let asked = Instant::now();
        match media_at(&mut self.fetch, &self.address) {
            Ok((media, _)) => {
                self.trouble = None;
                self.window.update(media, asked);
            }
            Err(HlsError::Stopped) => return Err(HlsError::Stopped),
            Err(error) => {
                self.trouble = Some(error.to_string());
                self.window.failed(asked);
            }
        }
        Ok(())
    }

    fn take(&mut self, segment: &Segment) -> Result<(), HlsError> {
        if let Some(method) = &segment.encryption {
            return Err(HlsError::Encrypted { method: method.clone() });
        }
        if segment.discontinuity {
            self.unpacker.begin_anew();
        }
        if let Some(init) = &segment.init
            && self.init.as_ref().is_none_or(|(known, _)| known != init)
        {
            match self.get(init, LARGEST_INIT)? {
                Ok(bytes) => self.init = Some((init.clone(), bytes)),
                Err(why) => {
                    let why = format!("its initialisation section could not be had: {why}");
                    return self.lose(segment.seconds, why);
                }
            }
        }
        let bytes = match self.get(&segment.resource, LARGEST)? {
            Ok(bytes) => bytes,
            Err(why) => return self.lose(segment.seconds, why.to_string()),
        };
        let init = self.init.as_ref().filter(|_| segment.init.is_some()).map(|(_, bytes)| bytes.as_slice());
        match self.unpacker.take(segment, init, &bytes) {
            Ok(part) => self.steps.extend(part.map(Step::Part)),
            Err(why) => self.lose(segment.seconds, why)?,
        }
        Ok(())
    }

    /// A resource, with one more try where that may help. The outer error ends the session.
    fn get(&mut self, resource: &Resource, most: usize) -> Result<Result<Vec<u8>, FetchError>, HlsError> {
        let request = Request { address: &resource.address, range: resource.range, most };
        let mut answer = self.fetch.get(&request);
        if answer.as_ref().is_err_and(FetchError::is_passing) {
            if self.stop.wait(AGAIN) {
                return Err(HlsError::Stopped);
            }
            answer = self.fetch.get(&request);
        }
        match answer {
            Ok(response) => Ok(Ok(response.body)),
            Err(FetchError::Stopped) => Err(HlsError::Stopped),
            Err(why) => Ok(Err(why)),
        }
    }

    fn lose(&mut self, seconds: f64, why: String) -> Result<(), HlsError> {
        self.lost += 1;
        if self.lost >= MOST_LOST {
            return Err(HlsError::Segments { count: self.lost, why });
        }
        self.gap(seconds, format!("a segment was lost: {why}"));
        Ok(())
    }

    fn gap(&mut self, seconds: f64, reason: String) {
        self.unpacker.begin_anew();
        self.steps.push_back(Step::Gap { seconds, reason });
    }
}

fn media_at<F: Fetch>(fetch: &mut F, address: &Address) -> Result<(Media, Address), HlsError> {
    let request = Request { address, range: None, most: playlist::LONGEST };
    let response = fetch.get(&request).map_err(|why| match why {
        FetchError::Stopped => HlsError::Stopped,
        why => HlsError::Fetch { address: address.clone(), why },
    })?;
    match playlist::parse(&response.body, &response.address)? {
        Playlist::Media(media) => Ok((media, response.address)),
        Playlist::Master(_) => Err(HlsError::Nested { address: response.address }),
    }
}
