//! What must happen when things go wrong between the ring and the hub. Touch it with the rules of loss; here is what
//! its parts share.

mod hop;
mod mel;
mod model;
mod slot;
mod threads;

use std::sync::Arc;
use std::time::SystemTime;

use super::board::Row;
use super::work::Begin;
use crate::manifest::Manifest;
use crate::pipeline::Manifests;
use crate::source::Own;
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
    Arc::new(Row::new(1, "mic".into(), "mic:".into(), Own::default()))
}

fn begin(pace: Option<f64>) -> Begin {
    Begin { rate: rate(HZ), anchor: SystemTime::now(), origin_s: 0.0, pace }
}
