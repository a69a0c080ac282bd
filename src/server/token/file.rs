//! The file that tokens are read from: a line each, `TOKEN` or `NAME SCOPES TOKEN`. Touch it when the form changes. No
//! message quotes a word of it, for any of them may be a token.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Grant, Scopes, Tokens, hash};

/// Fewest characters of a token: 16 of them drawn at random cannot be guessed.
const SHORTEST: usize = 16;

/// Longest token that fits into the head of a request beside everything else, in characters.
const LONGEST: usize = 1024;

/// Largest file, in bytes.
const MOST_BYTES: u64 = 64 << 10;

/// What an unnamed token is called.
const UNNAMED: &str = "token";

/// Why a file of tokens cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the file of tokens {}: {reason}", .path.display())]
pub struct TokenError {
    /// The file.
    path: PathBuf,
    /// What was expected, what came, what to do.
    reason: String,
}

/// A file that was read.
#[derive(Debug, Clone)]
pub struct TokenFile {
    /// What stands in it.
    pub tokens: Tokens,
    /// What is not as it should be, and how to mend it.
    pub warning: Option<String>,
}

impl TokenFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TokenError`] if it cannot be read, is not UTF-8, holds no token, or one that is too short.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let failed = |reason: String| TokenError { path: path.to_owned(), reason };
        let io = |error: std::io::Error| failed(format!("cannot be read: {error}"));
        let file = File::open(path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.permissions().mode();
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(failed(format!("expected at most {MOST_BYTES} bytes, one token a line")));
        }
        let text =
            String::from_utf8(bytes).map_err(|_| failed("must be UTF-8 text, one token a line".into()))?;
        let warning = (mode & 0o004 != 0).then(|| {
            let path = path.display();
            format!("every user of this machine can read the file of tokens {path}; chmod o-r {path}")
        });
        Ok(Self { tokens: parse(&text).map_err(failed)?, warning })
    }
}

pub(in crate::server) fn parse(text: &str) -> Result<Tokens, String> {
    let mut grants: Vec<Grant> = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let (name, scopes, token) = match words[..] {
            [token] => (UNNAMED, Some(Scopes::ALL), token),
            [name, scopes, token] => (name, Scopes::parse(scopes), token),
            _ => {
                let count = words.len();
                return Err(format!(
                    "line {number}: expected TOKEN, or NAME SCOPES TOKEN, got {count} words"
                ));
            }
        };
        let scopes = scopes.ok_or_else(|| {
            format!("line {number}: the second word must be all, or some of events,history,upload,metrics")
        })?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("line {number}: a token has letters, digits and signs of ASCII only"));
        }
        if !(SHORTEST..=LONGEST).contains(&token.len()) {
            let length = token.len();
            return Err(format!(
                "line {number}: a token has {SHORTEST} to {LONGEST} characters, this one {length}; \
                 `openssl rand -hex 32` makes a good one"
            ));
        }
        let hash = hash(token);
        if grants.iter().any(|grant| grant.hash == hash || (*grant.name == *name && name != UNNAMED)) {
            return Err(format!("line {number}: this name or token stands there already; each stands once"));
        }
        grants.push(Grant { name: name.into(), scopes, hash });
    }
    match grants.is_empty() {
        true => Err("there is no token in it; `openssl rand -hex 32` makes a good one".into()),
        false => Ok(Tokens(grants)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scope;
    use super::*;

    const LONG: &str = "0123456789abcdef";

    #[test]
    fn a_line_is_a_token_or_a_name_with_scopes_and_a_token() {
        let text = format!(
            "# ours\n\n{LONG}\r\n  page events,history {LONG}2  \nci upload {LONG}3\nme all {LONG}4\n"
        );
        let tokens = parse(&text).expect("sound");
        let scopes = |token: &str| tokens.find(token).map(|grant| grant.scopes.to_string());
        assert_eq!(scopes(LONG).as_deref(), Some("events,history,upload,metrics"));
        assert_eq!(scopes(&format!("{LONG}2")).as_deref(), Some("events,history"));
        assert_eq!(scopes(&format!("{LONG}3")).as_deref(), Some("upload"));
        assert_eq!(scopes(&format!("{LONG}4")), scopes(LONG));
        for wrong in ["", "0123456789abcde", "page", "events,history", &LONG.to_uppercase()] {
            assert!(tokens.find(wrong).is_none(), "{wrong}");
        }
        let page = tokens.find(&format!("{LONG}2")).expect("there");
        assert!(page.scopes.has(Scope::History) && !page.scopes.has(Scope::Upload));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_never_quoted() {
        for (text, says) in [
            ("", "there is no token"),
            ("# only this\n \n", "there is no token"),
            ("secret-secret", "line 1: a token has 16 to 1024 characters, this one 13"),
            ("secret secret-secret-secret", "line 1: expected TOKEN, or NAME SCOPES TOKEN, got 2 words"),
            ("page secret secret-secret-secret", "line 1: the second word must be all"),
            ("page events, secret-secret-secret", "line 1: the second word must be all"),
            ("#\nsecret-secret-sécret", "line 2: a token has letters"),
            ("secret-secret-secret\nsecret-secret-secret", "line 2: this name or token stands there already"),
            ("a all secret-secret-secret\na all secret-secret-secret2", "line 2: this name or token"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(says) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn nothing_of_a_token_can_be_printed() {
        let tokens = parse(&format!("page events {LONG}")).expect("sound");
        let grant = tokens.find(LONG).expect("there");
        for printed in [format!("{tokens:?}"), format!("{grant:?}"), tokens.to_string()] {
            assert!(printed.contains("page") && !printed.contains(LONG), "{printed}");
        }
    }

    #[test]
    fn a_file_must_be_text_and_should_be_ones_own() {
        let place = temp_dir::TempDir::new().expect("a folder");
        let path = place.path().join("tokens");
        let read = |bytes: &[u8], mode| {
            std::fs::write(&path, bytes).expect("written");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("set");
            TokenFile::read(&path)
        };
        assert!(read(LONG.as_bytes(), 0o600).expect("sound").warning.is_none());
        let warning = read(LONG.as_bytes(), 0o644).expect("sound").warning.expect("a warning");
        assert!(warning.contains("chmod o-r"), "{warning}");
        let error = read(b"0123456789abcdef\xff", 0o600).expect_err("not text").to_string();
        assert!(error.contains("must be UTF-8") && error.contains("tokens"), "{error}");
        let error = read(&vec![b'\n'; 70_000], 0o600).expect_err("too big").to_string();
        assert!(error.contains("at most 65536 bytes"), "{error}");
        let error = TokenFile::read(&place.path().join("none")).expect_err("absent").to_string();
        assert!(error.contains("cannot be read"), "{error}");
    }
}
