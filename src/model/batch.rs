//! Several sources side by side in the tensors of one run. Touch it when runs are to be for other numbers of sources.

/// Rows of a run for so many sources: a power of two, so that a device meets few sizes and has what each needs ready.
pub(super) fn rows(sources: usize) -> usize {
    sources.next_power_of_two()
}

/// Makes `values` so many rows of `length` and has `write` write that of each source; rows that are left are those of the
/// first, because what is made up might be no number.
pub(super) fn fill<S>(
    values: &mut Vec<f32>,
    length: usize,
    sources: &[S],
    mut write: impl FnMut(&mut [f32], &S),
) {
    values.resize(rows(sources.len()) * length, 0.0);
    for (place, source) in sources.iter().enumerate() {
        write(&mut values[place * length..(place + 1) * length], source);
    }
    for place in sources.len()..rows(sources.len()) {
        values.copy_within(..length, place * length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_sources_and_then_the_first_again() {
        let filled = |sources: &[f32]| {
            let mut values = vec![9.0; 3];
            fill(&mut values, 2, sources, |row, source| row.copy_from_slice(&[*source, -source]));
            values
        };
        assert_eq!(filled(&[1.0]), [1.0, -1.0]);
        assert_eq!(filled(&[1.0, 2.0]), [1.0, -1.0, 2.0, -2.0]);
        assert_eq!(filled(&[1.0, 2.0, 3.0]), [1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 1.0, -1.0]);
    }
}
