//! The flag of the commands that ask a daemon for something. Touch it when the token is to come from elsewhere.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use genrecast::client::{ClientError, Token};

/// Names the file where the flag does not.
const VARIABLE: &str = "GENRECAST_TOKEN_FILE";

#[derive(Args)]
pub(super) struct TokenFlag {
    /// The file with the token that the daemon asks for [default: $GENRECAST_TOKEN_FILE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,
}

impl TokenFlag {
    /// The token, if there is a file named.
    pub fn token(&self) -> Result<Option<Token>, ClientError> {
        self.path().map(|path| Token::from_file(&path)).transpose()
    }

    /// The file that is named.
    pub fn path(&self) -> Option<PathBuf> {
        let variable = || std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        self.token_file.clone().or_else(variable)
    }
}
