//! The configured sources proved playable. Touch it when more of them can be known before they are played.

use anyhow::anyhow;
use genrecast::catalogue::Catalogue;
use genrecast::config::Loaded;
use genrecast::source::{Decoder, SourceSpec, SourceUri};

use super::exit::{Failure, Status};

/// The sources, of which there must be one.
pub(super) fn sources(loaded: &Loaded) -> Result<Vec<SourceSpec>, Failure> {
    if loaded.sources.is_empty() {
        let error =
            anyhow!("no source is configured; give --source URI or a [[source]] in the configuration");
        return Err(Failure::new(Status::Usage, error));
    }
    Ok(loaded.sources.clone())
}

/// A file that cannot be played is told now rather than when somebody listens.
pub(super) fn playable<'a>(specs: impl IntoIterator<Item = &'a SourceSpec>) -> Result<(), Failure> {
    for spec in specs {
        if let SourceUri::File { path, mixdown, .. } = &spec.uri {
            let name = path.display().to_string();
            Decoder::open_file(path, *mixdown).map_err(|error| Failure::of_source(&name, error))?;
        }
    }
    Ok(())
}

/// A model that a source has for itself and that is not there is told now, too.
pub(super) fn hearable<'a>(
    specs: impl IntoIterator<Item = &'a SourceSpec>,
    catalogue: &Catalogue,
) -> Result<(), Failure> {
    for spec in specs {
        let Some(id) = &spec.model else { continue };
        let fault = |error| anyhow!("source {}: model: {error}", spec.name);
        catalogue.load(id).map_err(|error| Failure::new(Status::Model, fault(error)))?;
    }
    Ok(())
}
