//! What was found, and how it is written. Touch it when the report is to look otherwise; `v` counts its forms.

use std::fmt::Write;

use console::style;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::secrets::Secrets;

/// Version of the JSON.
const VERSION: u32 = 1;

/// What was found.
#[derive(Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    sections: Vec<(&'static str, Vec<(String, Value)>)>,
}

/// Something to know first.
struct Finding {
    /// It keeps something from working.
    bad: bool,
    area: &'static str,
    what: String,
    remedy: String,
}

impl Report {
    /// Something keeps the daemon, or a part of it, from working.
    pub fn bad(&mut self, area: &'static str, what: impl Into<String>, remedy: impl Into<String>) {
        self.findings.push(Finding { bad: true, area, what: what.into(), remedy: remedy.into() });
    }

    /// Something may be meant so, or not.
    pub fn note(&mut self, area: &'static str, what: impl Into<String>, remedy: impl Into<String>) {
        self.findings.push(Finding { bad: false, area, what: what.into(), remedy: remedy.into() });
    }

    /// A line of the section of this title.
    pub fn tell(&mut self, section: &'static str, key: impl Into<String>, value: impl Into<Value>) {
        let line = (key.into(), value.into());
        match self.sections.iter_mut().find(|(title, _)| *title == section) {
            Some((_, lines)) => lines.push(line),
            None => self.sections.push((section, vec![line])),
        }
    }

    /// Whether nothing is bad.
    pub fn is_well(&self) -> bool {
        !self.findings.iter().any(|finding| finding.bad)
    }

    /// What is bad, then what is noted.
    fn sorted(&self) -> impl Iterator<Item = &Finding> {
        let bad = self.findings.iter().filter(|finding| finding.bad);
        bad.chain(self.findings.iter().filter(|finding| !finding.bad))
    }

    pub fn json(&self, secrets: &Secrets) -> String {
        let findings: Vec<Value> = self
            .sorted()
            .map(|Finding { bad, area, what, remedy }| {
                let severity = if *bad { "bad" } else { "note" };
                json!({"severity": severity, "area": area, "what": what, "remedy": remedy})
            })
            .collect();
        let sections: Map<String, Value> = self
            .sections
            .iter()
            .map(|(title, lines)| ((*title).to_owned(), Value::Object(lines.iter().cloned().collect())))
            .collect();
        let mut report = json!({
            "v": VERSION, "time": now(), "well": self.is_well(), "findings": findings, "sections": sections,
        });
        secrets.hide_in(&mut report);
        format!("{report:#}\n")
    }

    pub fn readable(&self, secrets: &Secrets) -> String {
        let mut text = format!("genrecast doctor, {}\n\n", now());
        if self.findings.is_empty() {
            text += "Nothing is wrong.\n";
        }
        for Finding { bad, area, what, remedy } in self.sorted() {
            let mark = if *bad { style("BAD ").red().bold() } else { style("note").yellow() };
            let (what, remedy) = (secrets.hide(what), secrets.hide(remedy));
            let _ = writeln!(text, "{mark} {area}: {what}\n     what to do: {remedy}");
        }
        for (title, lines) in &self.sections {
            let _ = writeln!(text, "\n{}", style(title).bold());
            for (key, value) in lines {
                let mut value = value.clone();
                secrets.hide_in(&mut value);
                let value = match value {
                    Value::String(text) => text,
                    Value::Object(_) | Value::Array(_) => format!("{value:#}").replace('\n', "\n  "),
                    other => other.to_string(),
                };
                let _ = writeln!(text, "  {}: {value}", secrets.hide(key));
            }
        }
        text
    }
}

fn now() -> String {
    format!("{:.0}", Timestamp::now())
}
