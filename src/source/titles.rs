//! Titles on their way from whoever reads the stream to whoever plays it: cleaned, and few at a time.
//! Touch it when a title must be bounded or cleaned otherwise.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The longest title, in characters; what is longer is cut.
const LONGEST: usize = 300;

/// Titles that may wait; of more the oldest is dropped, for a newer one has taken its place anyway.
const WAITING: usize = 16;

/// Titles that were met in a stream and wait to be bound to the samples that come next. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Titles(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    last: Option<String>,
    waiting: VecDeque<String>,
}

impl Titles {
    /// A title was met. One that says the same as the one before is none.
    pub fn tell(&self, title: &str) {
        let title = cleaned(title);
        let mut state = self.state();
        if state.last.as_ref() == Some(&title) || (state.last.is_none() && title.is_empty()) {
            return;
        }
        state.last = Some(title.clone());
        if state.waiting.len() == WAITING {
            state.waiting.pop_front();
        }
        state.waiting.push_back(title);
    }

    /// The next that waits; empty if from here on there is none.
    pub fn take(&self) -> Option<String> {
        self.state().waiting.pop_front()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without control characters, without space around it or twice within, and not too long.
pub fn cleaned(title: &str) -> String {
    // Marks that turn the direction of writing would reach beyond the title.
    let is_junk = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let plain: String = title.chars().map(|c| if is_junk(c) { ' ' } else { c }).take(20 * LONGEST).collect();
    let mut cleaned = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = cleaned.char_indices().nth(LONGEST) {
        cleaned.truncate(at);
        cleaned.push('…');
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_cleaned_and_cut() {
        assert_eq!(cleaned("  A \u{1b}[31m red\r\n\tname\0 "), "A [31m red name");
        assert_eq!(cleaned("\u{202e}evil\u{200f}"), "evil");
        let long = cleaned(&"ü".repeat(5000));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn only_changes_are_told_and_few_wait() {
        let titles = Titles::default();
        titles.tell("");
        assert_eq!(titles.take(), None, "there was none before either");
        for title in ["a", "a ", "b", "", "", "b"] {
            titles.tell(title);
        }
        let told: Vec<String> = std::iter::from_fn(|| titles.take()).collect();
        assert_eq!(told, ["a", "b", "", "b"]);
        (0..100).for_each(|number| titles.tell(&number.to_string()));
        let told: Vec<String> = std::iter::from_fn(|| titles.take()).collect();
        assert_eq!((told.len(), told.last().map(String::as_str)), (WAITING, Some("99")));
    }
}
