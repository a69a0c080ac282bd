//! What must happen when things go wrong between the ring and the hub. Touch it with the rules of loss; here is what
//! its parts share.

mod hop;
mod mel;
mod model;
mod overload;
mod round;
mod slot;
mod threads;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::board::{Expects, Row};
use super::work::Begin;
use crate::manifest::Manifest;
use crate::pipeline::Manifests;
use crate::source::{Own, SourceSpec};
use crate::units::SampleRate;

const HZ: u32 = 16_000;

fn manifests() -> Manifests {
    let text = include_str!("../../../tests/fixtures/models/toy-window/manifest.toml");
    Manifests { genre: Manifest::parse(text).expect("a fixture"), gate: None }
}

fn rate(hz: u32) -> SampleRate {
    SampleRate::new(hz).expect("not zero")
}

fn row() -> Arc<Row> {
    row_with(Own::default())
}

/// One of several.
fn row_of(id: u64) -> Arc<Row> {
    let spec = SourceSpec {
        name: format!("source-{id}"),
        uri: "mic:".parse().expect("a URI"),
        model: None,
        ring_seconds: 4.0,
        own: Own::default(),
    };
    Arc::new(Row::new(id, &spec, Expects::new(Duration::from_secs(1), Duration::from_secs(1))))
}

fn row_with(own: Own) -> Arc<Row> {
    let spec = SourceSpec {
        name: "mic".into(),
        uri: "mic:".parse().expect("a URI"),
        model: None,
        ring_seconds: 4.0,
        own,
    };
    Arc::new(Row::new(1, &spec, Expects::new(Duration::from_secs(1), Duration::from_secs(1))))
}

fn begin(pace: Option<f64>) -> Begin {
    Begin { rate: rate(HZ), anchor: SystemTime::now(), origin_s: 0.0, pace }
}
