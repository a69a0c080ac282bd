//! Times the features on given samples: the half of `tools/bench-peers` that is ours. Touch it together with that script.
//!
//!     features_speed SAMPLES.f32 FEATURES.json COLUMNS.f32
//!
//! It writes the columns once, so that the peers' can be compared with them. Then, for each line on standard input, it
//! computes them again and prints the seconds that this took: the thread's CPU time and the clock's.

use std::fs;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use genrecast::features::LogMel;
use genrecast::manifest::FeatureSettings;

/// As many samples as the daemon reads from a ring at a time.
const BLOCK: usize = 4096;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [samples, features, columns] = arguments.as_slice() else {
        bail!("expected SAMPLES.f32 FEATURES.json COLUMNS.f32, got {arguments:?}");
    };
    let bytes = fs::read(samples).with_context(|| samples.clone())?;
    let samples: Vec<f32> = bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect();
    let text = fs::read_to_string(features).with_context(|| features.clone())?;
    let settings: FeatureSettings = serde_json::from_str(&text).with_context(|| features.clone())?;
    let mut log_mel = LogMel::new(&settings);

    let mut found = Vec::new();
    run(&mut log_mel, &samples, |column| found.extend(column.iter().flat_map(|value| value.to_le_bytes())));
    fs::write(columns, found).with_context(|| columns.clone())?;

    let mut out = std::io::stdout().lock();
    writeln!(out, "ready")?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let (began_cpu, began) = (thread_time(), Instant::now());
        run(&mut log_mel, &samples, |column| {
            black_box(column);
        });
        let (cpu, clock) = (thread_time() - began_cpu, began.elapsed());
        writeln!(out, "{} {}", cpu.as_secs_f64(), clock.as_secs_f64())?;
        out.flush()?;
    }
    Ok(())
}

fn run(log_mel: &mut LogMel, samples: &[f32], mut sink: impl FnMut(&[f32])) {
    for block in samples.chunks(BLOCK) {
        log_mel.push(block, &mut sink);
    }
    log_mel.finish(sink);
}

/// CPU time of this thread: what others do on a shared machine counts less in it.
fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a value of our own; this clock exists on every Linux and on macOS.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(status, 0, "the thread's CPU clock cannot be read");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
