//! A layer for tests of the log that keeps what comes out at its end. Touch it when a test must see more of a line.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::fields::Fields;

/// Message and fields.
pub(super) type Said = (String, Vec<(String, Value)>);

#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Vec<Said>>>);

impl Kept {
    pub fn lines(&self) -> MutexGuard<'_, Vec<Said>> {
        self.0.lock().expect("not poisoned")
    }
}

impl<S: Subscriber> Layer<S> for Kept {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Fields { message, others, .. } = Fields::of(event);
        let others = others.into_iter().map(|(field, value)| (field.name().to_owned(), value)).collect();
        self.lines().push((message, others));
    }
}
