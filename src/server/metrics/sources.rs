//! Metrics of each source. Touch it when a source is to tell more; what is counted stands in `stats`.

use std::fmt;

use super::families::{Families, Labels};
use crate::event::SourceState;
use crate::server::SourceMeasures;
use crate::stats::{Counter, SourceCounters};

/// What one of them has counted.
type Of = fn(&SourceCounters) -> &Counter;

/// The counters: name, help, and which.
const COUNTERS: [(&str, &str, Of); 8] = [
    ("samples", "Samples (mono, native rate) that came", |of| &of.samples),
    ("samples_lost", "Samples that were dropped because the machine was too busy", |of| &of.samples_lost),
    ("device_errors", "Errors that the audio system reported", |of| &of.device_errors),
    ("xruns", "Times that the audio system lost samples before they got here", |of| &of.xruns),
    ("windows", "Windows classified and published", |of| &of.windows),
    ("skipped_hops", "Windows left out because the model was behind", |of| &of.skipped_hops),
    ("gaps", "Gaps told: stretches of audio that were lost, for any reason", |of| &of.gaps),
    ("reconnects", "Times that it has delivered again after it had been away", |of| &of.reconnects),
];

const STATES: [(&str, SourceState); 7] = [
    ("starting", SourceState::Starting),
    ("live", SourceState::Live),
    ("silent", SourceState::Silent),
    ("stalled", SourceState::Stalled),
    ("reconnecting", SourceState::Reconnecting),
    ("ended", SourceState::Ended),
    ("failed", SourceState::Failed),
];

pub(super) fn tell(sources: &[SourceMeasures], to: &mut Families<'_>) -> fmt::Result {
    let info = sources.iter().map(|of| {
        let mut labels = named(of);
        labels.push(("kind", kind(&of.uri).to_owned()));
        labels.push(("model", of.model.clone().unwrap_or_default()));
        (labels, 1u64)
    });
    let help = "Which sources there are, of what kind, and which model hears each; always 1";
    to.gauge("genrecast_source_info", help, info)?;
    let states = sources.iter().flat_map(|of| {
        STATES.map(|(word, state)| {
            let mut labels = named(of);
            labels.push(("state", word.to_owned()));
            (labels, u64::from(of.state == state))
        })
    });
    to.gauge("genrecast_source_state", "1 for the state that the source is in", states)?;
    for (name, help, counter) in COUNTERS {
        let values = sources.iter().map(|of| (named(of), counter(&of.counters).get()));
        to.counter(&format!("genrecast_source_{name}"), help, values)?;
    }
    let lost = sources.iter().map(|of| (named(of), seconds(&of.counters.gap_ms)));
    to.counter("genrecast_source_gap_seconds", "Seconds of audio that gaps told as lost", lost)?;
    let behind = sources.iter().map(|of| (named(of), seconds(&of.counters.behind_live_ms)));
    let help = "Seconds of a station's audio that have come and are not played yet";
    to.gauge("genrecast_source_behind_live_seconds", help, behind)?;
    let fill = sources.iter().map(|of| (named(of), fill(&of.counters)));
    to.gauge("genrecast_source_ring_fill_ratio", "How full the ring before the model is, 0 to 1", fill)?;
    let hops = sources.iter().map(|of| (named(of), of.counters.hop_lengthening.get().max(1)));
    let help =
        "Hops from a window to the next: 1 while the machine keeps up; a hop_seconds of its own is not in it";
    to.gauge("genrecast_source_hop_lengthening", help, hops)?;
    let inference = sources.iter().map(|of| (named(of), of.counters.inference.counts()));
    let help = "What the model took for each window";
    to.durations("genrecast_inference_duration_seconds", help, inference)?;
    let late = sources.iter().map(|of| (named(of), of.counters.capture_to_emit.counts()));
    let help = "From the last sound of each window to its event; of sources that play in real time";
    to.durations("genrecast_capture_to_emit_seconds", help, late)
}

fn named(source: &SourceMeasures) -> Labels {
    vec![("source", source.name.clone())]
}

fn seconds(milliseconds: &Counter) -> f64 {
    milliseconds.get() as f64 / 1000.0
}

fn fill(counters: &SourceCounters) -> f64 {
    match counters.ring_capacity.get() {
        0 => 0.0,
        capacity => counters.ring_samples.get() as f64 / capacity as f64,
    }
}

/// The first word of the URI, which is out of a short list.
fn kind(uri: &str) -> &str {
    match uri.split(':').next() {
        Some(word) if uri.contains(':') => word,
        _ => "stdin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_of_the_kind_its_uri_begins_with() {
        for (uri, expected) in [
            ("mic:", "mic"),
            ("file:/a:b.flac?loop=true", "file"),
            ("https://example.org/station", "https"),
            ("exec:arecord -q", "exec"),
            ("-", "stdin"),
            ("-?pcm=s16le&rate=44100&channels=2", "stdin"),
        ] {
            assert_eq!(kind(uri), expected, "{uri}");
        }
    }
}
