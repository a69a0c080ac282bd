//! Log lines for programs: one flat JSON object each. Touch it when a line must hold more.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;

/// `time` (RFC 3339, UTC), `level`, `target`, `thread`, `message`, and the fields of the event beside them.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writeln!(writer, "{}", line(event))
    }
}

fn line(event: &Event<'_>) -> Value {
    let Fields { message, target, others } = Fields::of(event);
    let metadata = event.metadata();
    let now = Timestamp::now();
    let thread = std::thread::current();
    let mut line = Map::new();
    line.insert("time".into(), format!("{now:.3}").into());
    line.insert("level".into(), metadata.level().as_str().into());
    line.insert("target".into(), target.unwrap_or_else(|| metadata.target().to_owned()).into());
    line.insert("thread".into(), thread.name().unwrap_or_default().into());
    line.insert("message".into(), message.into());
    for (field, value) in others {
        // What the line says of itself is never replaced by what an event calls the same.
        let name = field.name();
        let name = if line.contains_key(name) { format!("{name}_") } else { name.to_owned() };
        line.insert(name, value);
    }
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_flat_object_whatever_the_fields_hold() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber =
            tracing_subscriber::fmt().event_format(JsonLines).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let reason = "two\nlines, \"quoted\"";
            tracing::warn!(
                source = "mic",
                tries = 3,
                loud = f64::INFINITY,
                level = "mine",
                ?reason,
                "lost {}",
                1
            );
            tracing::info!("plain");
        });
        let bytes = written.0.lock().expect("not poisoned").clone();
        let text = String::from_utf8(bytes).expect("UTF-8");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 2);
        let time = lines[0]["time"].as_str().expect("a text");
        assert!(time.parse::<Timestamp>().is_ok() && time.ends_with('Z'), "{time}");
        for (key, value) in
            [("level", "WARN"), ("message", "lost 1"), ("source", "mic"), ("level_", "mine"), ("loud", "inf")]
        {
            assert_eq!(lines[0][key], value, "{key}");
        }
        assert_eq!(lines[0]["tries"], 3);
        assert_eq!(lines[0]["reason"], "\"two\\nlines, \\\"quoted\\\"\"");
        assert!(lines[0]["target"].as_str().is_some_and(|target| target.contains("log::json")));
        assert_eq!(lines[0]["thread"], std::thread::current().name().expect("a test's thread has one"));
        assert_eq!(lines[1].as_object().map(Map::len), Some(5));
    }
}
