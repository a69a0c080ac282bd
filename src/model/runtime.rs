//! Which inference runtime computes, and where: ONNX Runtime's shared library if it can be loaded, else tract,
//! which is compiled in. Touch it when another runtime or another device is served.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;

use super::library::{self, NoLibrary};
use super::{ModelError, probe};

/// Which runtime is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuntimeChoice {
    /// ONNX Runtime if its library is found, else tract.
    #[default]
    Auto,
    /// ONNX Runtime or nothing.
    OnnxRuntime,
    /// The compiled-in tract.
    Tract,
}

/// Which device is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// CUDA if it works, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA or nothing.
    Cuda,
}

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct RuntimeSettings {
    /// Which runtime.
    pub runtime: RuntimeChoice,
    /// Which device.
    pub device: DeviceChoice,
    /// ONNX Runtime's shared library; `None` takes the one of `ORT_DYLIB_PATH`, else looks in
    /// [`library_candidates`](super::library_candidates).
    pub library: Option<PathBuf>,
    /// Threads within one inference.
    pub threads: usize,
}

/// The runtime of this process; there is one.
#[derive(Clone)]
pub struct Runtime {
    environment: Environment,
    name: &'static str,
    cuda: bool,
    threads: usize,
    note: Option<String>,
    library: Option<PathBuf>,
}

/// What was started: `ort` takes one environment a process, so a second start must find the first.
#[derive(Clone)]
struct Started {
    environment: Environment,
    name: &'static str,
    /// ONNX Runtime's, if that is what was started.
    library: Option<PathBuf>,
    /// Why it is not ONNX Runtime, if that would have been taken.
    reason: Option<String>,
}

static STARTED: Mutex<Option<Started>> = Mutex::new(None);

impl Runtime {
    /// Starts the wanted runtime on the wanted device.
    ///
    /// # Errors
    /// [`ModelError::Runtime`] if what was explicitly asked for is not to be had.
    pub fn start(settings: &RuntimeSettings) -> Result<Self, ModelError> {
        let wants_cuda = settings.device == DeviceChoice::Cuda;
        if settings.runtime == RuntimeChoice::Tract && wants_cuda {
            return Err(refused(
                "device = \"cuda\"",
                "tract computes on the CPU only",
                "set runtime = \"onnxruntime\" or device = \"cpu\"",
            ));
        }
        let Started { environment, name, library, reason } = start_once(settings)?;
        if name == "tract" && wants_cuda {
            let why = reason.unwrap_or_else(|| "ONNX Runtime is not in use".into());
            return Err(refused(
                "device = \"cuda\"",
                &why,
                "run tools/get-onnxruntime --gpu, or set device = \"auto\"",
            ));
        }
        let note = reason.map(|reason| format!("computing with tract: {reason}"));
        let threads = settings.threads.max(1);
        let mut runtime = Self { environment, name, cuda: false, threads, note, library };
        if name == "onnxruntime" && settings.device != DeviceChoice::Cpu {
            runtime.try_cuda(wants_cuda)?;
        }
        Ok(runtime)
    }

    /// Computes on CUDA from now on, if it can.
    fn try_cuda(&mut self, required: bool) -> Result<(), ModelError> {
        let proof = self.builder(true).map_err(|error| error.to_string()).and_then(probe::computes);
        // ONNX Runtime's own words end in a line feed.
        let proof = proof.map_err(|reason| reason.trim().to_owned());
        match proof {
            Ok(()) => self.cuda = true,
            Err(reason) if required => {
                return Err(refused(
                    "device = \"cuda\"",
                    &format!("the CUDA execution provider does not work: {reason}"),
                    "install NVIDIA's driver, CUDA 13 and cuDNN 9 and ONNX Runtime's GPU library (tools/get-onnxruntime --gpu), or set device = \"auto\"",
                ));
            }
            // Nobody expects CUDA of a library that came without it.
            Err(reason) if self.library.as_deref().is_some_and(library::has_cuda) => {
                self.note = Some(format!(
                    "computing on the CPU: the CUDA execution provider does not work: {reason}"
                ));
            }
            Err(_) => {}
        }
        Ok(())
    }

    /// `onnxruntime` or `tract`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// `cpu` or `cuda`.
    pub fn device(&self) -> &'static str {
        if self.cuda { "cuda" } else { "cpu" }
    }

    /// Why it is not what one might have expected: words that can stand alone.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// ONNX Runtime's library, when that is what computes.
    pub fn library(&self) -> Option<&Path> {
        self.library.as_deref()
    }

    /// Opens a session for a network.
    pub(super) fn session(&self, file: &str, bytes: &[u8]) -> Result<Session, ModelError> {
        self.builder(self.cuda)
            .and_then(|mut builder| builder.commit_from_memory(bytes))
            .map_err(|error| ModelError::Inference { file: file.to_owned(), reason: error.to_string() })
    }

    fn builder(&self, cuda: bool) -> ort::Result<ort::session::builder::SessionBuilder> {
        let mut builder = Session::builder(&self.environment)?
            // Without this call tract runs the graph as it was read.
            .with_optimization_level(GraphOptimizationLevel::Level3)?;
        if self.name == "onnxruntime" {
            builder = builder.with_intra_threads(self.threads)?.with_inter_threads(1)?;
        }
        if cuda {
            // TF32 would differ from the CPU in the third decimal.
            let provider = ort::ep::CUDA::default().with_tf32(false).build().error_on_failure();
            builder = builder.with_execution_providers([provider])?;
        }
        Ok(builder)
    }
}

fn start_once(settings: &RuntimeSettings) -> Result<Started, ModelError> {
    let mut slot = STARTED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(started) = slot.as_ref() {
        let fits = match settings.runtime {
            RuntimeChoice::Auto => true,
            RuntimeChoice::OnnxRuntime => started.name == "onnxruntime",
            RuntimeChoice::Tract => started.name == "tract",
        };
        if !fits {
            let reason = format!("this process already computes with {}", started.name);
            return Err(refused("another runtime", &reason, "use one runtime a process"));
        }
        return Ok(started.clone());
    }
    let started = choose(settings)?;
    *slot = Some(started.clone());
    Ok(started)
}

fn choose(settings: &RuntimeSettings) -> Result<Started, ModelError> {
    let mut reason = None;
    if settings.runtime != RuntimeChoice::Tract {
        match library::load(settings) {
            Ok((environment, library)) => {
                let library = Some(library);
                return Ok(Started { environment, name: "onnxruntime", library, reason });
            }
            Err(NoLibrary::Named(error)) => return Err(error),
            Err(missing) if settings.runtime == RuntimeChoice::OnnxRuntime => {
                let why = match missing {
                    NoLibrary::Unusable(why) => why,
                    _ => library::not_found(),
                };
                return Err(refused(
                    "runtime = \"onnxruntime\"",
                    &why,
                    "run tools/get-onnxruntime, name the library in model.onnxruntime or ORT_DYLIB_PATH, or set runtime = \"auto\"",
                ));
            }
            Err(NoLibrary::Unusable(why)) => reason = Some(why),
            Err(NoLibrary::Missing) => {
                reason = Some(
                    "ONNX Runtime, which is faster, was not found (tools/get-onnxruntime fetches it)".into(),
                );
            }
        }
    }
    Ok(Started { environment: start_tract()?, name: "tract", library: None, reason })
}

#[cfg(feature = "tract")]
fn start_tract() -> Result<Environment, ModelError> {
    let failed = |reason: &str| refused("runtime = \"tract\"", reason, "restart the program");
    if !ort::set_api(ort_tract::api()) {
        return Err(failed("a part of ONNX Runtime is already loaded in this process"));
    }
    ort::init().with_telemetry(false).build().map_err(|error| failed(&error.to_string()))
}

#[cfg(not(feature = "tract"))]
fn start_tract() -> Result<Environment, ModelError> {
    Err(refused(
        "a runtime",
        "ONNX Runtime's library was not found and this build has no tract",
        "run tools/get-onnxruntime, or build with the feature \"tract\"",
    ))
}

fn refused(wanted: &str, reason: &str, remedy: &str) -> ModelError {
    ModelError::Runtime { wanted: wanted.to_owned(), reason: reason.to_owned(), remedy: remedy.to_owned() }
}

#[cfg(all(test, feature = "tract"))]
mod tests {
    use super::*;

    #[test]
    fn the_probe_of_a_device_computes_where_there_is_none_to_fail() {
        let settings = RuntimeSettings { runtime: RuntimeChoice::Tract, ..RuntimeSettings::default() };
        let runtime = Runtime::start(&settings).expect("tract is compiled in");
        assert_eq!((runtime.name(), runtime.device(), runtime.note()), ("tract", "cpu", None));
        assert_eq!(
            runtime.builder(false).map_err(|error| error.to_string()).and_then(probe::computes),
            Ok(())
        );
    }
}
