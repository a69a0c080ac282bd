//! Where ONNX Runtime's shared library lies, and loading it. Touch it when it is found elsewhere.

use std::path::{Path, PathBuf};

use ort::environment::Environment;

use super::{ModelError, RuntimeSettings};

/// Why the library is not in use.
pub(super) enum NoLibrary {
    /// A library that the user named cannot be used: never passed over.
    Named(ModelError),
    /// None of the usual places has one.
    Missing,
    /// The first one in the usual places cannot be used; the reason, in words.
    Unusable(String),
}

/// Where ONNX Runtime's library is looked for when neither `model.onnxruntime` nor `ORT_DYLIB_PATH` names one.
pub fn library_candidates() -> Vec<PathBuf> {
    let name = file_name("onnxruntime");
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
    folders.into_iter().map(|folder| folder.join(&name)).collect()
}

/// That there is no library, and where one would be found.
pub(super) fn not_found() -> String {
    let places: Vec<_> = library_candidates().iter().map(|path| path.display().to_string()).collect();
    format!("ONNX Runtime's library was not found (looked for {})", places.join(", "))
}

/// Finds the library and loads it.
pub(super) fn load(settings: &RuntimeSettings) -> Result<(Environment, PathBuf), NoLibrary> {
    if let Some((key, path)) = named(settings) {
        return open(&path).map_err(|reason| {
            NoLibrary::Named(ModelError::Runtime {
                wanted: format!("{key} = {:?}", path.display().to_string()),
                reason,
                remedy: "name the library of ONNX Runtime 1.24 or newer (tools/get-onnxruntime fetches it), or leave that unset"
                    .into(),
            })
        });
    }
    let candidates = library_candidates();
    let Some(path) = candidates.iter().find(|path| path.is_file()) else {
        return Err(NoLibrary::Missing);
    };
    open(path).map_err(|reason| NoLibrary::Unusable(format!("{}: {reason}", path.display())))
}

/// The library that the user names, and where: the configuration before the environment.
fn named(settings: &RuntimeSettings) -> Option<(&'static str, PathBuf)> {
    let in_configuration = settings.library.clone().map(|path| ("model.onnxruntime", path));
    let in_environment = || {
        let path = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty())?;
        Some(("ORT_DYLIB_PATH", PathBuf::from(path)))
    };
    in_configuration.or_else(in_environment)
}

fn open(path: &Path) -> Result<(Environment, PathBuf), String> {
    if !path.is_file() {
        return Err("there is no such file".into());
    }
    // A symlink is followed, because the provider libraries are sought beside the file that is named.
    let path = path.canonicalize().map_err(|error| error.to_string())?;
    let builder = ort::init_from(&path).map_err(|error| format!("it cannot be loaded: {error}"))?;
    let environment = builder.with_telemetry(false).build().map_err(|error| error.to_string())?;
    environment.set_log_level(ort::logging::LogLevel::Error);
    Ok((environment, path))
}

/// True if the library came with its part for CUDA, which the ordinary one lacks.
pub(super) fn has_cuda(library: &Path) -> bool {
    library.with_file_name(file_name("onnxruntime_providers_cuda")).is_file()
}

fn file_name(library: &str) -> String {
    format!("{}{library}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}
