//! The room that turns logits into what the daemon stands by: probabilities, gate, stable genre, tracks.
//! Time here is stream time in seconds; there is no clock. Touch it to change what listeners are told.

mod gate;
mod probability;
mod stable;
mod tracks;

pub use gate::{Gate, GateSettings, Heard};
pub use probability::probabilities;
pub use stable::{Segment, StableChange, StableGenre, StableSettings, Verdict};
pub use tracks::{EndedTrack, Heaviest, Tracks};
