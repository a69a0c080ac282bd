//! The flag of the commands that may ask a daemon over TLS. Touch it when trust is to come from elsewhere.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Names the file where the flag does not.
const VARIABLE: &str = "GENRECAST_CA_FILE";

#[derive(Args)]
pub(super) struct TrustFlag {
    /// Over TLS (wss://, https://), trust the certificates in this PEM file instead of the system's [default:
    /// $GENRECAST_CA_FILE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ca_file: Option<PathBuf>,
}

impl TrustFlag {
    /// The file, if one is named.
    pub fn file(&self) -> Option<PathBuf> {
        let variable = || std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        self.ca_file.clone().or_else(variable)
    }
}
