//! Which models have sessions at present. Touch it when a session is to tell more of itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts the sessions of each model.
#[derive(Debug, Clone, Default)]
pub struct Loaded(Arc<Mutex<BTreeMap<String, usize>>>);

/// Stands for sessions of one model, as long as they are there.
#[derive(Debug)]
pub struct LoadedModel {
    id: String,
    of: Loaded,
}

impl Loaded {
    /// One more place has sessions of this model.
    pub fn add(&self, id: &str) -> LoadedModel {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id.to_owned()).or_default() += 1;
        LoadedModel { id: id.to_owned(), of: self.clone() }
    }

    /// Whether a model has sessions.
    pub fn has(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }
}

impl Drop for LoadedModel {
    fn drop(&mut self) {
        let mut counts = self.of.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_loaded_as_long_as_anything_stands_for_it() {
        let loaded = Loaded::default();
        let (one, other) = (loaded.add("crnn"), loaded.add("crnn"));
        drop(one);
        assert!(loaded.has("crnn") && !loaded.has("cnn"));
        drop(other);
        assert!(!loaded.has("crnn"));
    }
}
