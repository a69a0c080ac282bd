//! Which runtimes and devices are measured: what is configured, and of `auto` everything that works. Touch it with
//! `RuntimeChoice` and `DeviceChoice`.

use genrecast::config::Config;
use genrecast::model::{DeviceChoice, Runtime, RuntimeChoice, RuntimeSettings};

use crate::cli::exit::Failure;

/// The runtimes, started, each on one thread; and why one is missing that might have been expected.
pub(super) fn all(config: &Config) -> Result<(Vec<Runtime>, Vec<String>), Failure> {
    let start = |runtime, device| {
        let library = config.model.onnxruntime.clone();
        Runtime::start(&RuntimeSettings { runtime, device, library, threads: 1 })
    };
    let (wanted, device) = (config.model.runtime, config.model.device);
    let several: &[RuntimeChoice] = match wanted {
        RuntimeChoice::Auto if device == DeviceChoice::Cuda => &[RuntimeChoice::OnnxRuntime],
        RuntimeChoice::Auto => &[RuntimeChoice::OnnxRuntime, RuntimeChoice::Tract],
        RuntimeChoice::OnnxRuntime => &[RuntimeChoice::OnnxRuntime],
        RuntimeChoice::Tract => &[RuntimeChoice::Tract],
    };
    let (mut started, mut notes, mut first) = (Vec::new(), Vec::new(), None);
    for choice in several {
        match start(*choice, device) {
            Ok(runtime) => {
                notes.extend(runtime.note().map(str::to_owned));
                // The CPU beside a GPU that was found.
                if device == DeviceChoice::Auto && runtime.device() == "cuda" {
                    started.push(start(*choice, DeviceChoice::Cpu)?);
                }
                started.push(runtime);
            }
            Err(error) => {
                notes.push(error.to_string());
                first = first.or(Some(error));
            }
        }
    }
    match first {
        Some(error) if started.is_empty() => Err(error.into()),
        _ => Ok((started, notes)),
    }
}
