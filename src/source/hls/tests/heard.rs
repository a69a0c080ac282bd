//! That the same audio is heard in every form of segment, with titles and holes in their place.

use super::*;

#[test]
fn every_form_gives_the_very_samples_of_the_file() {
    let whole = file("whole.aac");
    assert_eq!(whole.len() % 1024, 0);
    for playlist in ["ts.m3u8", "mp4.m3u8", "packed.m3u8"] {
        let text = String::from_utf8(bytes_of(playlist)).expect("text");
        let heard = hear(Memory::of_fixtures(), &text);
        assert_eq!(heard.error, None, "{playlist}");
        assert_eq!(heard.rates, [44_100], "{playlist}");
        assert_eq!(heard.samples.len(), whole.len(), "{playlist}");
        assert!(heard.samples == whole, "{playlist}: another sound");
        assert!(heard.gaps.is_empty(), "{playlist}: {:?}", heard.gaps);
    }
}

#[test]
fn mp3_is_heard_from_a_transport_stream() {
    let text = String::from_utf8(bytes_of("mp3.m3u8")).expect("text");
    let heard = hear(Memory::of_fixtures(), &text);
    let whole = file("whole.mp3");
    assert_eq!((heard.error, heard.rates, heard.gaps), (None, vec![32_000], Vec::new()));
    // The last segment holds a frame by itself.
    assert!(heard.samples.len() + 1152 >= whole.len(), "{} {}", heard.samples.len(), whole.len());
    assert!(heard.samples == whole[..heard.samples.len()]);
}

#[test]
fn parts_of_one_file_are_segments_too() {
    let names = ["ts0.ts", "ts1.ts", "ts2.ts"];
    let all: Vec<u8> = names.iter().flat_map(|name| bytes_of(name)).collect();
    let [first, second, third] = names.map(|name| bytes_of(name).len());
    let playlist = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.8,\n#EXT-X-BYTERANGE:{first}@0\nall.ts\n#EXTINF:0.8,\n\
         #EXT-X-BYTERANGE:{second}\nall.ts\n#EXTINF:0.4,\n#EXT-X-BYTERANGE:{third}\nall.ts\n#EXT-X-ENDLIST\n"
    );
    let heard = hear(Memory::default().with("all.ts", all), &playlist);
    assert_eq!(heard.error, None);
    assert!(heard.samples == file("whole.aac"));
}

#[test]
fn a_lost_segment_is_a_hole_of_its_length() {
    let text = String::from_utf8(bytes_of("ts.m3u8")).expect("text");
    let heard = hear(Memory::of_fixtures().without("ts1.ts", FetchError::Status(404)), &text);
    let whole = file("whole.aac");
    assert_eq!(heard.error, None);
    let [(at, seconds, reason)] = heard.gaps.as_slice() else { panic!("{:?}", heard.gaps) };
    assert!((seconds - 0.8).abs() < 0.03 && reason.contains("404"), "{seconds} {reason}");
    assert!(heard.samples[..*at] == whole[..*at], "what comes before is unharmed");
    let missing = whole.len() - heard.samples.len();
    assert!((missing as f64 / 44_100.0 - seconds).abs() < 0.03, "{missing} samples are missing");
    // The first frame behind the hole lacks what the one before would have added, and noise is another each time.
    let tail = heard.samples.len() - at - 1024;
    let pairs = heard.samples[at + 1024..].iter().zip(&whole[whole.len() - tail..]);
    let worst = pairs.map(|(heard, whole)| (heard - whole).abs()).fold(0.0, f32::max);
    assert!(worst < 0.02, "{worst}");
}

#[test]
fn another_codec_may_follow_a_discontinuity() {
    let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.8,Ann - One\nts0.ts\n#EXT-X-DISCONTINUITY\n\
                    #EXTINF:0.5,title=\"Two, Too\",artist=\"Bob\"\nmp3-0.ts\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init.mp4\"\n\
                    #EXTINF:0.8,\nmp4-0.m4s\n#EXT-X-ENDLIST\n";
    let heard = hear(Memory::of_fixtures(), playlist);
    assert_eq!((heard.error, heard.gaps.len()), (None, 0));
    assert_eq!(heard.rates, [44_100, 32_000, 44_100]);
    let titles: Vec<&str> = heard.titles.iter().map(|(_, title)| title.as_str()).collect();
    assert_eq!(titles, ["Ann - One", "Bob - Two, Too"]);
    assert!(heard.titles[1].0 > 30_000);
}

#[test]
fn titles_come_from_id3_tags_at_their_place() {
    // A tag with TIT2 and TPE1 in Latin-1, as ID3v2.4 has them.
    let frame = |name: &[u8], text: &[u8]| [name, &[0, 0, 0, text.len() as u8 + 1, 0, 0, 0], text].concat();
    let body = [frame(b"TIT2", b"Song"), frame(b"TPE1", b"Band")].concat();
    let tag = [b"ID3\x04\0\0\0\0\0".as_slice(), &[body.len() as u8], &body].concat();
    let segment = [tag, bytes_of("packed0.aac")].concat();
    let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.8,\nfirst.aac\n#EXTINF:0.8,\npacked1.aac\n#EXT-X-ENDLIST\n";
    let heard = hear(Memory::of_fixtures().with("first.aac", segment), playlist);
    assert_eq!(heard.titles, [(0, "Band - Song".to_owned())]);
    assert!(heard.samples == file("whole.aac")[..heard.samples.len()]);
}

#[test]
fn the_core_of_he_aac_is_heard_and_said_so() {
    // The configuration of HE-AAC in place of AAC-LC's, so that the boxes around it grow by two bytes.
    let mut init = bytes_of("init.mp4");
    let at = init.windows(5).position(|bytes| bytes == [5, 0x80, 0x80, 0x80, 2]).expect("a configuration");
    init.splice(at + 4..at + 7, [4, 0x2a, 0x08, 0x88, 0x00]);
    for tag in [[3, 0x80, 0x80, 0x80], [4, 0x80, 0x80, 0x80]] {
        let at = init.windows(4).position(|bytes| bytes == tag).expect("a descriptor");
        init[at + 4] += 2;
    }
    for name in [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"mp4a", b"esds"] {
        let at = init.windows(4).position(|bytes| bytes == name).expect("a box");
        let size = u32::from_be_bytes([init[at - 4], init[at - 3], init[at - 2], init[at - 1]]) + 2;
        init[at - 4..at].copy_from_slice(&size.to_be_bytes());
    }
    let text = String::from_utf8(bytes_of("mp4.m3u8")).expect("text");
    let memory = Memory::of_fixtures().with("init.mp4", init);
    let mut hls = open(memory.clone(), &text).expect("opens");
    assert!(matches!(hls.next_block(), Ok(Decoded::RateChanged(rate)) if rate.hz() == 44_100));
    assert_eq!(hls.note(), Some(HE_AAC));
    let heard = hear(memory, &text);
    assert_eq!(heard.error, None);
    assert!(heard.samples == file("whole.aac"), "the core is what it was");
}

#[test]
fn variants_lead_to_segments() {
    let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=30000,CODECS=\"mp4a.40.2\"\ngone.m3u8\n\
                  #EXT-X-STREAM-INF:BANDWIDTH=40000,CODECS=\"mp4a.40.2\"\nts.m3u8\n";
    let memory = Memory::of_fixtures();
    let heard = hear(memory.clone(), master);
    assert_eq!(heard.error, None);
    assert!(heard.samples == file("whole.aac"));
    let asked = memory.asked.lock().expect("not poisoned").clone();
    assert!(asked[0].ends_with("gone.m3u8") && asked[1].ends_with("ts.m3u8"), "{asked:?}");
}
