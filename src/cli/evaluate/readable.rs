//! The report of `evaluate` for people, in 80 columns. Touch it when the report is to be worded otherwise.

use std::fmt::Write;

use console::{style, truncate_str};
use genrecast::evaluation::{Genre, Measures};

use super::matrix;
use super::report::Report;
use crate::cli::report::bar;

/// Widest name of a genre, in columns.
const WIDEST_LABEL: usize = 24;

/// The report as text.
pub(super) fn text(report: &Report) -> String {
    let (measures, model) = (&report.measures, &report.model);
    let mut text = format!("{}  {} on {} ({})\n\n", report.input, model.id, model.runtime, model.device);
    headline(measures, &mut text);
    genres(&measures.genres, &mut text);
    let coverages = measures.risk_coverage.iter().map(|at| (percent(at.coverage), at.accuracy));
    series("of the surest", coverages, &mut text);
    let moments = measures.seconds_heard.iter().map(|at| (format!("{} s", at.seconds), at.accuracy));
    series("heard", moments, &mut text);
    text.push_str("\n  rows are the true genre, columns what was named\n\n");
    text.push_str(&matrix::draw(&measures.confusion));
    text
}

fn headline(measures: &Measures, text: &mut String) {
    let right = (measures.accuracy * measures.n as f64).round();
    let [low, high] = measures.accuracy_interval_95;
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<16}{value}");
    };
    line(
        "accuracy",
        format!(
            "{}  {right} of {} clips; 95 % interval {:.1} to {:.1} %",
            style(format!("{:.1} %", measures.accuracy * 100.0)).bold(),
            measures.n,
            low * 100.0,
            high * 100.0
        ),
    );
    line("in the first 2", format!("{:.1} %", measures.top_2 * 100.0));
    line("in the first 3", format!("{:.1} %", measures.top_3 * 100.0));
    line("macro F1", format!("{:.3}", measures.macro_f1));
    line("NLL", format!("{:.3}", measures.nll));
    let by_chance = measures.ece_15_if_calibrated_95;
    let chance = format!("{:.3}  by chance alone up to {by_chance:.3} with so many clips", measures.ece_15);
    line("ECE, 15 bins", chance);
}

fn genres(genres: &[Genre], text: &mut String) {
    let width = genres.iter().map(|genre| console::measure_text_width(&genre.label)).max().unwrap_or(0);
    let width = width.clamp(5, WIDEST_LABEL);
    let _ = writeln!(
        text,
        "\n  {}  clips  precision   recall     F1",
        console::pad_str("genre", width, console::Alignment::Left, None)
    );
    for genre in genres {
        let label = truncate_str(&genre.label, width, "…");
        let label = console::pad_str(&label, width, console::Alignment::Left, None);
        let (precision, recall, f1) = (genre.precision * 100.0, genre.recall * 100.0, genre.f1);
        let line = format!(
            "  {label}  {:>5}    {precision:5.1} %  {recall:5.1} %  {f1:.3}  {}",
            genre.clips,
            bar(f1 as f32, 16)
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// Accuracies under what they belong to.
fn series(name: &str, values: impl Iterator<Item = (String, f64)>, text: &mut String) {
    let (mut head, mut row) = (format!("  {name:<14}"), format!("  {:<14}", "accuracy"));
    for (of, accuracy) in values {
        let _ = write!(head, "{of:>6}");
        let _ = write!(row, "{:>6}", percent(accuracy));
    }
    let _ = write!(text, "\n{head}\n{row}\n");
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
