//! The confusion matrix in a terminal of 80 columns: counts with a shade for the share of their row, which tells the same
//! without colours. Touch it to change how it looks.

use std::fmt::Write;

use console::{Alignment, Style, measure_text_width, pad_str, truncate_str};
use genrecast::evaluation::Confusion;

const COLUMNS: usize = 80;
const WIDEST_LABEL: usize = 16;

/// A cell's columns: the narrowest holds a space, two digits and the shade.
const NARROWEST: usize = 4;
const WIDEST: usize = 8;

/// How many pairs are listed where the matrix has no room.
const PAIRS: usize = 20;

/// Cells of a share up to a quarter, a half, three quarters and the whole of a row.
const SHADES: [char; 4] = ['░', '▒', '▓', '█'];

/// The matrix as lines, or what is most often confused if there are too many labels for it.
pub(super) fn draw(confusion: &Confusion) -> String {
    let labels = &confusion.labels;
    let longest = labels.iter().map(|label| measure_text_width(label)).max().unwrap_or(0);
    let margin = longest.min(WIDEST_LABEL);
    let digits = confusion.rows.iter().flatten().max().map_or(1, |most| most.to_string().len());
    let least = NARROWEST.max(digits + 2);
    let cell = ((COLUMNS - 2 - margin) / labels.len().max(1)).min(WIDEST);
    if cell < least {
        return pairs(confusion);
    }
    let mut text = format!("  {}", " ".repeat(margin));
    for label in labels {
        text.push_str(&pad_str(&truncate_str(label, cell - 1, ""), cell, Alignment::Right, None));
    }
    for (at, (label, row)) in labels.iter().zip(&confusion.rows).enumerate() {
        let label = truncate_str(label, margin, "…");
        let _ = write!(text, "\n  {}", pad_str(&label, margin, Alignment::Left, None));
        for (column, &count) in row.iter().enumerate() {
            let look = if at == column { Style::new().green() } else { Style::new().red() };
            let content = match count {
                0 => "· ".to_owned(),
                count => format!("{count}{}", shade(confusion.share(at, column))),
            };
            let look = if count == 0 { Style::new().dim() } else { look };
            let _ = write!(text, "{}", look.apply_to(pad_str(&content, cell, Alignment::Right, None)));
        }
    }
    text + "\n"
}

fn shade(share: f64) -> char {
    let quarters = (share * SHADES.len() as f64).ceil() as usize;
    SHADES[quarters.clamp(1, SHADES.len()) - 1]
}

/// The most frequent confusions.
fn pairs(confusion: &Confusion) -> String {
    let labels = &confusion.labels;
    let mut pairs = Vec::new();
    for (genre, row) in confusion.rows.iter().enumerate() {
        let wrong = row.iter().enumerate().filter(|&(named, &count)| named != genre && count > 0);
        pairs.extend(wrong.map(|(named, &count)| (count, genre, named)));
    }
    // A stable sort: of equally frequent ones the first in the order of the labels.
    pairs.sort_by_key(|&(count, ..)| std::cmp::Reverse(count));
    let mut text = format!(
        "  {} labels have no room here, but in --svg and --json; most often confused:\n",
        labels.len()
    );
    for (count, genre, named) in pairs.into_iter().take(PAIRS) {
        let line = format!("  {count:>5}  {} named {}", labels[genre], labels[named]);
        let _ = writeln!(text, "{}", truncate_str(&line, COLUMNS, "…"));
    }
    text
}

#[cfg(test)]
mod tests {
    use genrecast::evaluation::{ScoredClip, measure};

    use super::*;

    /// A clip of each pair (true genre, named genre).
    fn confusion(labels: &[&str], pairs: &[(usize, usize)]) -> Confusion {
        let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
        let clip = |&(genre, named): &(usize, usize)| {
            let p = (0..labels.len()).map(|at| if at == named { 0.9 } else { 0.0 }).collect();
            ScoredClip { genre, p, windows: Vec::new() }
        };
        let clips: Vec<_> = pairs.iter().map(clip).collect();
        measure(&labels, &clips).expect("there are clips").confusion
    }

    #[test]
    fn counts_are_shaded_by_their_share_of_the_row() {
        let pairs = [(0, 0), (0, 0), (0, 0), (0, 1), (1, 1), (1, 0)];
        let drawn = draw(&confusion(&["blues", "jazz"], &pairs));
        let expected = ["          blues    jazz", "  blues      3▓      1░", "  jazz       1▒      1▒"];
        assert_eq!(console::strip_ansi_codes(&drawn).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn ten_labels_fit_and_forty_are_told_by_their_pairs() {
        let names: Vec<String> = (0..40).map(|at| format!("a rather long genre {at}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let hundred = [(3, 4); 100];
        let drawn = draw(&confusion(&names[..10], &hundred));
        assert_eq!(drawn.lines().count(), 11);
        assert!(drawn.contains("100█"), "{drawn}");
        assert!(drawn.lines().all(|line| measure_text_width(line) <= COLUMNS), "{drawn}");
        let drawn = draw(&confusion(&names, &[(3, 4), (3, 4), (2, 1), (5, 5)]));
        let told: Vec<_> = drawn.lines().skip(1).map(str::trim).collect();
        let expected = [
            "2  a rather long genre 3 named a rather long genre 4",
            "1  a rather long genre 2 named a rather long genre 1",
        ];
        assert_eq!(told, expected);
    }
}
