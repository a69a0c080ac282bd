//! Standard input as a source: a container, or raw samples.
//! Touch it when reading it must be interruptible in another way.

use std::io::{self, IsTerminal, Read};
use std::thread;

use crossbeam_channel::{Receiver, bounded, select};

use super::decode::Decoder;
use super::error::SourceError;
use super::line::{Line, Outcome};
use super::mixdown::Mixdown;
use super::pcm::PcmFormat;
use super::player;
use super::stop::Stop;
use super::uri::Speed;

/// Bytes per block, as many as a pipe holds.
const BLOCK: usize = 64 * 1024;

/// Blocks that wait between the reading thread and the decoder.
const WAITING: usize = 4;

/// Plays standard input to its end. Its writer sets the pace; nothing is lost.
pub(super) fn play(
    pcm: Option<PcmFormat>,
    mixdown: Mixdown,
    line: &mut Line<'_>,
) -> Result<Outcome, SourceError> {
    refuse_terminal_stdin()?;
    let reader = Interruptible::spawn(io::stdin(), line.stop.clone())?;
    let decoder = match pcm {
        None => Decoder::open_stream(reader, None, mixdown)?,
        Some(format) => Decoder::open_pcm(reader, format, mixdown)?,
    };
    player::play(decoder, Speed::Max, None, line)
}

/// Refuses a standard input from which nothing but somebody's keys can come; reading it would wait without a word.
///
/// # Errors
/// [`SourceError::Terminal`] when it is a terminal.
pub fn refuse_terminal_stdin() -> Result<(), SourceError> {
    refuse_terminal(&io::stdin())
}

fn refuse_terminal(input: &impl IsTerminal) -> Result<(), SourceError> {
    if input.is_terminal() { Err(SourceError::Terminal) } else { Ok(()) }
}

/// Reads through a thread of its own, so that a reader that never returns cannot keep anyone from stopping.
struct Interruptible {
    blocks: Receiver<io::Result<Vec<u8>>>,
    stop: Stop,
    current: io::Cursor<Vec<u8>>,
}

impl Interruptible {
    /// The thread is not joined: nothing can end a read that waits for input which never comes, short of the end of
    /// the process. It holds nothing but its block, and ends by itself after the next read.
    fn spawn(mut input: impl Read + Send + 'static, stop: Stop) -> Result<Self, SourceError> {
        let (sender, blocks) = bounded(WAITING);
        thread::Builder::new()
            .name("stdin".into())
            .spawn(move || {
                let mut buffer = vec![0; BLOCK];
                loop {
                    let read = match input.read(&mut buffer) {
                        Ok(0) => return,
                        Ok(read) => Ok(buffer.get(..read).unwrap_or_default().to_vec()),
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                        Err(e) => Err(e),
                    };
                    let failed = read.is_err();
                    if sender.send(read).is_err() || failed {
                        return;
                    }
                }
            })
            .map_err(|io| SourceError::Thread { io })?;
        Ok(Self { blocks, stop, current: io::Cursor::default() })
    }
}

impl Read for Interruptible {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.current.read(buf)?;
            if read > 0 || buf.is_empty() {
                return Ok(read);
            }
            let block = select! {
                recv(self.blocks) -> block => block,
                recv(self.stop.gone()) -> _ => return Err(io::Error::other("told to stop")),
            };
            match block {
                Ok(block) => self.current = io::Cursor::new(block?),
                Err(_) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_through_in_order() {
        let bytes: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
        let input = io::Cursor::new(bytes.clone());
        let mut reader = Interruptible::spawn(input, Stop::new()).expect("a thread");
        let mut read = Vec::new();
        reader.read_to_end(&mut read).expect("reads");
        assert_eq!(read, bytes);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_terminal_is_refused_with_an_example() {
        let terminal = std::fs::File::open("/dev/ptmx").expect("a pseudo-terminal");
        let error = refuse_terminal(&terminal).expect_err("it is one");
        assert!(error.to_string().contains("is a terminal"), "{error}");
        assert!(error.remedy().is_some_and(|remedy| remedy.contains("| genrecast run --source -")));
        let file = std::fs::File::open("/dev/null").expect("opens");
        assert!(refuse_terminal(&file).is_ok());
    }

    #[test]
    fn a_reader_that_never_returns_does_not_keep_us() {
        let (quiet, _writer) = io::pipe().expect("a pipe");
        let stop = Stop::new();
        let mut reader = Interruptible::spawn(quiet, stop.clone()).expect("a thread");
        let waiting = thread::spawn(move || reader.read(&mut [0; 8]));
        stop.stop();
        let error = waiting.join().expect("no panic").expect_err("stopped");
        assert_eq!(error.kind(), io::ErrorKind::Other);
    }
}
