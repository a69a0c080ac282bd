//! The confusion matrix as a heat map in SVG: readable on light and on dark ground, and by who cannot see it.
//! Touch it to change how it looks.

use std::fmt::Write;

use genrecast::evaluation::Confusion;

use super::palette;

/// Side of a cell, and the gap between two, in pixels.
const CELL: usize = 46;
const GAP: usize = 2;

/// About the width of a character of the labels, in pixels.
const CHARACTER: usize = 8;

/// Above the labels of the columns stand title and subtitle.
const HEAD: usize = 64;

/// The heat map of a model's confusions.
pub(super) fn heat_map(confusion: &Confusion, model: &str) -> String {
    let labels = &confusion.labels;
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0) * CHARACTER + 16;
    let (left, top) = (longest, HEAD + longest);
    let side = labels.len() * CELL;
    let clips: usize = (0..labels.len()).map(|row| confusion.clips(row)).sum();
    let title = format!("Confusion matrix of {model}, {clips} clips");
    // The title must have room, too.
    let (width, height) = ((left + side + 16).max(title.chars().count() * 10 + 32), top + side + 16);
    let title = escaped(&title);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"title desc\">\n\
         <title id=\"title\">{title}</title>\n<desc id=\"desc\">{}</desc>\n<style>{}</style>\n\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n\
         <text class=\"title\" x=\"16\" y=\"28\">{title}</text>\n\
         <text x=\"16\" y=\"50\">rows: true genre, columns: what was named</text>\n",
        escaped(&description(confusion)),
        palette::style()
    );
    for (at, label) in labels.iter().enumerate() {
        let (label, middle) = (escaped(label), at * CELL + CELL / 2);
        let (x, y) = (left - 8, top + middle + 5);
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{label}</text>");
        let (x, y) = (left + middle + 5, top - 8);
        let _ = writeln!(svg, "<text transform=\"translate({x} {y}) rotate(-90)\">{label}</text>");
    }
    for row in 0..labels.len() {
        for column in 0..labels.len() {
            cell(confusion, row, column, (left, top), &mut svg);
        }
    }
    svg + "</svg>\n"
}

fn cell(confusion: &Confusion, row: usize, column: usize, (left, top): (usize, usize), svg: &mut String) {
    let (count, share) = (confusion.rows[row][column], confusion.share(row, column));
    let (x, y, side) = (left + column * CELL, top + row * CELL, CELL - GAP);
    let place = format!("x=\"{x}\" y=\"{y}\" width=\"{side}\" height=\"{side}\" rx=\"3\"");
    let told = format!(
        "{} named {}: {count} of {} clips",
        confusion.labels[row],
        confusion.labels[column],
        confusion.clips(row)
    );
    let _ = write!(svg, "<g><title>{}</title><rect class=\"empty\" {place}/>", escaped(&told));
    if count > 0 {
        let _ = write!(svg, "<rect class=\"cell\" fill-opacity=\"{share:.3}\" {place}/>");
    }
    if row == column {
        let _ = write!(svg, "<rect class=\"right\" {place}/>");
    }
    let ink = palette::ink(share);
    let (x, y) = (x + side / 2, y + side / 2 + 5);
    let _ = writeln!(svg, "<text class=\"number {ink}\" x=\"{x}\" y=\"{y}\">{count}</text></g>");
}

/// The matrix in words: of each genre how many are named rightly, and what they are named most often else.
fn description(confusion: &Confusion) -> String {
    let labels = &confusion.labels;
    let sentence = |(at, row): (usize, &Vec<usize>)| {
        let clips = confusion.clips(at);
        let rightly = format!("{}: {} of {clips} named rightly", labels[at], row[at]);
        let wrong = row.iter().enumerate().filter(|&(named, &count)| named != at && count > 0);
        // Of equally frequent ones the first.
        match wrong.rev().max_by_key(|&(_, &count)| count) {
            Some((named, count)) => format!("{rightly}, most often else {} ({count}).", labels[named]),
            None => format!("{rightly}."),
        }
    };
    let with_clips = |&(at, _): &(usize, &Vec<usize>)| confusion.clips(at) > 0;
    confusion.rows.iter().enumerate().filter(with_clips).map(sentence).collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    // XML has no words for them.
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use genrecast::evaluation::{ScoredClip, measure};

    use super::*;

    #[test]
    fn the_map_is_well_formed_and_tells_each_cell() {
        let labels = ["R&B", "drum <n> bass"].map(String::from);
        let clip = |genre, p: [f32; 2]| ScoredClip { genre, p: p.to_vec(), windows: Vec::new() };
        let clips = [clip(0, [0.9, 0.1]), clip(0, [0.2, 0.8]), clip(0, [0.3, 0.7]), clip(1, [0.4, 0.6])];
        let confusion = measure(&labels, &clips).expect("there are clips").confusion;
        let drawn = heat_map(&confusion, "own \"model\"");
        let document = roxmltree::Document::parse(&drawn).expect("XML");
        let root = document.root_element();
        let text = |id: &str| {
            let found = root.children().find(|node| node.attribute("id") == Some(id));
            found.and_then(|node| node.text()).expect("a text").to_owned()
        };
        assert_eq!(root.attribute("aria-labelledby"), Some("title desc"));
        assert_eq!(text("title"), "Confusion matrix of own \"model\", 4 clips");
        assert_eq!(
            text("desc"),
            "R&B: 1 of 3 named rightly, most often else drum <n> bass (2). drum <n> bass: 1 of 1 named rightly."
        );
        let cells: Vec<_> = root.children().filter(|node| node.has_tag_name("g")).collect();
        let told: Vec<_> = cells.iter().filter_map(|cell| cell.first_element_child()?.text()).collect();
        assert_eq!(
            told,
            [
                "R&B named R&B: 1 of 3 clips",
                "R&B named drum <n> bass: 2 of 3 clips",
                "drum <n> bass named R&B: 0 of 1 clips",
                "drum <n> bass named drum <n> bass: 1 of 1 clips",
            ]
        );
        let numbers: Vec<_> = cells.iter().filter_map(|cell| cell.last_element_child()?.text()).collect();
        assert_eq!(numbers, ["1", "2", "0", "1"]);
    }
}
