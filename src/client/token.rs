//! The token that a daemon may ask for, read from a file. Touch it when it is to come from elsewhere; it is never printed.

use std::fmt;
use std::io::Read;
use std::path::Path;

use axum::http::HeaderValue;

use super::ClientError;

/// Largest file, in bytes.
const MOST_BYTES: u64 = 64 << 10;

/// A token, as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(HeaderValue);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// Reads the first token of a file, which may be the daemon's own: the last word of the first line that has any and does
    /// not begin with `#`.
    ///
    /// # Errors
    /// [`ClientError::Token`] if there is none.
    pub fn from_file(path: &Path) -> Result<Self, ClientError> {
        let wrong = |why: &str| ClientError::Token { path: path.to_owned(), why: why.to_owned() };
        let file = std::fs::File::open(path).map_err(|error| wrong(&error.to_string()))?;
        let mut text = String::new();
        let read = file.take(MOST_BYTES).read_to_string(&mut text);
        read.map_err(|error| wrong(&error.to_string()))?;
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let token = lines.filter_map(|line| line.split_whitespace().last()).next();
        let token = token.ok_or_else(|| wrong("there is no token in it"))?;
        let sound = token.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::try_from(format!("Bearer {token}")).ok().filter(|_| sound);
        let mut value = value.ok_or_else(|| wrong("a token has letters, digits and signs of ASCII only"))?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The value of the header `Authorization`.
    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_token_of_either_form_is_taken_and_never_shown() {
        let place = temp_dir::TempDir::new().expect("a folder");
        let path = place.path().join("token");
        for (text, token) in [
            ("secret-secret-secret\n", Some("secret-secret-secret")),
            (
                "# mine\n\n page events secret-secret-secret\nother-other-other\n",
                Some("secret-secret-secret"),
            ),
            ("# mine\n", None),
            ("sécret", None),
        ] {
            std::fs::write(&path, text).expect("written");
            let read = Token::from_file(&path);
            match token {
                Some(token) => {
                    let read = read.expect("a token");
                    assert_eq!(read.header(), format!("Bearer {token}"));
                    assert!(!format!("{read:?} {:?}", read.header()).contains("secret"));
                }
                None => assert!(!read.expect_err("none").to_string().contains("cret")),
            }
        }
        assert!(Token::from_file(&place.path().join("none")).is_err());
    }
}
