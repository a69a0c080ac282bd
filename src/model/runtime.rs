//! Which inference runtime computes, and where: ONNX Runtime's shared library if it can be loaded, else tract,
//! which is compiled in. Touch it when another runtime or another device is served.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ort::environment::Environment;
use ort::ep::cuda::ConvAlgorithmSearch;
use ort::session::builder::GraphOptimizationLevel;

use super::library::{self, NoLibrary};
use super::onnxruntime::OnnxRuntime;
use super::session::{BATCH, Session};
use super::{ModelError, probe};
use crate::manifest::NetworkFile;

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

/// Sources that a GPU hears in one run: a run takes hardly longer for many than for one, until it is full of work.
/// Beyond this it takes longer in proportion (docs/BENCHMARKS.md).
const ON_CUDA: usize = 64;

/// What computes.
#[derive(Clone)]
pub struct Runtime {
    engine: Engine,
    cuda: bool,
    threads: usize,
    batch: usize,
    note: Option<String>,
}

#[derive(Clone)]
enum Engine {
    OnnxRuntime(Library),
    #[cfg(feature = "tract")]
    Tract,
}

/// ONNX Runtime's library, loaded.
#[derive(Clone)]
struct Library {
    environment: Environment,
    path: PathBuf,
}

/// `ort` loads one library a process, so a second start must find the first.
static LOADED: Mutex<Option<Library>> = Mutex::new(None);

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
        let (engine, reason) = choose(settings)?;
        let mut runtime =
            Self { engine, cuda: false, threads: settings.threads.max(1), batch: 1, note: None };
        match runtime.library() {
            Some(_) if settings.device != DeviceChoice::Cpu => runtime.try_cuda(wants_cuda)?,
            Some(_) => {}
            None if wants_cuda => {
                let why = reason.unwrap_or_else(|| "ONNX Runtime is not in use".into());
                return Err(refused(
                    "device = \"cuda\"",
                    &why,
                    "run tools/get-onnxruntime --gpu, or set device = \"auto\"",
                ));
            }
            None => runtime.note = reason.map(|reason| format!("computing with tract: {reason}")),
        }
        Ok(runtime)
    }

    /// Computes on CUDA from now on, if it can.
    fn try_cuda(&mut self, required: bool) -> Result<(), ModelError> {
        let proof = self.builder(true).and_then(probe::computes);
        let proof = proof.map_err(|reason| probe::in_short(&reason).to_owned());
        match proof {
            Ok(()) => (self.cuda, self.batch) = (true, ON_CUDA),
            Err(reason) if required => {
                return Err(refused(
                    "device = \"cuda\"",
                    &format!("the CUDA execution provider does not work: {reason}"),
                    "install NVIDIA's driver, CUDA 13 and cuDNN 9 and ONNX Runtime's GPU library (tools/get-onnxruntime --gpu), or set device = \"auto\"",
                ));
            }
            // Nobody expects CUDA of a library that came without it.
            Err(reason) if self.library().is_some_and(library::has_cuda) => {
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
        if self.library().is_some() { "onnxruntime" } else { "tract" }
    }

    /// `cpu` or `cuda`.
    pub fn device(&self) -> &'static str {
        if self.cuda { "cuda" } else { "cpu" }
    }

    /// The most sources that one run is for, where a network allows several: a GPU gains by it, a CPU does not.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The same for runs of at most so many sources.
    pub fn with_batch(self, batch: usize) -> Self {
        Self { batch: batch.max(1), ..self }
    }

    /// Why it is not what one might have expected: words that can stand alone.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// ONNX Runtime's library, when that is what computes.
    pub fn library(&self) -> Option<&Path> {
        match &self.engine {
            Engine::OnnxRuntime(library) => Some(&library.path),
            #[cfg(feature = "tract")]
            Engine::Tract => None,
        }
    }

    /// Opens a session for a network.
    pub(super) fn session(&self, file: &NetworkFile, bytes: &[u8]) -> Result<Session, ModelError> {
        let session = match &self.engine {
            Engine::OnnxRuntime(_) => self
                .builder(self.cuda)
                .and_then(|mut builder| builder.commit_from_memory(bytes).map_err(|error| error.to_string()))
                .and_then(|open| OnnxRuntime::new(open, file).map_err(|error| error.to_string()))
                .map(Session::OnnxRuntime),
            #[cfg(feature = "tract")]
            Engine::Tract => super::tract::Tract::open(bytes).map(Session::Tract),
        };
        session.map_err(|reason| ModelError::Inference { file: file.file.clone(), reason })
    }

    /// A builder of ONNX Runtime's sessions.
    fn builder(&self, cuda: bool) -> Result<ort::session::builder::SessionBuilder, String> {
        let build = |library: &Library| {
            let mut builder = ort::session::Session::builder(&library.environment)?
                .with_optimization_level(GraphOptimizationLevel::Level3)?
                .with_intra_threads(self.threads)?
                .with_inter_threads(1)?;
            if cuda {
                // TF32 would differ from the CPU in the third decimal.
                // A search by trying takes a fifth of a second for each new size of a batch, and finds nothing faster.
                let provider = ort::ep::CUDA::default()
                    .with_tf32(false)
                    .with_conv_algorithm_search(ConvAlgorithmSearch::Heuristic);
                builder = builder.with_execution_providers([provider.build().error_on_failure()])?;
            }
            if self.batch == 1 {
                builder = builder.with_dimension_override(BATCH, 1)?;
            }
            Ok(builder)
        };
        match &self.engine {
            Engine::OnnxRuntime(library) => build(library).map_err(|error: ort::Error| error.to_string()),
            #[cfg(feature = "tract")]
            Engine::Tract => Err("ONNX Runtime is not in use".into()),
        }
    }
}

/// The engine, and why it is not ONNX Runtime if that would have been taken.
fn choose(settings: &RuntimeSettings) -> Result<(Engine, Option<String>), ModelError> {
    if settings.runtime == RuntimeChoice::Tract {
        return Ok((tract()?, None));
    }
    let reason = match load_once(settings) {
        Ok(library) => return Ok((Engine::OnnxRuntime(library), None)),
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
        Err(NoLibrary::Unusable(why)) => why,
        Err(NoLibrary::Missing) => {
            "ONNX Runtime, which is faster, was not found (tools/get-onnxruntime fetches it)".into()
        }
    };
    Ok((tract()?, Some(reason)))
}

/// Loads the library unless that was done before.
fn load_once(settings: &RuntimeSettings) -> Result<Library, NoLibrary> {
    let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(library) = loaded.as_ref() {
        return Ok(library.clone());
    }
    let (environment, path) = library::load(settings)?;
    Ok(loaded.insert(Library { environment, path }).clone())
}

#[cfg(feature = "tract")]
fn tract() -> Result<Engine, ModelError> {
    Ok(Engine::Tract)
}

#[cfg(not(feature = "tract"))]
fn tract() -> Result<Engine, ModelError> {
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
    fn tract_computes_on_the_cpu_and_needs_no_words() {
        let settings = RuntimeSettings { runtime: RuntimeChoice::Tract, ..RuntimeSettings::default() };
        let runtime = Runtime::start(&settings).expect("tract is compiled in");
        assert_eq!((runtime.name(), runtime.device(), runtime.note()), ("tract", "cpu", None));
    }
}
