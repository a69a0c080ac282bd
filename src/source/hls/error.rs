//! What can go wrong with HLS, in words for the person who has to mend it.
//! Touch it when a failure deserves its own advice.

use super::fetch::FetchError;
use crate::source::http::Address;

/// A presentation that cannot be played, or no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HlsError {
    /// The source was told to stop.
    #[error("the source was told to stop")]
    Stopped,
    /// What came as a playlist is none, or cannot be played.
    #[error("the playlist {address} cannot be played: {what}")]
    Playlist {
        /// Where it came from.
        address: Address,
        /// What is wrong with it.
        what: String,
    },
    /// A playlist could not be had.
    #[error("the playlist {address} cannot be had: {why}")]
    Fetch {
        /// What was asked for.
        address: Address,
        /// What came instead.
        why: FetchError,
    },
    /// It goes on for ever about other playlists.
    #[error("the playlist {address} names another list of variants: expected one that lists segments")]
    Nested {
        /// The one that was to list segments.
        address: Address,
    },
    /// Nothing in it can be decoded.
    #[error("no variant can be decoded: {what}")]
    NoVariant {
        /// What there is.
        what: String,
    },
    /// Its segments are encrypted.
    #[error("its segments are encrypted ({method}), which cannot be played")]
    Encrypted {
        /// As the playlist calls it.
        method: String,
    },
    /// A live playlist no longer changes.
    #[error("the live playlist has brought nothing new for {seconds} s{}", because(why.as_ref()))]
    Stale {
        /// For how long.
        seconds: u64,
        /// What its server said last, if it said something else.
        why: Option<String>,
    },
    /// A live presentation that is over, and has not begun anew.
    #[error("the broadcast has ended: its playlist is complete")]
    Over,
    /// One segment after the other is missing or broken.
    #[error("{count} segments in a row could not be played, the last one because {why}")]
    Segments {
        /// How many.
        count: u32,
        /// What was wrong with the last one.
        why: String,
    },
}

fn because(why: Option<&String>) -> String {
    why.map(|why| format!(": {why}")).unwrap_or_default()
}

impl HlsError {
    /// What the person who runs the daemon can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Encrypted { .. } | Self::NoVariant { .. } => {
                "look for another address of the station, or let ffmpeg play it: source exec:"
            }
            Self::Playlist { .. } | Self::Nested { .. } => "check the address: does it play elsewhere?",
            Self::Over => "wait for the next broadcast: it is looked for again and again",
            Self::Stopped | Self::Fetch { .. } | Self::Stale { .. } | Self::Segments { .. } => {
                "check the network and whether the station is on the air"
            }
        }
    }

    /// Whether it is worth trying again by itself.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Fetch { .. }
                | Self::Stale { .. }
                | Self::Segments { .. }
                | Self::Playlist { .. }
                | Self::Over
        )
    }
}
