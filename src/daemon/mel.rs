//! The mel columns of a source for those who look at them: the model's own, quantised and gathered into frames, on its
//! `dsp-K` thread. Touch it when frames are to come more often.

use crate::manifest::FeatureSettings;
use crate::pipeline::MelScaleBytes;
use crate::server::{MelFormat, MelSender, MelTap, mel_channel};

/// What a frame holds of a source that plays in real time, in seconds: eight of them a second.
const FRAME_S: f64 = 0.125;

/// Most columns of a frame: for sources that play faster.
const MOST: usize = 64;

/// Where a source's columns go.
pub(super) struct MelWriter {
    to: MelSender,
    scale: MelScaleBytes,
    bands: u16,
    hop_s: f64,
    /// Columns of a frame.
    wanted: usize,
    stream: u64,
    /// Of the first column gathered.
    first: u64,
    gathered: Vec<u8>,
}

impl MelWriter {
    /// For a source whose columns these settings make, and where its viewers find it.
    pub fn new(settings: &FeatureSettings) -> (Self, MelTap) {
        let scale = MelScaleBytes::new(settings);
        // The manifest has at most 1024.
        let bands = u16::try_from(settings.n_mels).unwrap_or(u16::MAX);
        let hop_s = settings.hop_seconds();
        let (to, tap) = mel_channel(MelFormat {
            sample_rate: settings.sample_rate,
            bands: usize::from(bands),
            hop_s,
            min_db: scale.low,
            max_db: scale.high,
            scale: scale.unit.clone(),
        });
        let (wanted, stream, first) = (columns(hop_s, Some(1.0)), 0, 0);
        (Self { to, scale, bands, hop_s, wanted, stream, first, gathered: Vec::new() }, tap)
    }

    /// Itself if anybody looks. If nobody does, what was gathered for those who did is forgotten.
    pub fn watched(&mut self) -> Option<&mut Self> {
        if self.to.is_watched() {
            return Some(self);
        }
        self.gathered.clear();
        None
    }

    /// Takes the column of this index in its stream.
    pub fn push(&mut self, index: u64, column: &[f32]) {
        if self.gathered.is_empty() {
            self.first = index;
        }
        self.scale.push(column, &mut self.gathered);
        if self.gathered.len() >= self.wanted * usize::from(self.bands) {
            self.send();
        }
    }

    /// What follows is of another stream of this pace; its columns count from 0.
    pub fn begin(&mut self, pace: Option<f64>) {
        self.wanted = columns(self.hop_s, pace);
        self.cut();
    }

    /// What follows does not follow on what came; it counts from 0.
    pub fn cut(&mut self) {
        self.send();
        self.stream += 1;
    }

    fn send(&mut self) {
        if !self.gathered.is_empty() {
            self.to.send(self.stream, self.first, self.bands, &self.gathered);
            self.gathered.clear();
        }
    }
}

/// How many columns make a frame at this pace.
fn columns(hop_s: f64, pace: Option<f64>) -> usize {
    let wanted = pace.map_or(MOST as f64, |pace| (FRAME_S * pace / hop_s).ceil());
    (wanted as usize).clamp(1, MOST)
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn a_frame_is_an_eighth_of_a_second_and_never_big() {
        assert_eq!(columns(0.016, Some(1.0)), 8);
        assert_eq!(columns(0.0775, Some(1.0)), 2);
        assert_eq!(columns(0.5, Some(1.0)), 1);
        assert_eq!(
            (columns(0.016, Some(4.0)), columns(0.016, Some(1e9)), columns(0.016, None)),
            (32, 64, 64)
        );
    }
}
