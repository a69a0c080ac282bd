//! Which inference runtime computes, and where: ONNX Runtime's shared library if it can be loaded, else tract,
//! which is compiled in. Touch it when libraries are found elsewhere or another device is served.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;

use super::ModelError;

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
    /// ONNX Runtime's shared library; `None` looks in [`library_candidates`].
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

/// `ort` takes one environment a process, so a second start must find the first.
static STARTED: Mutex<Option<(Environment, &'static str, Option<PathBuf>)>> = Mutex::new(None);

/// Where ONNX Runtime's library is looked for when no path is configured.
pub fn library_candidates() -> Vec<PathBuf> {
    let name = format!("{}onnxruntime{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let mut folders = Vec::new();
    if let Some(folder) = std::env::current_exe().ok().and_then(|path| path.parent().map(Path::to_owned)) {
        folders.push(folder.join("onnxruntime"));
        folders.push(folder);
    }
    let data_home = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    folders.extend(data_home.map(|folder| folder.join("genrecast/onnxruntime")));
    folders.extend(
        [
            "/usr/lib/genrecast",
            "/usr/local/lib",
            "/usr/lib",
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
        ]
        .map(PathBuf::from),
    );
    let from_environment =
        std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()).map(PathBuf::from);
    from_environment.into_iter().chain(folders.into_iter().map(|folder| folder.join(&name))).collect()
}

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
        let (environment, name, library, note) = start_once(settings)?;
        if name == "tract" && wants_cuda {
            let why = note.unwrap_or_else(|| "ONNX Runtime is not in use".into());
            return Err(refused(
                "device = \"cuda\"",
                &why,
                "run tools/get-onnxruntime --gpu, or set device = \"auto\"",
            ));
        }
        let mut runtime =
            Self { environment, name, cuda: false, threads: settings.threads.max(1), note, library };
        if name == "onnxruntime" && settings.device != DeviceChoice::Cpu {
            match runtime.builder(true) {
                Ok(_) => runtime.cuda = true,
                Err(error) if wants_cuda => {
                    return Err(refused(
                        "device = \"cuda\"",
                        &format!("the CUDA execution provider does not work: {error}"),
                        "install NVIDIA's driver, CUDA 13 and cuDNN 9 and ONNX Runtime's GPU library (tools/get-onnxruntime --gpu), or set device = \"auto\"",
                    ));
                }
                Err(_) => {}
            }
        }
        Ok(runtime)
    }

    /// `onnxruntime` or `tract`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// `cpu` or `cuda`.
    pub fn device(&self) -> &'static str {
        if self.cuda { "cuda" } else { "cpu" }
    }

    /// Why it is not what one might have expected, in words.
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

type Started = (Environment, &'static str, Option<PathBuf>, Option<String>);

fn start_once(settings: &RuntimeSettings) -> Result<Started, ModelError> {
    let mut started = STARTED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((environment, name, library)) = started.as_ref() {
        let fits = match settings.runtime {
            RuntimeChoice::Auto => true,
            RuntimeChoice::OnnxRuntime => *name == "onnxruntime",
            RuntimeChoice::Tract => *name == "tract",
        };
        if !fits {
            let reason = format!("this process already computes with {name}");
            return Err(refused("another runtime", &reason, "use one runtime a process"));
        }
        return Ok((environment.clone(), name, library.clone(), None));
    }
    let (environment, name, library, note) = choose(settings)?;
    *started = Some((environment.clone(), name, library.clone()));
    Ok((environment, name, library, note))
}

fn choose(settings: &RuntimeSettings) -> Result<Started, ModelError> {
    let mut note = None;
    if settings.runtime != RuntimeChoice::Tract {
        match load_onnxruntime(settings) {
            Ok((environment, library)) => return Ok((environment, "onnxruntime", Some(library), None)),
            Err(reason) if settings.runtime == RuntimeChoice::OnnxRuntime || settings.library.is_some() => {
                return Err(refused(
                    "runtime = \"onnxruntime\"",
                    &reason,
                    "run tools/get-onnxruntime, name the library in model.onnxruntime or ORT_DYLIB_PATH, or set runtime = \"auto\"",
                ));
            }
            Err(reason) => note = Some(reason),
        }
    }
    let environment = start_tract()?;
    Ok((environment, "tract", None, note))
}

fn load_onnxruntime(settings: &RuntimeSettings) -> Result<(Environment, PathBuf), String> {
    let candidates = match &settings.library {
        Some(path) => vec![path.clone()],
        None => library_candidates(),
    };
    let Some(path) = candidates.iter().find(|path| path.is_file()) else {
        let places: Vec<_> = candidates.iter().map(|path| path.display().to_string()).collect();
        return Err(format!("ONNX Runtime's library was not found (looked for {})", places.join(", ")));
    };
    // A symlink is followed, because the provider libraries are sought beside the file that is named.
    let path = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
    let builder =
        ort::init_from(&path).map_err(|error| format!("{} cannot be loaded: {error}", path.display()))?;
    let environment =
        builder.with_telemetry(false).build().map_err(|error| format!("{}: {error}", path.display()))?;
    environment.set_log_level(ort::logging::LogLevel::Error);
    Ok((environment, path))
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
