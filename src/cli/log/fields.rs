//! The fields of a log event, taken out of it. Touch it when a kind of value is to be written otherwise.

use std::fmt::Debug;

use serde_json::Value;
use tracing::Event;
use tracing::field::{Field, Visit};

/// Message and fields of an event, in the order of its call.
#[derive(Default)]
pub(super) struct Fields {
    /// The text; empty if it has none.
    pub message: String,
    /// Where it comes from, if a library told it through `log` and not as the event's own target.
    pub target: Option<String>,
    /// Everything else.
    pub others: Vec<(Field, Value)>,
}

impl Fields {
    /// Takes them out of an event.
    pub fn of(event: &Event<'_>) -> Self {
        let mut fields = Self::default();
        event.record(&mut fields);
        fields
    }

    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            ("log.target", Value::String(target)) => self.target = Some(target),
            ("log.module_path" | "log.file" | "log.line", _) => {}
            (_, value) => self.others.push((field.clone(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no number for infinity and the like.
        self.put(field, if value.is_finite() { value.into() } else { value.to_string().into() });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}").into());
    }
}
