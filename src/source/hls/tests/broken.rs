//! That what cannot be played ends in words, within bounds.

use super::super::playlist::{self, Playlist};
use super::*;
use proptest::prelude::*;

const ONE: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.8,\nbad\n#EXT-X-ENDLIST\n";

/// A playlist of so many segments of that name.
fn many(name: &str, count: usize) -> String {
    let mut text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n".to_owned();
    for _ in 0..count {
        text += &format!("#EXTINF:0.8,\n{name}\n");
    }
    text + "#EXT-X-ENDLIST\n"
}

#[test]
fn segments_that_are_none_end_the_session_after_a_few() {
    let noise: Vec<u8> = (0..5000u32).map(|n| (n * n % 253) as u8).collect();
    for (body, part) in [
        (b"<html>no</html>".to_vec(), "neither MPEG-TS nor"),
        (noise, "neither MPEG-TS nor"),
        (bytes_of("mp4-0.m4s"), "no EXT-X-MAP"),
        (Vec::new(), "neither MPEG-TS nor"),
        (vec![0x47; 188], "no audio"),
    ] {
        let memory = Memory::default().with("bad", body);
        let heard = hear(memory.clone(), &many("bad", 100));
        let error = heard.error.expect("it cannot be played");
        assert!(error.starts_with("5 segments in a row") && error.contains(part), "{error}");
        assert_eq!(memory.asked.lock().expect("not poisoned").len(), 5);
        assert_eq!(heard.gaps.len(), 4);
    }
}

#[test]
fn a_segment_that_never_ends_is_not_taken() {
    let memory = Memory::default().with("bad", vec![0x47; 17 * 1024 * 1024]);
    let heard = hear(memory, &many("bad", 1));
    assert!(heard.gaps[0].2.contains("longer than 16777216 bytes"), "{:?}", heard.gaps);
}

#[test]
fn a_server_that_has_trouble_is_asked_once_more() {
    let memory = Memory::default().without("bad", FetchError::Status(503));
    hear(memory.clone(), ONE);
    assert_eq!(memory.asked.lock().expect("not poisoned").len(), 2);
    let memory = Memory::default();
    hear(memory.clone(), ONE);
    assert_eq!(memory.asked.lock().expect("not poisoned").len(), 1, "404 is an answer");
}

#[test]
fn one_good_segment_makes_up_for_lost_ones() {
    let mut text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n".to_owned();
    for _ in 0..4 {
        text += "#EXTINF:1,\nbad\n#EXTINF:1,\nbad\n#EXTINF:1,\nbad\n#EXTINF:0.8,\nts0.ts\n";
    }
    let heard = hear(Memory::of_fixtures(), &(text + "#EXT-X-ENDLIST\n"));
    assert_eq!((heard.error, heard.gaps.len()), (None, 12));
}

#[test]
fn what_cannot_be_played_is_said_at_once() {
    let key = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:1,\nts0.ts\n#EXT-X-ENDLIST\n";
    let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmaster.m3u8\n";
    for (playlist, part) in [
        (key, "encrypted (AES-128)"),
        (master, "names another list of variants"),
        (
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\ngone.m3u8\n",
            "gone.m3u8 cannot be had: the server answered 404",
        ),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-ENDLIST\n", "lists no segment"),
        ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "no address"),
        ("<html>", "does not begin with #EXTM3U"),
    ] {
        let heard = hear(Memory::of_fixtures().with("master.m3u8", master), playlist);
        let error = heard.error.unwrap_or_else(|| panic!("{playlist} was played"));
        assert!(error.contains(part), "{error}");
        assert!(heard.samples.is_empty());
    }
    let passed = key.replace("#EXT-X-KEY:METHOD=AES-128,URI=\"k\"", "#EXT-X-KEY:METHOD=NONE");
    assert_eq!(hear(Memory::of_fixtures(), &passed).error, None);
}

fn read(text: &[u8]) -> Result<Playlist, HlsError> {
    playlist::parse(text, &Address::parse("http://radio.example/x.m3u8").expect("an address"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_playlist_makes_it_panic(text in "(#EXT(M3U|INF:|-X-(KEY|MAP|MEDIA|STREAM-INF|BYTERANGE|MEDIA-SEQUENCE):?)|[A-Z]+=|\"|,|=|@|-?[0-9]{1,25}|\\.|a\\.ts|\n|\r| |é|%){0,60}") {
        let _ = read(text.as_bytes());
        let _ = read(format!("#EXTM3U\n{text}").as_bytes());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
        let _ = read(&[b"#EXTM3U\n".as_slice(), &bytes].concat());
        let _ = super::super::segment::kind(&bytes);
        let _ = super::super::id3::title(&[b"ID3".as_slice(), &bytes].concat());
        let _ = super::super::lines::title_of(&String::from_utf8_lossy(&bytes));
    }
}
