//! Model folders: where they are looked for, and the check that their files are what the manifest says.
//! Touch it when models come from somewhere else.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::encoder_head::EncoderHead;
use super::window_model::WindowModel;
use super::{Classifier, ModelError, Network, Runtime};
use crate::event::ModelInfo;
use crate::manifest::{Kind, Manifest, NetworkFile, Role};

/// A model whose files have been read and found to be those of its manifest.
#[derive(Debug, Clone)]
pub struct Model {
    /// What it wants and says.
    pub manifest: Manifest,
    /// Where it lies.
    pub folder: PathBuf,
    /// SHA-256 of its network (of encoder and head joined by `+`).
    pub sha256: String,
    /// Columns of the golden window, `[frames, n_mels]`.
    pub golden: Vec<f32>,
    networks: Vec<(NetworkFile, Vec<u8>)>,
}

/// The places where models are looked for: `extra` first, then `./models`, beside the binary, in the repository of
/// which the binary was built, and the system's.
pub fn model_folders(extra: Option<&Path>) -> Vec<PathBuf> {
    let binary = std::env::current_exe().ok();
    // Two folders up from `target/release`.
    let around_binary = binary.iter().flat_map(|path| {
        let folders: Vec<_> = path.ancestors().collect();
        [1, 3].into_iter().filter_map(move |up| folders.get(up).map(|folder| folder.join("models")))
    });
    extra
        .map(Path::to_owned)
        .into_iter()
        .chain([PathBuf::from("models")])
        .chain(around_binary)
        .chain([PathBuf::from("/usr/share/genrecast/models")])
        .collect()
}

/// Names of the models in those places.
pub fn list_models(places: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = places
        .iter()
        .filter_map(|place| fs::read_dir(place).ok())
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("manifest.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The folder of model `id`: the first of the places that has it.
///
/// # Errors
/// [`ModelError::NotFound`] lists the places and what is there.
pub fn find_model(id: &str, places: &[PathBuf]) -> Result<PathBuf, ModelError> {
    let plain_name = !id.is_empty() && !id.contains(['/', '\\']) && id != "." && id != "..";
    places
        .iter()
        .map(|place| place.join(id))
        .find(|folder| plain_name && folder.join("manifest.toml").is_file())
        .ok_or_else(|| ModelError::NotFound {
            id: id.to_owned(),
            searched: places.to_vec(),
            available: list_models(places),
        })
}

impl Model {
    /// Reads a model folder and checks every file against its manifest.
    ///
    /// # Errors
    /// Says which file, what was expected and what was found.
    pub fn load(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("manifest.toml");
        let text = fs::read_to_string(&path)
            .map_err(|error| ModelError::Unreadable { path: path.clone(), error })?;
        let manifest =
            Manifest::parse(&text).map_err(|error| ModelError::Manifest { path, error: Box::new(error) })?;
        let mut networks = Vec::new();
        for network in [&manifest.network, &manifest.encoder, &manifest.head].into_iter().flatten() {
            networks.push((network.clone(), read_checked(folder, &network.file, &network.sha256)?));
        }
        let golden = read_checked(folder, &manifest.golden.file, &manifest.golden.sha256)?;
        let (frames, mels) = (manifest.window.frames, manifest.features.n_mels);
        let expected = frames.saturating_mul(mels).saturating_mul(size_of::<f32>());
        if golden.len() != expected {
            return Err(ModelError::Shape {
                file: manifest.golden.file.clone(),
                what: "length".into(),
                expected: format!("{expected} bytes ({frames} columns of {mels} f32)"),
                actual: format!("{} bytes", golden.len()),
            });
        }
        Ok(Self {
            folder: folder.to_owned(),
            sha256: networks.iter().map(|(file, _)| file.sha256.to_lowercase()).collect::<Vec<_>>().join("+"),
            golden: golden
                .chunks_exact(size_of::<f32>())
                .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
                .collect(),
            networks,
            manifest,
        })
    }

    /// The same model, if it is for `wanted`.
    ///
    /// # Errors
    /// [`ModelError::Role`] if it is for something else.
    pub fn of_role(self, wanted: Role) -> Result<Self, ModelError> {
        let Manifest { id, role, .. } = &self.manifest;
        if *role == wanted {
            return Ok(self);
        }
        Err(ModelError::Role { id: id.clone(), role: *role, wanted })
    }

    /// How events name it when it runs on `runtime`.
    pub fn info(&self, runtime: &Runtime) -> ModelInfo {
        ModelInfo {
            id: self.manifest.id.clone(),
            sha256: self.sha256.clone(),
            device: runtime.device().into(),
            runtime: runtime.name().into(),
        }
    }

    /// Opens its sessions on a runtime.
    ///
    /// # Errors
    /// [`ModelError`] if the runtime refuses the network or its tensors differ from the manifest.
    pub fn classifier(&self, runtime: &Runtime) -> Result<Box<dyn Classifier>, ModelError> {
        let open = |index: usize| {
            let (file, bytes) = &self.networks[index];
            Network::open(runtime, file, bytes)
        };
        Ok(match self.manifest.kind {
            Kind::Window => Box::new(WindowModel::new(&self.manifest, open(0)?)),
            Kind::EncoderHead => Box::new(EncoderHead::new(&self.manifest, open(0)?, open(1)?)),
        })
    }
}

fn read_checked(folder: &Path, file: &str, sha256: &str) -> Result<Vec<u8>, ModelError> {
    let path = folder.join(file);
    let bytes = fs::read(&path).map_err(|error| ModelError::Unreadable { path: path.clone(), error })?;
    let actual: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if actual.eq_ignore_ascii_case(sha256) {
        return Ok(bytes);
    }
    Err(ModelError::Hash { path, expected: sha256.to_owned(), actual })
}
