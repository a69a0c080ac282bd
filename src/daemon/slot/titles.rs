//! Titles of a source, told when the samples have been read from which they hold. Touch it when titles may come otherwise.

use super::Slot;
use crate::daemon::work::Job;

/// Titles that may wait for their samples.
const MOST_TITLES: usize = 16;

impl Slot {
    /// A title holds from the sample `at` of the present stream on.
    pub(super) fn await_title(&mut self, at: u64, title: String) {
        let Some(playing) = &self.playing else { return };
        self.titles.push_back((playing.first.after(at), title));
        if self.titles.len() > MOST_TITLES {
            self.tell_titles(true);
        }
    }

    /// Posts the titles whose samples have been read, or all.
    pub(super) fn tell_titles(&mut self, all: bool) {
        let Some(playing) = &self.playing else { return };
        let (rate, read) = (playing.rate, playing.position);
        while let Some((at, title)) = self.titles.pop_front_if(|(at, _)| all || *at <= read) {
            self.post(Job::Title { at_s: rate.seconds(at.0), title });
        }
    }
}
