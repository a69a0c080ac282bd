//! That playlists are read as they are found, sloppy ones too, and that nothing makes the reading panic.

use proptest::prelude::*;

use super::*;

fn entries(text: &str, content_type: &str, path: &str) -> (Form, Vec<String>) {
    let form = Form::of(text.as_bytes(), Some(content_type), path).expect("a playlist");
    (form, form.entries(text.as_bytes()))
}

#[test]
fn pls_in_the_order_of_its_numbers() {
    let text = "[playlist]\r\nNumberOfEntries=2\r\nFile2=http://b/2\r\nTitle1=x=y\r\nfile1 = http://a/1?x=y\r\nLength1=-1\r\n";
    assert_eq!(
        entries(text, "text/plain", "/"),
        (Form::Pls, vec!["http://a/1?x=y".into(), "http://b/2".into()])
    );
    let windows = "[Reference]\nRef1=http://a/1?MSWMExt=.asf\nRef2=http://a/2\n";
    assert_eq!(entries(windows, "video/x-ms-asf", "/").1, ["http://a/1?MSWMExt=.asf", "http://a/2"]);
}

#[test]
fn m3u_with_and_without_a_head() {
    let text = "\u{feff}#EXTM3U\r\n#EXTINF:-1,Name\r\nhttp://a/1\r\n\r\nhttp://a/1\r\nrel/2.mp3";
    assert_eq!(entries(text, "", "/"), (Form::M3u, vec!["http://a/1".into(), "rel/2.mp3".into()]));
    assert_eq!(entries("http://a/1\rhttp://a/2", "audio/x-mpegurl", "/").1, ["http://a/1", "http://a/2"]);
    assert_eq!(entries("http://a/1\n", "text/plain", "/list.M3U").1, ["http://a/1"]);
    assert_eq!(entries("#EXTM3U\n#EXT-X-TARGETDURATION:6\n", "", "/").0, Form::Hls);
}

#[test]
fn xspf_takes_the_tracks_only() {
    let text = r#"<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><location>http://no/</location>
        <trackList><track><title>x</title><location> http://a/1?x=1&amp;y=2&#38;z </location></track>
        <track><location><![CDATA[http://a/2]]></location></track></trackList></playlist>"#;
    assert_eq!(
        entries(text, "", "/"),
        (Form::Xspf, vec!["http://a/1?x=1&y=2&z".into(), "http://a/2".into()])
    );
}

#[test]
fn asx_however_sloppy() {
    let text = "<ASX version=3>\n<Title>A & B</TITLE><Entry><REF HREF=\"http://a/1?x=1&y=2\" />\n<ref href='http://a/2'></entry>\n\
                <EntryRef href=http://a/3.asx></ASX>";
    let expected: Vec<String> =
        vec!["http://a/1?x=1&y=2".into(), "http://a/2".into(), "http://a/3.asx".into()];
    assert_eq!(entries(text, "video/x-ms-asf", "/"), (Form::Asx, expected));
}

#[test]
fn what_is_no_playlist_is_none() {
    for (head, content_type, path) in [
        (&b"\xff\xfb\x90\0\0"[..], Some("audio/x-mpegurl"), "/"),
        (b"OggS\0\x02", Some("audio/x-scpls"), "/x.pls"),
        (b"<html><body>", None, "/"),
        (b"", Some("audio/x-mpegurl"), "/"),
        (b"ID3\x04\0", Some("audio/mpeg"), "/x.mp3"),
    ] {
        assert_eq!(Form::of(head, content_type, path), None);
    }
}

#[test]
fn a_bomb_is_cut_off() {
    let bomb: String = (0..10_000).map(|number| format!("http://a/{number}\n")).collect();
    assert_eq!(Form::M3u.entries(bomb.as_bytes()).len(), ENTRIES);
    let nested = "<a>".repeat(100_000);
    assert!(Form::Xspf.entries(nested.as_bytes()).is_empty());
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "[<>a-z=\"'&;!\\[\\] /?-]{0,200}") {
        for input in [&bytes[..], text.as_bytes()] {
            let _ = Form::of(input, Some("audio/x-mpegurl"), "/x.pls");
            for form in [Form::Pls, Form::M3u, Form::Hls, Form::Xspf, Form::Asx] {
                prop_assert!(form.entries(input).len() <= ENTRIES);
            }
        }
    }
}
