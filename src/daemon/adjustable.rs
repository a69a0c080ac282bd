//! The settings that a running daemon can take over. Touch it to add one, with the line that applies it in `reload.rs`.

use crate::deliver;
use crate::history;
use crate::hub::HubLimits;
use crate::pipeline::DecideSettings;
use crate::server::LiveSettings;
use crate::source::SourceSpec;
use crate::upload::UploadSettings;

/// What can be changed while the daemon runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Adjustable {
    /// What to listen to; names are unique.
    pub sources: Vec<SourceSpec>,
    /// When a hop is quiet and when the stable genre changes.
    pub decide: DecideSettings,
    /// Bounds of the event log.
    pub hub: HubLimits,
    /// How much the history keeps.
    pub history: history::Limits,
    /// Limits of clips that clients send.
    pub upload: UploadSettings,
    /// Who is told of events.
    pub deliver: deliver::Settings,
    /// Limits of the network side, and who is let in.
    pub live: LiveSettings,
}
