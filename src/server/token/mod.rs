//! The tokens by which clients are let in, and what each opens. Only their hashes are kept, so nothing can print one.
//! Touch it when there is something new to open. The form of their file is in `file`.

mod file;
mod grant;

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

#[cfg(any(fuzzing, test))]
pub(super) use file::parse as parse_file;
pub use file::{TokenError, TokenFile};
pub use grant::{Scope, Scopes};

/// The tokens that the operator has given out; at least one.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens(Vec<Grant>);

/// One token: its name, what it opens, and its hash.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Grant {
    name: Arc<str>,
    scopes: Scopes,
    hash: [u8; 32],
}

impl Tokens {
    /// What this token opens; `None` if it is none of them. It takes as long for one that is nearly right as for any other.
    pub(super) fn find(&self, token: &str) -> Option<&Grant> {
        let hash = hash(token);
        let mut found = None;
        for grant in &self.0 {
            if bool::from(grant.hash.ct_eq(&hash)) {
                found = Some(grant);
            }
        }
        found
    }

    /// Whether this grant is still given.
    pub(super) fn give(&self, grant: &Grant) -> bool {
        self.0.contains(grant)
    }
}

/// Names and what they open, for the log.
impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |grant: &Grant| format!("{} ({})", grant.name, grant.scopes);
        f.write_str(&self.0.iter().map(one).collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({self})")
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grant({}: {})", self.name, self.scopes)
    }
}

impl Grant {
    pub(super) fn scopes(&self) -> Scopes {
        self.scopes
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
