//! A program and its arguments, in words that show no password. Touch it when something else in them is a secret.

use std::fmt;

/// A program and its arguments. What it shows, also for debugging, has no user and password of addresses in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Program(Vec<String>);

impl Program {
    /// The words, the first of which is the program.
    pub fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// Whether there is no program.
    pub fn is_empty(&self) -> bool {
        self.0.first().is_none_or(String::is_empty)
    }

    /// The program, as it is called.
    pub fn name(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    pub(super) fn arguments(&self) -> &[String] {
        self.0.get(1..).unwrap_or_default()
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, word) in self.0.iter().enumerate() {
            let word = redacted(word);
            // A word with a zero in it cannot be written for a shell; it cannot be started either.
            let quoted = shlex::try_quote(&word).unwrap_or_default();
            write!(f, "{}{quoted}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The same text without the user and password of any address in it.
pub(in crate::source) fn redacted(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown += before;
        shown += "://";
        let end = after.find(|c: char| c.is_whitespace() || "/?#\"'".contains(c)).unwrap_or(after.len());
        let authority = after.get(..end).unwrap_or_default();
        match authority.rfind('@') {
            Some(at) => {
                shown += "…";
                rest = after.get(at..).unwrap_or_default();
            }
            None => rest = after,
        }
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let words = ["ffmpeg", "-i", "rtsp://me:s3@cret@cam:554/a?b", "-t", "a b"].map(String::from);
        let program = Program::new(words.to_vec());
        for shown in [program.to_string(), format!("{program:?}")] {
            assert!(
                shown.contains("rtsp://…@cam:554/a?b") && !shown.contains("s3") && shown.contains("'a b'"),
                "{shown}"
            );
        }
        assert_eq!(redacted("x http://a/b@c and ftp://u@h"), "x http://a/b@c and ftp://…@h");
        assert_eq!(redacted("plain @ text"), "plain @ text");
        assert_eq!(redacted("://@://@"), "://…@://…@");
    }
}
