//! Takes the titles out of the audio that an Icecast or SHOUTcast server sends with `Icy-MetaData: 1`.
//! Touch it when a station's titles are not understood.

use std::io::{self, Read};
use std::sync::Arc;

use crate::source::http::text::decoded;
use crate::source::titles::Titles;
use crate::stats::Counter;

/// The longest stretch of audio between two titles that is believed, in bytes.
const LONGEST_STRETCH: u64 = 1 << 24;

/// Passes the audio on and the titles to [`Titles`]. A read never goes beyond a title, so that whoever reads no more
/// than is needed has decoded all that comes before it when it is told.
pub(in crate::source) struct IcyReader<R> {
    inner: R,
    /// Bytes of audio between two blocks of metadata; `None` if there are none.
    stretch: Option<u64>,
    /// Bytes of audio until the next.
    left: u64,
    titles: Titles,
    /// Bytes of audio that were passed on.
    passed: Arc<Counter>,
}

impl<R: Read> IcyReader<R> {
    /// `metaint` is the header of that name. One that is no sensible number is ignored, as there are no titles then.
    pub(in crate::source) fn new(
        inner: R,
        metaint: Option<&str>,
        titles: Titles,
        passed: Arc<Counter>,
    ) -> Self {
        let stretch =
            metaint.and_then(|value| value.parse().ok()).filter(|n| (1..=LONGEST_STRETCH).contains(n));
        Self { inner, stretch, left: stretch.unwrap_or(0), titles, passed }
    }

    /// One block: its length in units of 16 bytes, then so much text, filled up with zeros.
    fn metadata(&mut self) -> io::Result<()> {
        let mut length = [0];
        self.inner.read_exact(&mut length)?;
        // 4080 bytes at most.
        let mut block = vec![0; usize::from(length[0]) * 16];
        self.inner.read_exact(&mut block)?;
        if let Some(title) = stream_title(&block) {
            self.titles.tell(&title);
        }
        Ok(())
    }
}

impl<R: Read> Read for IcyReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut most = out.len();
        if let Some(stretch) = self.stretch {
            if self.left == 0 && !out.is_empty() {
                match self.metadata() {
                    Ok(()) => self.left = stretch,
                    // It ended within the metadata: all of the audio has been passed on.
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                    Err(error) => return Err(error),
                }
            }
            most = most.min(usize::try_from(self.left).unwrap_or(usize::MAX));
        }
        let read = self.inner.read(out.get_mut(..most).unwrap_or_default())?;
        self.left = self.left.saturating_sub(read as u64);
        self.passed.add(read as u64);
        Ok(read)
    }
}

/// The title in a block of metadata: `StreamTitle='…';`, where the title may hold quotes; `None` if it names none.
fn stream_title(block: &[u8]) -> Option<String> {
    let end = block.iter().rposition(|byte| *byte != 0)? + 1;
    let text = decoded(block.get(..end)?);
    let text = text.replace('\0', " ");
    // Matched without regard to case, in ASCII, so that places in the text stay what they are.
    let at = text.to_ascii_lowercase().find("streamtitle=")? + "streamtitle=".len();
    let value = text.get(at..)?;
    let Some(quoted) = value.strip_prefix('\'') else {
        return Some(value.split(';').next().unwrap_or_default().to_owned());
    };
    // The next field begins behind `';`; what looks like its end within a title is no end.
    let next = quoted
        .match_indices("';")
        .find(|(at, _)| is_end(quoted.get(at + 2..).unwrap_or_default()))
        .map(|(at, _)| at);
    let title = next.map_or_else(
        || quoted.trim_end().trim_end_matches([';', '\'']),
        |at| quoted.get(..at).unwrap_or_default(),
    );
    Some(title.to_owned())
}

/// Whether nothing, or another field, follows.
fn is_end(rest: &str) -> bool {
    let rest = rest.trim_start();
    let name = rest.split_once('=').map(|(name, _)| name);
    rest.is_empty()
        || name.is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn titles_are_read_as_stations_write_them() {
        let title = |text: &str| stream_title(text.as_bytes());
        assert_eq!(title("StreamTitle='A - B';StreamUrl='http://x';\0\0").as_deref(), Some("A - B"));
        assert_eq!(
            title("StreamTitle='Guns N' Roses - Don't; Cry';").as_deref(),
            Some("Guns N' Roses - Don't; Cry")
        );
        assert_eq!(title("StreamTitle='It';s me';StreamUrl='';").as_deref(), Some("It';s me"));
        assert_eq!(title("StreamUrl='x';streamtitle='b';").as_deref(), Some("b"));
        assert_eq!(title("StreamTitle='';").as_deref(), Some(""));
        assert_eq!(title("StreamTitle='cut").as_deref(), Some("cut"));
        assert_eq!(title("StreamTitle=bare;").as_deref(), Some("bare"));
        assert_eq!(stream_title(b"StreamTitle='Mot\xf6rhead';\0").as_deref(), Some("Motörhead"));
        assert_eq!(title("StreamUrl='x';"), None);
        assert_eq!(title("\0\0"), None);
        assert_eq!(title(""), None);
    }

    /// A stream of that audio with a title before each byte whose number is in `titles`.
    fn stream(audio: &[u8], stretch: usize, titles: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (place, piece) in audio.chunks(stretch).enumerate() {
            bytes.extend(piece);
            if piece.len() == stretch {
                let mut text = titles
                    .get(place)
                    .map_or(String::new(), |title| format!("StreamTitle='{title}';"))
                    .into_bytes();
                text.resize(text.len().next_multiple_of(16), 0);
                bytes.push((text.len() / 16) as u8);
                bytes.extend(text);
            }
        }
        bytes
    }

    /// Gives so many bytes at a time.
    struct Pieces(io::Cursor<Vec<u8>>, usize);

    impl Read for Pieces {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let most = out.len().min(self.1);
            self.0.read(&mut out[..most])
        }
    }

    proptest! {
        #[test]
        fn audio_and_titles_are_parted_however_they_arrive(stretch in 1usize..50, piece in 1usize..70, ask in 1usize..90) {
            let audio: Vec<u8> = (0..500u32).map(|n| (n % 251) as u8).collect();
            let names = ["a", "b - c", "", "d"];
            let bytes = stream(&audio, stretch, &names);
            let (titles, passed) = (Titles::default(), Arc::<Counter>::default());
            let metaint = stretch.to_string();
            let mut reader = IcyReader::new(Pieces(io::Cursor::new(bytes), piece), Some(&metaint), titles.clone(), Arc::clone(&passed));
            let (mut heard, mut told) = (Vec::new(), Vec::new());
            let mut out = vec![0; ask];
            loop {
                let read = reader.read(&mut out).expect("reads");
                if let Some(title) = titles.take() {
                    // The bytes of this read are the first behind it.
                    prop_assert_eq!(heard.len() % stretch, 0);
                    told.push((heard.len() / stretch, title));
                }
                if read == 0 { break; }
                heard.extend_from_slice(&out[..read]);
            }
            prop_assert_eq!(&heard, &audio);
            prop_assert_eq!(passed.get(), 500);
            let expected: Vec<(usize, String)> = names.iter().enumerate().map(|(n, name)| (n + 1, (*name).to_owned())).collect();
            prop_assert_eq!(told, expected);
        }

        #[test]
        fn no_metadata_makes_it_panic(block in prop::collection::vec(any::<u8>(), 0..200), text in "StreamTitle='[a-z';=\0 ]{0,60}") {
            let _ = stream_title(&block);
            let _ = stream_title(text.as_bytes());
        }
    }

    #[test]
    fn a_stretch_that_cannot_be_meant_is_none() {
        for metaint in [None, Some("0"), Some("-1"), Some("many"), Some("99999999999999999999")] {
            let mut heard = Vec::new();
            IcyReader::new(&b"plain"[..], metaint, Titles::default(), Arc::default())
                .read_to_end(&mut heard)
                .expect("reads");
            assert_eq!(heard, b"plain");
        }
    }
}
