//! The log in systemd's journal: fields become journal fields. Touch it when the journal is to show more.

use std::fmt::Write;

use serde_json::Value;
use tracing::field::Value as FieldValue;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;

/// The macros of `tracing` let an event have at most so many fields.
const MOST_FIELDS: usize = 32;

/// Writes each event with its fields also behind the message, because `journalctl` shows the message only.
pub(super) struct Journal<L>(L);

impl Journal<tracing_journald::Layer> {
    /// Connects to the journal.
    ///
    /// # Errors
    /// Those of its socket.
    pub fn connect() -> std::io::Result<Self> {
        let layer = tracing_journald::layer()?.with_field_prefix(Some("GENRECAST".into()));
        Ok(Self(layer.with_syslog_identifier("genrecast".into()).with_priority_mappings(PRIORITIES)))
    }
}

const PRIORITIES: tracing_journald::PriorityMappings = tracing_journald::PriorityMappings {
    error: tracing_journald::Priority::Error,
    warn: tracing_journald::Priority::Warning,
    info: tracing_journald::Priority::Informational,
    debug: tracing_journald::Priority::Debug,
    trace: tracing_journald::Priority::Debug,
};

impl<S, L> Layer<S> for Journal<L>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    L: Layer<S>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        self.0.on_new_span(attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.0.on_record(id, values, context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let fields = event.metadata().fields();
        let Some(message) = fields.field("message") else { return self.0.on_event(event, context) };
        let Fields { message: mut text, others, .. } = Fields::of(event);
        let others: Vec<_> = others.into_iter().map(|(field, value)| (field, plain(value))).collect();
        for (field, value) in &others {
            let _ = write!(text, " {}={}", field.name(), quoted(value));
        }
        let mut values = [(&message, None::<&dyn FieldValue>); MOST_FIELDS];
        values[0] = (&message, Some(&text));
        for (place, (field, value)) in values[1..].iter_mut().zip(&others) {
            *place = (field, Some(value));
        }
        self.0.on_event(&Event::new(event.metadata(), &fields.value_set(&values)), context);
    }
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// As it stands, or in quotes where it could not be told from what follows.
fn quoted(value: &str) -> String {
    let simple = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c == '"');
    if simple { value.to_owned() } else { format!("{value:?}") }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::super::kept::Kept;
    use super::*;

    #[test]
    fn the_message_holds_the_fields_and_the_fields_stay() {
        let kept = Kept::default();
        let subscriber = tracing_subscriber::registry().with(Journal(kept.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(
                source = "mic",
                reason = "no microphone",
                remedy = None::<&str>,
                hz = 44_100,
                "trouble"
            );
            tracing::info!(lonely = true);
        });
        let kept = kept.lines();
        let text = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        assert_eq!(kept[0].0, "trouble source=mic reason=\"no microphone\" hz=44100");
        assert_eq!(kept[0].1, [text("source", "mic"), text("reason", "no microphone"), text("hz", "44100")]);
        assert_eq!((kept[1].0.as_str(), &kept[1].1), ("", &vec![("lonely".to_owned(), Value::Bool(true))]));
    }
}
