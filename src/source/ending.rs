//! How a stream ended. Touch it when more is to be told of damage.

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// `None` when it was complete; else what is missing or broken, in words.
    pub damage: Option<String>,
}
