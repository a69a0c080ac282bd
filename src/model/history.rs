//! The newest columns of a source, contiguous in memory. Touch it when windows are cut otherwise.

/// Keeps the last `capacity` columns of `n_mels` values each.
#[derive(Debug, Clone)]
pub struct ColumnHistory {
    values: Vec<f32>,
    n_mels: usize,
    capacity: usize,
    heard: u64,
}

impl ColumnHistory {
    /// An empty history.
    pub fn new(capacity: usize, n_mels: usize) -> Self {
        Self { values: Vec::with_capacity(2 * capacity * n_mels), n_mels, capacity, heard: 0 }
    }

    /// Appends columns, frame-major.
    pub fn push(&mut self, columns: &[f32]) {
        debug_assert_eq!(columns.len() % self.n_mels, 0, "whole columns");
        self.heard += (columns.len() / self.n_mels) as u64;
        let keep = self.capacity * self.n_mels;
        let columns = &columns[columns.len().saturating_sub(keep)..];
        if self.values.len() + columns.len() > 2 * keep {
            let kept = (keep - columns.len()).min(self.values.len());
            let from = self.values.len() - kept;
            self.values.copy_within(from.., 0);
            self.values.truncate(kept);
        }
        self.values.extend_from_slice(columns);
    }

    /// Columns heard in all.
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// The newest columns that are kept, at most the capacity.
    pub fn newest(&self) -> &[f32] {
        &self.values[self.values.len().saturating_sub(self.capacity * self.n_mels)..]
    }

    /// Fills a window (whole columns, at most the capacity) with the newest columns. What has not been
    /// heard yet is filled by repeating what has, from the first column on.
    pub fn fill(&self, window: &mut [f32]) {
        let newest = self.newest();
        let newest = &newest[newest.len().saturating_sub(window.len())..];
        if newest.is_empty() {
            window.fill(0.0);
            return;
        }
        for piece in window.chunks_mut(newest.len()) {
            piece.copy_from_slice(&newest[..piece.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keeps_the_newest_columns_whatever_the_blocks(sizes in prop::collection::vec(0usize..9, 1..40)) {
            let (capacity, n_mels) = (5, 2);
            let mut history = ColumnHistory::new(capacity, n_mels);
            let mut all = Vec::new();
            for size in sizes {
                let block: Vec<f32> = (0..size * n_mels).map(|i| (all.len() + i) as f32).collect();
                history.push(&block);
                all.extend_from_slice(&block);
                let expected = &all[all.len().saturating_sub(capacity * n_mels)..];
                prop_assert_eq!(history.newest(), expected);
                prop_assert_eq!(history.heard() as usize, all.len() / n_mels);
            }
        }
    }

    #[test]
    fn a_short_history_is_repeated() {
        let mut history = ColumnHistory::new(5, 1);
        history.push(&[1.0, 2.0]);
        let mut window = [0.0; 5];
        history.fill(&mut window);
        assert_eq!(window, [1.0, 2.0, 1.0, 2.0, 1.0]);
        history.push(&[3.0, 4.0, 5.0, 6.0]);
        history.fill(&mut window);
        assert_eq!(window, [2.0, 3.0, 4.0, 5.0, 6.0]);
        let mut short = [0.0; 2];
        history.fill(&mut short);
        assert_eq!(short, [5.0, 6.0]);
    }
}
