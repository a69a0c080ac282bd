//! Decides the stable genre over windows that were heard before: the half of `tools/sweep-stable-genre` that is the daemon's own code.
//! Touch it together with that script.
//!
//!     stable_genre MANIFEST.toml HEARD.json…
//!
//! HEARD.json is what `genrecast classify --json --top 100` printed. For each line on standard input, an object with keys of `[decide]` that
//! are to differ from the shipped configuration, it prints a line: for each file the list of what it decided, as `[told_s, start_s, label]`;
//! a start that was corrected later is told as it was in the end.

use std::fs;
use std::io::{BufRead, Write};

use anyhow::{Context, Result, bail};
use genrecast::config::{Config, SHIPPED};
use genrecast::decide::{Heard, StableChange, StableGenre, StableSettings, Verdict};
use genrecast::event::{LabelScore, SILENCE, SignalState, UNKNOWN};
use genrecast::manifest::{Calibration, Manifest};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Report {
    windows: Vec<Window>,
}

#[derive(Deserialize)]
struct Window {
    end_s: f64,
    state: SignalState,
    top: Vec<LabelScore>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [manifest, reports @ ..] = arguments.as_slice() else {
        bail!("expected MANIFEST.toml HEARD.json…, got nothing");
    };
    let text = fs::read_to_string(manifest).with_context(|| manifest.clone())?;
    let manifest = Manifest::parse(&text).with_context(|| manifest.clone())?;
    let read = |path: &String| -> Result<Report> {
        let text = fs::read_to_string(path).with_context(|| path.clone())?;
        serde_json::from_str(&text).with_context(|| path.clone())
    };
    let reports = reports.iter().map(read).collect::<Result<Vec<_>>>()?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let settings = settings(&line, &manifest.calibration).with_context(|| line.clone())?;
        let decide = |report: &Report| decisions(report, settings, &manifest.labels);
        let decided = reports.iter().map(decide).collect::<Result<Vec<_>>>()?;
        writeln!(out, "{}", json!(decided))?;
        out.flush()?;
    }
    Ok(())
}

/// The shipped `[decide]` with the keys of this line.
fn settings(line: &str, calibration: &Calibration) -> Result<StableSettings> {
    let mut shipped: toml::Table = toml::from_str(SHIPPED)?;
    let Some(decide) = shipped["decide"].as_table_mut() else { bail!("[decide] is no table") };
    for (key, value) in serde_json::from_str::<toml::Table>(line)? {
        if decide.insert(key.clone(), value).is_none() {
            bail!("{key} is no key of [decide]");
        }
    }
    let config: Config = shipped.try_into()?;
    Ok(StableSettings {
        abstain_below: calibration.abstain_below,
        lag_seconds: f64::from(calibration.lag_seconds),
        ..config.decisions().stable
    })
}

fn decisions(
    report: &Report,
    settings: StableSettings,
    labels: &[String],
) -> Result<Vec<(f64, f64, String)>> {
    let mut stable = StableGenre::new(settings);
    let mut decided: Vec<(f64, f64, String)> = Vec::new();
    for window in &report.windows {
        let p_of =
            |label: &String| window.top.iter().find(|score| score.label == *label).map(|score| score.p);
        let p: Option<Vec<f32>> = labels.iter().map(p_of).collect();
        let p = p.context("expected the probabilities of all labels; was it heard with --top 100?")?;
        match stable.push(&p, heard(window.state), window.end_s) {
            None => {}
            Some(StableChange::Changed { to, .. }) => {
                let label = match to.verdict {
                    Verdict::Label(label) => labels[label].clone(),
                    Verdict::Unknown => UNKNOWN.to_owned(),
                    Verdict::Silence => SILENCE.to_owned(),
                };
                decided.push((window.end_s, to.since_s, label));
            }
            Some(StableChange::Corrected { segment, .. }) => {
                if let Some(last) = decided.last_mut() {
                    last.1 = segment.since_s;
                }
            }
        }
    }
    Ok(decided)
}

fn heard(state: SignalState) -> Heard {
    match state {
        SignalState::Music => Heard::Music,
        SignalState::Speech => Heard::Speech,
        SignalState::Mixed => Heard::Mixed,
        SignalState::Noise => Heard::Noise,
        SignalState::Silence => Heard::Quiet,
        SignalState::Signal => Heard::Signal,
    }
}
