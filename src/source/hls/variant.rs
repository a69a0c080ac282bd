//! Chooses among the variants of a master playlist: the lowest bandwidth that carries the sound.
//! Touch it when another codec can be decoded, or when stations describe their variants otherwise.

use m3u8_rs::{AlternativeMedia, AlternativeMediaType, MasterPlaylist, VariantStream};

use super::error::HlsError;
use crate::source::http::Address;

/// Up to this bandwidth (bit/s) a variant that can be decoded whole is worth more than one of which only the core of
/// HE-AAC can be.
const WORTH: u64 = 320_000;

/// How much of a variant's sound can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Decodes {
    /// All of it, or nothing is said against it.
    Whole,
    /// HE-AAC: its core.
    Core,
}

/// The variant that is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its media playlist.
    pub(super) address: Address,
    pub(super) decodes: Decodes,
    /// As announced, bit/s.
    pub(super) bandwidth: u64,
}

/// Those that can be played, the best first, in a master playlist that came from `base`.
///
/// # Errors
/// When it has no variant whose sound can be decoded.
pub(super) fn choices(master: &MasterPlaylist, base: &Address) -> Result<Vec<Choice>, HlsError> {
    let playable = |variant: &VariantStream| {
        let decodes = decodes(variant)?;
        let reference = audio_of(master, variant).unwrap_or(&variant.uri);
        let address =
            base.join(reference).ok().filter(|_| !reference.trim().is_empty())?.with_credentials_of(base);
        Some(Choice { address, decodes, bandwidth: variant.bandwidth })
    };
    let variants = master.variants.iter().filter(|variant| !variant.is_i_frame);
    let mut choices: Vec<Choice> = variants.filter_map(playable).collect();
    choices.sort_by_key(|choice| {
        let compromise = choice.decodes == Decodes::Core || choice.bandwidth > WORTH;
        (compromise, choice.bandwidth)
    });
    choices.dedup_by(|next, choice| next.address == choice.address);
    if !choices.is_empty() {
        return Ok(choices);
    }
    let mut codecs: Vec<&str> =
        master.variants.iter().filter_map(|variant| variant.codecs.as_deref()).collect();
    codecs.sort_unstable();
    codecs.dedup();
    codecs.truncate(8);
    let what = match codecs.is_empty() {
        true => "the master playlist lists none".into(),
        false => format!("their codecs are {}", codecs.join("; ")),
    };
    Err(HlsError::NoVariant { what })
}

/// Where the variant's sound has a playlist of its own.
fn audio_of<'a>(master: &'a MasterPlaylist, variant: &VariantStream) -> Option<&'a str> {
    let group = variant.audio.as_deref()?;
    let in_group = |media: &&AlternativeMedia| {
        media.media_type == AlternativeMediaType::Audio && media.group_id == group
    };
    let renditions = || master.alternatives.iter().filter(in_group);
    let chosen =
        renditions().find(|media| media.default).or_else(|| renditions().find(|media| media.autoselect));
    // One without an address is what the variant itself carries.
    chosen.or_else(|| renditions().next())?.uri.as_deref()
}

/// `None` when it says that it has no sound, or one that cannot be decoded.
fn decodes(variant: &VariantStream) -> Option<Decodes> {
    let Some(codecs) = variant.codecs.as_deref().filter(|codecs| !codecs.trim().is_empty()) else {
        return Some(Decodes::Whole);
    };
    codecs.split(',').filter_map(|codec| decodes_codec(codec.trim())).min()
}

/// A codec by its name in RFC 6381.
fn decodes_codec(name: &str) -> Option<Decodes> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "mp4a.40.5" | "mp4a.40.29" | "mp4a.40.05" => Some(Decodes::Core),
        // AAC-LC of MPEG-4 and of MPEG-2, MP3 in its four spellings, and one that does not say what it is.
        "mp4a.40.2" | "mp4a.40.02" | "mp4a.67" | "mp4a.40.34" | "mp4a.69" | "mp4a.6b" | "mp3" | "mp4a" => {
            Some(Decodes::Whole)
        }
        "flac" | "opus" => Some(Decodes::Whole),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::playlist::{Playlist, parse};
    use super::*;

    fn chosen(text: &str) -> Result<Choice, HlsError> {
        let base = Address::parse("http://radio.example/live/master.m3u8?key=1").expect("an address");
        match parse(format!("#EXTM3U\n{text}").as_bytes(), &base).expect("reads") {
            Playlist::Master(master) => choices(&master, &base).map(|mut choices| choices.remove(0)),
            Playlist::Media(_) => panic!("it is a master playlist"),
        }
    }

    #[test]
    fn the_lowest_bandwidth_that_has_sound_is_taken() {
        let choice = chosen(
            "#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\nmid.m3u8\n\
             #EXT-X-STREAM-INF:BANDWIDTH=20000,CODECS=\"avc1.42001e\"\nmute.m3u8\n\
             #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1000,URI=\"iframes.m3u8\"\n\
             #EXT-X-STREAM-INF:BANDWIDTH=10000,CODECS=\"ac-3\"\ndolby.m3u8\n\
             #EXT-X-STREAM-INF:BANDWIDTH=64000,AVERAGE-BANDWIDTH=60000,CODECS=\"mp4a.40.2\"\n/low/a.m3u8?x=2\n\
             #EXT-X-STREAM-INF:BANDWIDTH=48000,CODECS=\"mp4a.40.5\"\nhe.m3u8\n",
        );
        let choice = choice.expect("there is one");
        assert_eq!(choice.address.to_string(), "http://radio.example/low/a.m3u8?x=2");
        assert_eq!((choice.decodes, choice.bandwidth), (Decodes::Whole, 64_000));
    }

    #[test]
    fn the_core_of_he_aac_is_taken_rather_than_video() {
        let choice = chosen(
            "#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS=\"avc1.42001e, mp4a.40.2\",RESOLUTION=416x234\nvideo.m3u8\n\
             #EXT-X-STREAM-INF:BANDWIDTH=48000,CODECS=\"mp4a.40.29\"\nhe.m3u8\n",
        );
        assert_eq!(choice.map(|choice| choice.decodes), Ok(Decodes::Core));
    }

    #[test]
    fn a_rendition_of_sound_alone_is_taken_from_its_group() {
        let group = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"de\",URI=\"de.m3u8\"\n\
                     #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"a\",NAME=\"s\",URI=\"s.m3u8\"\n\
                     #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",DEFAULT=YES,AUTOSELECT=YES,URI=\"en.m3u8\"\n";
        let variant =
            "#EXT-X-STREAM-INF:BANDWIDTH=400000,CODECS=\"avc1.42001e,mp4a.40.2\",AUDIO=\"a\"\nv.m3u8\n";
        let choice = chosen(&format!("{group}{variant}")).expect("there is one");
        assert_eq!(choice.address.to_string(), "http://radio.example/live/en.m3u8");
        let inside = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",DEFAULT=YES,AUTOSELECT=YES\n";
        let choice = chosen(&format!("{inside}{variant}")).expect("there is one");
        assert_eq!(choice.address.to_string(), "http://radio.example/live/v.m3u8");
    }

    #[test]
    fn what_cannot_be_decoded_is_named() {
        let error = chosen("#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"ec-3\"\na.m3u8\n").expect_err("none");
        assert!(error.to_string().contains("ec-3"), "{error}");
        let variants =
            chosen("#EXT-X-STREAM-INF:CODECS=\"mp4a.40.2\"\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=5\nb.m3u8\n");
        assert!(variants.is_ok(), "no bandwidth is no reason to drop a variant: {variants:?}");
    }
}
