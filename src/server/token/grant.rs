//! What a token can open. Touch it to add a scope, with the paths that ask for it in `access`.

use std::fmt;

/// A part of what the daemon serves that a token may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What plays now: events as they come, the present state, mel columns.
    Events = 1,
    /// What played before.
    History = 2,
    /// To have files classified.
    Upload = 4,
    /// What is counted, for whoever watches the daemon.
    Metrics = 8,
}

/// Some of the scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scope {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Events, Self::History, Self::Upload, Self::Metrics];

    /// Its word in the file and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::History => "history",
            Self::Upload => "upload",
            Self::Metrics => "metrics",
        }
    }
}

impl Scopes {
    /// Everything.
    pub const ALL: Self = Self(15);

    /// From `all`, or names with commas between them; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::ALL);
        }
        text.split(',').try_fold(Self(0), |scopes, name| {
            let scope = Scope::ALL.into_iter().find(|scope| scope.name() == name)?;
            Some(Self(scopes.0 | scope as u8))
        })
    }

    /// Whether this one is among them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope as u8 != 0
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope)).map(Scope::name)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(","))
    }
}
