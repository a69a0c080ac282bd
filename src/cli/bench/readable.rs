//! The report of `bench` for people. Touch it when it is to be worded otherwise.

use std::fmt::Write;

use super::report::{Measured, Report};

/// The report as text.
pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    let machine = &report.machine;
    let processor = machine.processor.as_deref().unwrap_or("an unknown processor");
    let _ = writeln!(text, "genrecast {} on {processor}, cores: {}", report.version, machine.cores);
    let _ = writeln!(
        text,
        "sound: {}, {} Hz; gate: {}",
        report.sound.input,
        report.sound.rate_hz,
        report.gate.as_deref().unwrap_or("off")
    );
    if report.build == "debug" {
        text.push_str("This is a debug build: a release build is faster.\n");
    }
    if !report.results.is_empty() {
        text.push_str("\nOne hop of one stream, in milliseconds of CPU time\n");
        table(&mut text, &COSTS, report, cost);
        text.push_str("\nStreams at full load of a core / of the machine\n");
        table(&mut text, &STREAMS, report, streams);
        batches(&mut text, report);
        let _ = writeln!(text, "\nMeasured: {}.", report.measured);
        let _ = writeln!(text, "Extrapolated: {}. Leave a fifth to everything else.", report.extrapolated);
    }
    for failed in &report.failed {
        let _ =
            writeln!(text, "\n{} on {} ({}): {}", failed.model, failed.runtime, failed.device, failed.error);
    }
    text
}

/// Runs for several sources, for each model that has any.
fn batches(text: &mut String, report: &Report) {
    for of in report.results.iter().filter(|of| !of.batches.is_empty()) {
        let model = &of.model;
        let _ = writeln!(
            text,
            "\nHops of several sources in one run, gate and all: {} on {} ({})",
            model.id, model.runtime, model.device
        );
        let _ = writeln!(text, "  {:>8}{:>10}{:>10}{:>14}", "sources", "p50 ms", "p99 ms", "hops a second");
        for batch in &of.batches {
            let (sources, ms) = (batch.sources, batch.ms);
            let _ = writeln!(
                text,
                "  {sources:>8}{:>10.2}{:>10.2}{:>14.0}",
                ms.p50, ms.p99, batch.hops_per_second
            );
        }
    }
}

const COSTS: [&str; 12] = [
    "hop s",
    "in all",
    "decode",
    "resample",
    "features",
    "gate",
    "inference",
    "decide",
    "p50 ms",
    "p99 ms",
    "MB",
    "hops",
];

const STREAMS: [&str; 3] = ["1 s", "3 s", "5 s"];

fn cost(of: &Measured) -> Vec<String> {
    let stages = &of.stages_ms;
    let times = [
        of.cpu_ms_per_hop,
        stages.decode,
        stages.resample,
        stages.features,
        stages.gate,
        stages.inference,
        stages.decide,
        of.latency_ms.p50,
        of.latency_ms.p99,
    ];
    let memory = of.memory_mb_per_stream.map_or_else(|| "-".into(), |mb| format!("{mb:.2}"));
    [format!("{:.3}", of.hop_s)]
        .into_iter()
        .chain(times.map(|ms| format!("{ms:.2}")))
        .chain([memory, of.hops.to_string()])
        .collect()
}

fn streams(of: &Measured) -> Vec<String> {
    of.streams.iter().map(|streams| format!("{:.0} / {:.0}", streams.per_core, streams.machine)).collect()
}

/// A line for each result, its columns as wide as they need to be.
fn table(text: &mut String, head: &[&str], report: &Report, cells: impl Fn(&Measured) -> Vec<String>) {
    let first = ["model", "runtime", "device"];
    let head: Vec<String> = first.iter().chain(head).map(|word| (*word).to_owned()).collect();
    let rows: Vec<Vec<String>> = report
        .results
        .iter()
        .map(|of| {
            let of_model = [&of.model.id, &of.model.runtime, &of.model.device].map(String::clone);
            of_model.into_iter().chain(cells(of)).collect()
        })
        .collect();
    let width = |column: usize| {
        let cells = [&head].into_iter().chain(&rows).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    for row in [&head].into_iter().chain(&rows) {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column);
            let _ = match column < first.len() {
                true => write!(line, "{cell:<width$}  "),
                false => write!(line, "{cell:>width$}  "),
            };
        }
        let _ = writeln!(text, "  {}", line.trim_end());
    }
}
