//! The history for people: a line for each segment, track or event, under the day and the source it belongs to.
//! Touch it when it should look otherwise.

use std::io::{self, Write};

use console::style;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};
use serde_json::Value;

use crate::cli::report::clock;

/// Lines of one table, as they come.
pub(super) struct Table {
    zone: TimeZone,
    colours: bool,
    /// What the lines above belong to.
    day: Option<Date>,
    lines: u64,
    tracks: u64,
}

impl Table {
    pub fn new(zone: TimeZone, colours: bool) -> Self {
        Self { zone, colours, day: None, lines: 0, tracks: 0 }
    }

    /// A stable segment, as `/v1/history/segments` tells it.
    pub fn segment(&mut self, line: &str, out: &mut impl Write) -> io::Result<()> {
        let of: Value = serde_json::from_str(line)?;
        let Some(start) = moment(&of["start"]) else { return Ok(()) };
        self.day(start, out)?;
        let (end, length) = match (moment(&of["end"]), of["seconds"].as_f64()) {
            (Some(end), Some(seconds)) => (self.time(end), clock(seconds)),
            _ => ("now".into(), String::new()),
        };
        let label = format!("{:<12}", clean(&of["label"]));
        let label = if self.colours { style(label).cyan().to_string() } else { label };
        let sure = of["confidence"].as_f64().map_or_else(String::new, |p| format!("{:>3.0} %", p * 100.0));
        let (start, source) = (self.time(start), clean(&of["source"]));
        let text = format!("  {start} – {end:<8}  {length:>7}  {label} {sure:<5}  {source}");
        writeln!(out, "{}", text.trim_end())
    }

    /// A `track.ended`.
    pub fn track(&mut self, line: &str, out: &mut impl Write) -> io::Result<()> {
        let of: Value = serde_json::from_str(line)?;
        if self.tracks == 0 {
            writeln!(out, "\ntracks")?;
            self.day = None;
        }
        self.tracks += 1;
        let event = moment(&of["time"]);
        let (start, end) = (moment(&of["start"]).or(event), moment(&of["end"]).or(event));
        let (Some(start), Some(end)) = (start, end) else { return Ok(()) };
        self.day(start, out)?;
        let genre = clean(&of["genre"]);
        let share =
            of["share"].as_f64().map_or_else(String::new, |share| format!("{:>3.0} %", share * 100.0));
        let length = clock(end.duration_since(start).as_secs_f64());
        let (start, end, title) = (self.time(start), self.time(end), clean(&of["title"]));
        let text = format!("  {start} – {end:<8}  {length:>7}  {genre:<12} {share:<5}  {title}");
        writeln!(out, "{}", text.trim_end())
    }

    /// Any event.
    pub fn event(&mut self, line: &str, out: &mut impl Write) -> io::Result<()> {
        let of: Value = serde_json::from_str(line)?;
        let Some(time) = moment(&of["time"]) else { return Ok(()) };
        self.day(time, out)?;
        let word = |paths: &[&str]| {
            let found = paths.iter().find_map(|path| of.pointer(path).filter(|value| value.is_string()));
            found.map_or_else(String::new, clean)
        };
        let label = word(&["/stable/label", "/to/label", "/genre", "/label", "/state"]);
        let text = word(&["/title", "/reason"]);
        let (time, kind, source) = (self.time(time), clean(&of["type"]), clean(&of["source"]));
        let text = format!("  {time}  {kind:<17}  {source:<12}  {label:<12}  {text}");
        writeln!(out, "{}", text.trim_end())
    }

    /// What to say at the end, if nothing was there to tell.
    pub fn end(&self, out: &mut impl Write) -> io::Result<()> {
        match self.lines {
            0 => writeln!(out, "Nothing was recorded in that time; --since goes further back (-7d, say)."),
            _ => Ok(()),
        }
    }

    fn day(&mut self, moment: Timestamp, out: &mut impl Write) -> io::Result<()> {
        self.lines += 1;
        let day = moment.to_zoned(self.zone.clone()).date();
        if self.day.replace(day) != Some(day) {
            writeln!(out, "{day}")?;
        }
        Ok(())
    }

    fn time(&self, moment: Timestamp) -> String {
        moment.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string()
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Words from outside, without anything that a terminal would obey.
fn clean(value: &Value) -> String {
    value.as_str().unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stand_under_their_day() {
        let mut table = Table::new(TimeZone::UTC, false);
        let mut out = Vec::new();
        for line in [
            r#"{"source":"mic","label":"jazz","start":"2026-01-01T23:58:00Z","end":"2026-01-02T00:01:30Z","seconds":210,"confidence":0.71}"#,
            r#"{"source":"mic","label":"\u001b[31mrock","start":"2026-01-02T00:01:30Z","end":null}"#,
        ] {
            table.segment(line, &mut out).expect("written");
        }
        table.track(
            r#"{"type":"track.ended","title":"A – B","start":"2026-01-01T23:59:00Z","end":"2026-01-02T00:02:00Z","genre":"pop","p":0.6,"share":0.8,"music_s":170.0,"v":1,"time":"2026-01-02T00:02:01Z"}"#,
            &mut out,
        ).expect("written");
        table.end(&mut out).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(
            text,
            "2026-01-01\n  23:58:00 – 00:01:30     3:30  jazz          71 %  mic\n\
             2026-01-02\n  00:01:30 – now                [31mrock            mic\n\
             \ntracks\n2026-01-01\n  23:59:00 – 00:02:00     3:00  pop           80 %  A – B\n"
        );
    }

    #[test]
    fn nothing_is_told_as_such() {
        let mut out = Vec::new();
        Table::new(TimeZone::UTC, false).end(&mut out).expect("written");
        assert!(String::from_utf8(out).expect("text").contains("--since"));
    }
}
