//! The live view as lines of text: a pure function of what is known and of the terminal's size.
//! Touch it to change how the view looks. Without colours (`NO_COLOR`, a pipe) the lines are plain.

use console::{Style, measure_text_width, style, truncate_str};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::view::{Link, SourceView, View};
use crate::event::{GenreWindow, SILENCE, SignalState, Silence, SourceState, UNKNOWN};

/// Labels shown of each source.
const LABELS: usize = 5;

/// Levels from here to full scale fill the level's bar.
const FLOOR_DBFS: f32 = -60.0;

const LEVEL_CELLS: usize = 10;
const WIDEST_BAR: usize = 40;

/// The view in at most `height - 1` lines (the cursor needs one) of at most `width` columns; times are told in `zone`.
pub fn render(view: &View, width: usize, height: usize, zone: &TimeZone) -> Vec<String> {
    let room = height.saturating_sub(1).max(1);
    let mut lines = head(view, width);
    let total = view.sources.len();
    for (place, of) in view.sources.iter().enumerate() {
        let mut block = vec![String::new()];
        if view.link == Link::Connected {
            source(of, width, zone, &mut block);
        } else {
            past(of, zone, &mut block);
        }
        let last = place + 1 == total;
        if lines.len() + block.len() + usize::from(!last) <= room {
            lines.append(&mut block);
            continue;
        }
        if place == 0 {
            lines.append(&mut block);
        }
        lines.truncate(room - 1);
        let text = format!("… {} of {total} sources do not fit here", total - place);
        lines.push(style(text).dim().to_string());
        break;
    }
    lines.truncate(room);
    let fit = |line: String| truncate_str(&line, width, "…").into_owned();
    lines.into_iter().map(fit).collect()
}

fn head(view: &View, width: usize) -> Vec<String> {
    let version = view.version.as_deref().unwrap_or_default();
    let mut first = style(format!("genrecast {}", clean(version)).trim_end()).bold().to_string();
    if let Some(model) = &view.model {
        let (id, device, runtime) = (clean(&model.id), clean(&model.device), clean(&model.runtime));
        first.push_str(&format!(" · {id} on {device} ({runtime})"));
    }
    let link = match &view.link {
        Link::Connecting => style(format!("○ connecting to {}", clean(&view.url))).yellow(),
        Link::Connected => style(format!("● {}", clean(&view.url))).green(),
        Link::Lost { why, retry_s } => {
            let text = format!("○ connection lost: {}; next try in {retry_s} s", clean(why));
            style(text).red()
        }
    };
    let mut lines = vec![first, link.to_string()];
    if view.missed > 0 {
        let text = format!("{} events were missed", view.missed);
        lines.push(style(text).yellow().to_string());
    }
    for part in view.error.iter().flat_map(|error| wrap(&clean(error), width)) {
        lines.push(style(part).red().to_string());
    }
    lines
}

fn source(of: &SourceView, width: usize, zone: &TimeZone, lines: &mut Vec<String>) {
    let mut title = style(clean(&of.name)).bold().underlined().to_string();
    if let Some(change) = &of.state {
        let (word, look) = state(change.state);
        title.push_str(&format!(" · {}", look.apply_to(word)));
    }
    if let Some(window) = &of.window {
        title.push_str(&format!(" · {}", level(window)));
    }
    lines.push(title);
    let told = of.state.iter().flat_map(|change| [&change.reason, &change.remedy]).flatten();
    for part in told.flat_map(|text| wrap(&clean(text), width.saturating_sub(2))) {
        lines.push(format!("  {}", style(part).yellow()));
    }
    match &of.window {
        Some(of) => window(of, width, zone, lines),
        None => lines.push(style("  nothing heard yet").dim().to_string()),
    }
}

/// A source of which nothing is heard now, because there is no connection: what was known last, as what it is.
fn past(of: &SourceView, zone: &TimeZone, lines: &mut Vec<String>) {
    lines.push(style(clean(&of.name)).bold().underlined().to_string());
    let known = match &of.window {
        Some(window) => {
            let label = clean(&window.stable.label).to_uppercase();
            format!("  last known: {label}, up to {}", clock(window.window.end, zone))
        }
        None => "  nothing known".into(),
    };
    lines.push(style(known).dim().to_string());
}

fn window(window: &GenreWindow, width: usize, zone: &TimeZone, lines: &mut Vec<String>) {
    let label = clean(&window.stable.label);
    let look = match label.as_str() {
        UNKNOWN | SILENCE => Style::new().bold().dim(),
        _ => Style::new().bold().cyan(),
    };
    let since = clock(window.stable.since, zone);
    lines.push(format!("  {}  since {since}", look.apply_to(label.to_uppercase())));
    let shown = &window.top[..window.top.len().min(LABELS)];
    let labels: Vec<String> = shown.iter().map(|score| clean(&score.label)).collect();
    let column = labels.iter().map(|label| measure_text_width(label)).max().unwrap_or(0);
    // Two columns of margin, a space on either side of the bar, " 100 %".
    let cells = width.saturating_sub(2 + column + 1 + 6).min(WIDEST_BAR);
    for (place, (score, label)) in shown.iter().zip(&labels).enumerate() {
        let look = if place == 0 { Style::new().cyan() } else { Style::new().dim() };
        let p = if score.p.is_finite() { score.p.clamp(0.0, 1.0) } else { 0.0 };
        let pad = " ".repeat(column - measure_text_width(label));
        let bar = look.apply_to(bar(p, cells));
        lines.push(format!("  {label}{pad} {bar} {:3.0} %", p * 100.0));
    }
    let span = &window.window;
    let mut foot = format!("  {:.1} s up to {}", span.seconds, clock(span.end, zone));
    if window.provisional {
        foot.push_str(" · provisional: no whole window yet");
    }
    if window.audio.gap_ms > 0 {
        foot.push_str(&format!(" · {} ms lost", window.audio.gap_ms));
    }
    lines.push(style(foot).dim().to_string());
}

/// A bar of `cells` columns, an eighth of one exact.
fn bar(p: f32, cells: usize) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (p * cells as f32 * 8.0).round() as usize;
    let (full, part) = (eighths / 8, eighths % 8);
    let mut bar = "█".repeat(full);
    if part != 0 {
        bar.push(EIGHTHS[part]);
    }
    let used = measure_text_width(&bar);
    bar.push_str(&" ".repeat(cells.saturating_sub(used)));
    bar
}

fn level(window: &GenreWindow) -> String {
    match (window.audio.silence, window.audio.rms_dbfs) {
        (Some(Silence::DigitalZero), _) | (_, None) => "no signal".into(),
        (_, Some(level)) => {
            let share = ((level - FLOOR_DBFS) / -FLOOR_DBFS).clamp(0.0, 1.0);
            let full = (share * LEVEL_CELLS as f32).round() as usize;
            let what = match window.state {
                SignalState::Music | SignalState::Signal => "",
                SignalState::Speech => " (speech)",
                SignalState::Mixed => " (speech over music)",
                SignalState::Noise => " (noise)",
                SignalState::Silence => " (quiet)",
            };
            let meter = "▮".repeat(full) + &"▯".repeat(LEVEL_CELLS - full);
            format!("{meter} {level:.1} dBFS{what}")
        }
    }
}

fn state(state: SourceState) -> (&'static str, Style) {
    let plain = Style::new();
    match state {
        SourceState::Starting => ("starting", plain.yellow()),
        SourceState::Live => ("live", plain.green()),
        SourceState::Silent => ("silent", plain.yellow()),
        SourceState::Stalled => ("stalled", plain.red()),
        SourceState::Reconnecting => ("reconnecting", plain.yellow()),
        SourceState::Failed => ("failed", plain.red()),
        SourceState::Ended => ("ended", plain.dim()),
    }
}

fn clock(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// Breaks a text between words into lines of at most `width` columns; a word that is longer stands alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Titles and names come from strangers: what could steer the terminal is taken out.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests;
