//! The mel picture of a clip of any length: neighbouring columns are averaged so that it never has more than [`MOST`].
//! Touch it when pictures are to be finer.

use data_encoding::BASE64;
use schemars::JsonSchema;
use serde::Serialize;

use crate::manifest::{FeatureSettings, LogScale};

/// Most columns of a picture.
pub const MOST: usize = 1000;

/// A picture of mel columns, quantised.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MelPicture {
    /// The rate of the samples that it was made of, in hertz.
    pub sample_rate: u32,
    /// Bands of a column, lowest first.
    pub bands: usize,
    /// Its columns.
    pub columns: usize,
    /// What a column stands for, in seconds.
    pub seconds_per_column: f64,
    /// What 0 means, in the unit of `scale`; the lowest value that there is.
    pub min_db: f32,
    /// What 255 means; the highest value that there is.
    pub max_db: f32,
    /// The unit: what was done to the power `S` of a mel band.
    pub scale: String,
    /// One byte a band, column by column, in Base64.
    pub data: String,
}

/// Collects columns; its memory does not grow with the clip.
#[derive(Debug)]
pub struct Picture {
    bands: usize,
    /// Sums of `per_column` columns each; the last may be of fewer.
    sums: Vec<f64>,
    per_column: u64,
    /// Columns in the last sum.
    in_last: u64,
}

impl Picture {
    /// An empty one, of columns of so many bands.
    pub fn new(bands: usize) -> Self {
        Self { bands: bands.max(1), sums: Vec::new(), per_column: 1, in_last: 0 }
    }

    /// Takes columns, `[frames, bands]`.
    pub fn push(&mut self, columns: &[f32]) {
        for column in columns.chunks_exact(self.bands) {
            if self.sums.is_empty() || self.in_last == self.per_column {
                if self.sums.len() == MOST * self.bands {
                    self.halve();
                }
                self.sums.resize(self.sums.len() + self.bands, 0.0);
                self.in_last = 0;
            }
            let last = self.sums.len() - self.bands;
            for (sum, &value) in self.sums.iter_mut().skip(last).zip(column) {
                *sum += f64::from(value);
            }
            self.in_last += 1;
        }
    }

    /// Makes one of every two columns. All are whole, and there is an even number.
    fn halve(&mut self) {
        let bands = self.bands;
        let pairs = self.sums.chunks_exact(2 * bands);
        let halved: Vec<f64> =
            pairs.flat_map(|pair| (0..bands).map(|band| pair[band] + pair[band + bands])).collect();
        self.sums = halved;
        self.per_column *= 2;
        self.in_last = self.per_column;
    }

    /// The picture, of columns that `settings` made.
    pub fn finish(self, settings: &FeatureSettings) -> MelPicture {
        let columns = self.sums.len() / self.bands;
        let mean = |(at, sum): (usize, &f64)| {
            let count = if at / self.bands + 1 == columns { self.in_last } else { self.per_column };
            (sum / count.max(1) as f64) as f32
        };
        let values: Vec<f32> = self.sums.iter().enumerate().map(mean).collect();
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) =
            (finite().fold(f32::INFINITY, f32::min), finite().fold(f32::NEG_INFINITY, f32::max));
        let (low, high) = if low < high { (low, high) } else { (low.min(0.0), low.min(0.0) + 1.0) };
        let byte = |value: &f32| ((value - low) / (high - low) * 255.0).round().clamp(0.0, 255.0) as u8;
        let bytes: Vec<u8> = values.iter().map(byte).collect();
        MelPicture {
            sample_rate: settings.sample_rate,
            bands: self.bands,
            columns,
            seconds_per_column: settings.hop_seconds() * self.per_column as f64,
            min_db: low,
            max_db: high,
            scale: scale(settings.log),
            data: BASE64.encode(&bytes),
        }
    }
}

fn scale(log: LogScale) -> String {
    match log {
        LogScale::Db { .. } => "10·log10(S) dB".into(),
        LogScale::Log10 { scale } => format!("log10(1 + {scale}·S)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    fn settings() -> FeatureSettings {
        Manifest::parse(include_str!("../../models/cnn/manifest.toml")).expect("valid").features
    }

    #[test]
    fn a_short_clip_keeps_its_columns() {
        let mut picture = Picture::new(2);
        picture.push(&[-80.0, 0.0, -40.0, -80.0, 0.0, -20.0]);
        let picture = picture.finish(&settings());
        assert_eq!((picture.columns, picture.min_db, picture.max_db), (3, -80.0, 0.0));
        assert_eq!(BASE64.decode(picture.data.as_bytes()).expect("Base64"), [0, 255, 128, 0, 255, 191]);
        assert_eq!(picture.seconds_per_column, settings().hop_seconds());
    }

    #[test]
    fn a_long_one_is_averaged_and_bounded() {
        let mut picture = Picture::new(1);
        // A ramp: each mean is that of its own stretch.
        let total = 7_321;
        for at in 0..total {
            picture.push(&[at as f32]);
            assert!(picture.sums.len() <= MOST);
        }
        let picture = picture.finish(&settings());
        assert_eq!((picture.columns, picture.seconds_per_column), (916, 8.0 * settings().hop_seconds()));
        assert_eq!(picture.min_db, 3.5);
        // The last one is of a single column.
        assert_eq!((915 * 8 + 1, picture.max_db), (total, 7_320.0));
    }

    #[test]
    fn nothing_and_silence_are_pictures_too() {
        let nothing = Picture::new(3).finish(&settings());
        assert_eq!((nothing.columns, nothing.data.as_str()), (0, ""));
        let mut flat = Picture::new(1);
        flat.push(&[-100.0, -100.0]);
        let flat = flat.finish(&settings());
        assert_eq!(BASE64.decode(flat.data.as_bytes()).expect("Base64"), [0, 0]);
        assert!(flat.min_db < flat.max_db);
    }
}
