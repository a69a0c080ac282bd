//! A share of clips and how sure it is. Touch it when another interval is wanted.

/// So many of so many, which are at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    hits: usize,
    of: usize,
}

impl Share {
    /// The share of the items that are hits; `None` if there are no items.
    pub fn of<T>(items: &[T], hit: impl Fn(&T) -> bool) -> Option<Self> {
        let hits = items.iter().filter(|&item| hit(item)).count();
        (!items.is_empty()).then_some(Self { hits, of: items.len() })
    }

    /// From 0 to 1.
    pub fn value(self) -> f64 {
        self.hits as f64 / self.of as f64
    }

    /// Wilson's score interval of 95 % (E. B. Wilson, 1927).
    pub fn interval_95(self) -> [f64; 2] {
        const Z: f64 = 1.959_964;
        let (share, n) = (self.value(), self.of as f64);
        let scale = 1.0 + Z * Z / n;
        let centre = (share + Z * Z / (2.0 * n)) / scale;
        let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
        // Rounding must not lead out of what a share can be.
        [(centre - half).max(0.0), (centre + half).min(1.0)]
    }
}
