//! The room that turns samples into log-mel columns: resampler → STFT → mel → level → log.
//!
//! Everything is allocated by `new`; the rest runs on the caller's slices. It knows neither clock nor thread.
//! Touch it when columns must be computed otherwise.

mod level;
mod level_control;
mod log;
mod log_mel;
mod mel;
mod resample;
mod response;
mod stft;

pub use level::{Level, LevelMeter};
pub use log_mel::LogMel;
pub use mel::MelFilterbank;
pub use resample::Resampler;
pub use stft::Stft;

use crate::units::SampleRate;

/// Features that cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// The resampler refuses this pair of rates.
    #[error(
        "cannot resample from {from} to {to}: {reason}; use a source with a usual rate such as 44100 or 48000 Hz"
    )]
    Rates {
        /// Rate of the source.
        from: SampleRate,
        /// Rate of the model.
        to: SampleRate,
        /// What the resampler said.
        reason: String,
    },
}
