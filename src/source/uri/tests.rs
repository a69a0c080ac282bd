//! That URIs are read as they are written, and that nothing makes the reading panic.

use proptest::prelude::*;

use super::*;
use crate::source::mixdown::HIGHEST_CHANNEL;
use crate::source::pcm::{Channels, Encoding};
use crate::units::{HIGHEST_RATE, LOWEST_RATE, SampleRate};

fn file(path: &str, speed: Speed, looping: bool) -> SourceUri {
    SourceUri::File { path: path.into(), speed, looping, mixdown: Mixdown::default() }
}

fn microphone(device: Option<&str>) -> SourceUri {
    SourceUri::Microphone { device: device.map(Into::into), mixdown: Mixdown::default() }
}

fn one(number: u8, gain_db: f64) -> Mixdown {
    Mixdown { channel: Channel::One(number.try_into().expect("not zero")), gain_db }
}

fn parse(text: &str) -> SourceUri {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[test]
fn the_kinds_are_read() {
    assert_eq!(parse("mic:"), microphone(None));
    assert_eq!(parse("mic:hw:CARD=USB,DEV=0"), microphone(Some("hw:CARD=USB,DEV=0")));
    assert_eq!(parse("mic:usb=046d:0825"), microphone(Some("usb=046d:0825")));
    assert_eq!(parse("mic:*web?cam*"), microphone(Some("*web?cam*")));
    assert_eq!(parse("file:a b.mp3"), file("a b.mp3", Speed::Factor(1.0), false));
    assert_eq!(parse("file:/x/%3f.ogg?speed=20&loop=true"), file("/x/?.ogg", Speed::Factor(20.0), true));
    assert_eq!(parse("file:what?.mp3"), file("what?.mp3", Speed::Factor(1.0), false));
    assert_eq!(parse("file:a?b?speed=max"), file("a?b", Speed::Max, false));
    assert_eq!(parse("file:100%.mp3"), file("100%.mp3", Speed::Factor(1.0), false));
    assert_eq!(parse("-"), SourceUri::Stdin { pcm: None, mixdown: Mixdown::default() });
    let pcm = PcmFormat {
        encoding: Encoding::from_name("s16le").expect("known"),
        rate: SampleRate::new(44_100).expect("not zero"),
        channels: Channels::new(2).expect("in range"),
    };
    let stdin = |mixdown| SourceUri::Stdin { pcm: Some(pcm), mixdown };
    assert_eq!(parse("-?pcm=s16le&rate=44100&channels=2"), stdin(Mixdown::default()));
    assert_eq!(parse("-?pcm=s16le&rate=44100&channels=2&channel=2&gain_db=-3"), stdin(one(2, -3.0)));
}

#[test]
fn gain_and_channel_belong_to_every_kind() {
    let gain = Mixdown { gain_db: 6.5, ..Mixdown::default() };
    assert_eq!(parse("mic:?gain_db=6.5"), SourceUri::Microphone { device: None, mixdown: gain });
    assert_eq!(parse("mic:A?B?channel=64&gain_db=-60").mixdown(), one(64, -60.0));
    assert_eq!(parse("file:x?channel=2&speed=max&loop=true&gain_db=0.5").mixdown(), one(2, 0.5));
    assert_eq!(parse("-?channel=1"), SourceUri::Stdin { pcm: None, mixdown: one(1, 0.0) });
    for plain in ["mic:?channel=mix&gain_db=0", "file:x?gain_db=-0", "-?channel=mix"] {
        assert_eq!(parse(plain).mixdown(), Mixdown::default());
        assert!(!parse(plain).to_string().contains('?'), "{plain}");
    }
}

#[test]
fn errors_say_what_was_expected_what_came_and_what_to_do() {
    for (text, parts) in [
        ("music.mp3", ["\"music.mp3\"", "write `file:music.mp3`"]),
        ("file:", ["needs a path", "file:music.flac"]),
        ("file:x?sped=2", ["\"sped\"", "`speed`, `loop`, `gain_db` or `channel`"]),
        ("file:x?speed=0", ["\"0\"", "or `max`"]),
        ("file:x?speed=nan", ["\"nan\"", "or `max`"]),
        ("file:x?speed=1e9", ["\"1e9\"", "or `max`"]),
        ("file:x?loop=yes", ["\"yes\"", "`true` or `false`"]),
        ("-?pcm=s16le&rate=44100", ["`channels`", "-?pcm=s16le"]),
        ("-?pcm=s17le", ["\"s17le\"", "s16le"]),
        ("-?rate=0", ["\"0\"", "2000 to 768000"]),
        ("-?rate=1999", ["\"1999\"", "2000 to 768000"]),
        ("-?rate=768001", ["\"768001\"", "2000 to 768000"]),
        ("-?pcm=u8&rate=8000&channels=0", ["\"0\"", "1 to 64"]),
        ("-?speed=2", ["\"speed\"", "`pcm`, `rate`, `channels`"]),
        ("-?", ["format `pcm`", "-?pcm=s16le"]),
        ("mic:x?gain=2", ["\"gain\"", "`gain_db` or `channel`"]),
        ("mic:?gain_db=61", ["\"61\"", "-60 to 60"]),
        ("file:x?gain_db=nan", ["\"nan\"", "-60 to 60"]),
        ("mic:?channel=0", ["\"0\"", "1 to 64"]),
        ("-?channel=left", ["\"left\"", "`mix`"]),
        ("mic:usb=46d:825", ["\"46d:825\"", "VVVV:PPPP"]),
        ("--help", ["\"--help\"", "expected `mic:`"]),
        ("rtsp://me:secret@cam/x", ["\"rtsp://…@cam/x\"", "`exec:PROGRAM …`"]),
        ("http://", ["not a web address", "http://HOST"]),
        ("http://a/#pace=fast", ["\"fast\"", "`live` or `off`"]),
        ("https://a/#sped=2", ["\"sped\"", "`pace`, `gain_db` or `channel`"]),
        ("exec:cat 'x", ["a quote", "exec:arecord"]),
        ("exec:cat?pcm=s16le", ["`rate`", "pcm=s16le"]),
    ] {
        let error = text.parse::<SourceUri>().expect_err(text).to_string();
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

#[test]
fn pace_and_names_follow_the_kind() {
    assert_eq!(parse("mic:").pace(), Some(1.0));
    assert_eq!(parse("file:x?speed=4").pace(), Some(4.0));
    assert_eq!(parse("file:x?speed=max").pace(), None);
    assert_eq!(parse("-").pace(), None);
    assert_eq!(parse("mic:USB").default_name(), "mic");
    assert_eq!(parse("file:/m/Köln, 1975_(live).2.flac").default_name(), "k-ln-1975_-live-.2");
    assert_eq!(parse("file:…").default_name(), "file");
    assert_eq!(parse("-").default_name(), "stdin");
}

#[test]
fn web_addresses_keep_their_own_query_and_hide_their_password() {
    let station = parse("HTTPS://me:secret@Radio.Example:8000/x?a=b&token=c#gain_db=6&pace=off");
    assert_eq!(station.to_string(), "https://…@radio.example:8000/x?a=b&token=…#pace=off&gain_db=6");
    assert_eq!((station.pace(), station.mixdown().gain_db), (None, 6.0));
    assert_eq!(station.default_name(), "radio.example");
    assert!(!format!("{station:?}").contains("secret"));
    let plain = parse("http://a/b#t10");
    assert_eq!((plain.to_string().as_str(), plain.pace()), ("http://a/b", Some(1.0)));
    assert_ne!(parse("http://a:b@c/"), parse("http://a:x@c/"), "another password is another source");
}

#[test]
fn programs_are_split_into_words_and_their_addresses_left_alone() {
    let program = parse(
        "exec:ffmpeg -i 'rtsp://me:pw@cam/a b?c=d' -f s16le -?pcm=s16le&rate=44100&channels=2&pace=live",
    );
    let shown = "exec:ffmpeg -i 'rtsp://…@cam/a b?c=d' -f s16le -?pcm=s16le&rate=44100&channels=2&pace=live";
    assert_eq!(program.to_string(), shown);
    assert_eq!((program.pace(), program.default_name().as_str()), (Some(1.0), "ffmpeg"));
    let address = parse("exec:/usr/bin/ffmpeg -i http://a/x?y=z");
    assert_eq!(address.to_string(), "exec:/usr/bin/ffmpeg -i 'http://a/x?y=z'");
    assert_eq!(address.pace(), None);
    assert_eq!(parse("exec:arecord -t wav?gain_db=3").mixdown().gain_db, 3.0);
}

#[test]
fn a_long_file_name_is_shortened() {
    let named = |stem: String| parse(&format!("file:/m/{stem}.flac")).default_name();
    assert_eq!(named("a".repeat(64)), "a".repeat(64));
    assert_eq!(named("a".repeat(200)), "a".repeat(64));
    assert_eq!(named(format!("{} (live) {}", "a".repeat(63), "b".repeat(60))), "a".repeat(63));
    assert_eq!(named(format!("{}-_.-b", "a".repeat(60))), "a".repeat(60));
    assert_eq!(named("ü".repeat(100)), "file");
}

#[test]
fn the_range_of_rates_is_told_as_it_is() {
    for (hz, fits) in
        [(LOWEST_RATE - 1, false), (LOWEST_RATE, true), (HIGHEST_RATE, true), (HIGHEST_RATE + 1, false)]
    {
        let parsed = format!("-?pcm=u8&rate={hz}&channels=1").parse::<SourceUri>();
        assert_eq!(parsed.is_ok(), fits, "{hz}");
        let range = format!("{LOWEST_RATE} to {HIGHEST_RATE}");
        assert!(parsed.map_or_else(|error| error.to_string().contains(&range), |_| true), "{hz}");
    }
}

fn any_mixdown() -> impl Strategy<Value = Mixdown> {
    let number = prop::option::of(1..=HIGHEST_CHANNEL);
    (number, prop_oneof![Just(0.0), -60.0..=60.0]).prop_map(|(number, gain_db)| match number {
        None => Mixdown { gain_db, ..Mixdown::default() },
        Some(number) => one(number, gain_db),
    })
}

fn any_uri() -> impl Strategy<Value = SourceUri> {
    let speed =
        prop_oneof![Just(Speed::Max), Just(Speed::Factor(1.0)), (1e-9..=MAX_FACTOR).prop_map(Speed::Factor),];
    let encodings = prop::sample::select(Encoding::all().collect::<Vec<_>>());
    let pcm = (encodings, LOWEST_RATE..=HIGHEST_RATE, 1u16..=64).prop_map(|(encoding, rate, channels)| {
        let rate = SampleRate::new(rate).expect("not zero");
        PcmFormat { encoding, rate, channels: Channels::new(channels).expect("in range") }
    });
    prop_oneof![
        (prop::option::of("\\PC{1,20}"), any_mixdown())
            .prop_map(|(device, mixdown)| SourceUri::Microphone { device, mixdown }),
        ("[^\0]{1,30}", speed, any::<bool>(), any_mixdown()).prop_map(|(path, speed, looping, mixdown)| {
            SourceUri::File { path: path.into(), speed, looping, mixdown }
        }),
        (prop::option::of(pcm), any_mixdown()).prop_map(|(pcm, mixdown)| SourceUri::Stdin { pcm, mixdown }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(uri in any_uri()) {
        let text = uri.to_string();
        prop_assert_eq!(text.parse::<SourceUri>().expect("own spelling"), uri, "{}", text);
    }

    #[test]
    fn nothing_panics(text in "(mic:|file:|-|-\\?)?[a-z%?=&_0-9.]{0,20}\\PC{0,10}") {
        if let Ok(uri) = text.parse::<SourceUri>() {
            let name = uri.default_name();
            prop_assert!(!name.is_empty());
            prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b)));
            prop_assert_eq!(uri.to_string().parse::<SourceUri>().expect("own spelling"), uri);
        }
    }

    #[cfg(unix)]
    #[test]
    fn any_bytes_are_a_path(bytes in prop::collection::vec(1u8.., 1..40)) {
        use std::os::unix::ffi::OsStringExt;
        let path = PathBuf::from(std::ffi::OsString::from_vec(bytes));
        let uri = SourceUri::File { path, speed: Speed::Max, looping: false, mixdown: Mixdown::default() };
        prop_assert_eq!(uri.to_string().parse::<SourceUri>().expect("own spelling"), uri);
    }
}
