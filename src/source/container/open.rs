//! Chooses the track and its decoder, and says why something cannot be opened.
//! Touch it to add a codec or to name one.

use std::io;
use std::sync::LazyLock;

use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::FORMAT_ID_WAVE;
use symphonia::core::formats::{FormatId, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};

use super::aac;
use super::ration::{Ration, Rationed, TOO_MUCH};
use crate::source::error::SourceError;
use crate::units::{HIGHEST_RATE, LOWEST_RATE, SampleRate};

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<symphonia_adapter_libopus::OpusDecoder>();
    codecs
});

/// Bytes of a WAV's sound from which on its length is none: who writes it into a pipe does not know it, and writes nearly the
/// most there is (sox 2^31 - 4096; of 2^32 - 1, which ffmpeg writes, symphonia makes nothing).
const UNKNOWN_BYTES: u64 = (1 << 31) - (1 << 16);

/// How long the header says the track is.
fn announced_seconds(track: &Track, format: FormatId) -> Option<f64> {
    let params = track.codec_params.as_ref()?.audio()?;
    let rate = params.sample_rate.filter(|rate| *rate > 0)?;
    let Some(frames) = track.num_frames else {
        // An MP4 may count in another unit than samples.
        return track.time_base?.calc_duration(track.duration?).map(|time| time.as_secs_f64());
    };
    let frame_bits = params.bits_per_sample.unwrap_or(8) as u64 * params.channels.as_ref()?.count() as u64;
    let unknown = format == FORMAT_ID_WAVE && frames.saturating_mul(frame_bits) / 8 >= UNKNOWN_BYTES;
    (!unknown).then(|| frames as f64 / f64::from(rate))
}

/// Refuses a rate that no audio has, before anything is made for it.
pub(in crate::source) fn check_rate(hz: u32) -> Result<SampleRate, SourceError> {
    let (lowest, highest) = (LOWEST_RATE, HIGHEST_RATE);
    SampleRate::new(hz).filter(|_| (lowest..=highest).contains(&hz)).ok_or(SourceError::Rate {
        hz,
        lowest,
        highest,
    })
}

/// The audio track that should be played.
pub(super) struct Playable {
    pub(super) track: u32,
    /// As its decoder takes them.
    params: AudioCodecParameters,
    /// How long the header says it is.
    pub(super) announced: Option<f64>,
    /// What of it is not heard, in words.
    pub(super) note: Option<&'static str>,
}

impl Playable {
    /// Looks for it.
    pub(super) fn find(format: &dyn FormatReader) -> Result<Self, SourceError> {
        let track = format.default_track(TrackType::Audio).or_else(|| format.first_track(TrackType::Audio));
        let params = track.and_then(|track| track.codec_params.as_ref()?.audio());
        let (Some(track), Some(params)) = (track, params) else {
            return Err(SourceError::NoAudioTrack { container: format.format_info().long_name });
        };
        if let Some(hz) = params.sample_rate {
            check_rate(hz)?;
        }
        let (params, note) = aac::core_of(params);
        Ok(Self {
            track: track.id,
            params,
            announced: announced_seconds(track, format.format_info().format),
            note,
        })
    }

    /// A decoder for it.
    pub(super) fn decoder(&self) -> Result<Box<dyn AudioDecoder>, SourceError> {
        CODECS
            .make_audio_decoder(&self.params, &AudioDecoderOptions::default().verify(true))
            .map_err(|e| SourceError::Unsupported { codec: codec_name(&self.params, &e) })
    }

    /// Whether the same decoder can go on with it.
    pub(super) fn goes_on(&self, before: &Self) -> bool {
        let (now, before) = (&self.params, &before.params);
        now.codec == before.codec
            && now.sample_rate == before.sample_rate
            && now.channels == before.channels
            && now.extra_data == before.extra_data
    }
}

/// What a person calls the codec that cannot be decoded.
fn codec_name(params: &AudioCodecParameters, error: &Error) -> String {
    use symphonia::core::codecs::audio::well_known as known;
    match params.codec {
        known::CODEC_ID_ALAC => "Apple Lossless".into(),
        known::CODEC_ID_AC3 => "AC-3".into(),
        known::CODEC_ID_EAC3 => "E-AC-3".into(),
        known::CODEC_ID_SPEEX => "Speex".into(),
        known::CODEC_ID_ADPCM_MS => "Microsoft ADPCM".into(),
        known::CODEC_ID_ADPCM_IMA_WAV => "IMA ADPCM".into(),
        other => match CODECS.get_audio_decoder(other) {
            Some(codec) => format!("{} ({error})", codec.codec.info.long_name),
            None => format!("of an unknown codec ({other})"),
        },
    }
}

/// What a failure to open means.
fn open_error(error: Error, name: &str) -> SourceError {
    match error {
        Error::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            SourceError::Damaged { what: "it ends before its first frame is whole".into() }
        }
        Error::IoError(io) => SourceError::Unreadable { name: name.into(), io },
        // Only the probe itself says so, when it has found no format.
        Error::Unsupported(what) if what.contains("probe") => {
            SourceError::NotAudio { what: "of an unknown kind" }
        }
        Error::Unsupported(what) => SourceError::Unsupported { codec: what.into() },
        other => SourceError::Damaged { what: other.to_string() },
    }
}

/// Finds out what the source is; its demuxer reads no further than the ration.
pub(super) fn probe(
    source: Box<dyn MediaSource>,
    hint: Option<&str>,
    name: &str,
) -> Result<(Box<dyn FormatReader>, Ration), SourceError> {
    let (source, ration) = Rationed::new(source);
    let mut known = Hint::new();
    if let Some(hint) = hint {
        known.with_extension(hint);
    }
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    let probed =
        symphonia::default::get_probe().probe(&known, stream, Default::default(), Default::default());
    match probed {
        Ok(format) => Ok((format, ration)),
        Err(_) if ration.is_used_up() => Err(SourceError::Damaged { what: TOO_MUCH.into() }),
        Err(error) => Err(open_error(error, name)),
    }
}
