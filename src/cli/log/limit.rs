//! Keeps a message that comes over and over from filling the log: a few lines of each kind, then how many there were.
//! Touch it when more or fewer are to be written. What can be set off from outside (a station that flaps, a client that
//! sends nonsense, a disk that fails) goes through here like everything else, so nobody has to think of it elsewhere.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use genrecast::stats::LOG_LINES_LEFT_OUT;
use tracing::callsite::{Callsite, Identifier};
use tracing::field::{FieldSet, Value};
use tracing::metadata::Kind;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;

/// Lines are counted over so long.
const SPAN: Duration = Duration::from_secs(60);

/// So many lines of a kind are written in that time,
const FIRST: u32 = 30;

/// or so many, if there were too many in the time before.
const FURTHER: u32 = 3;

/// Kinds that are remembered; those beyond share one allowance.
const KINDS: usize = 512;

/// What answers a signal of the operator is always written.
const ANSWERS: &str = "genrecast::daemon::reload";

/// Writes what another layer writes, but for what there is too much of. What is asked for by `debug` or `trace` is not
/// limited: whoever asks wants to see it.
pub(super) struct Limited<L> {
    layer: L,
    kinds: Mutex<Kinds>,
}

impl<L> Limited<L> {
    pub fn new(layer: L) -> Self {
        Self { layer, kinds: Mutex::default() }
    }
}

/// A kind of message: the place in the program, and the source or library that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name {
    place: Option<Identifier>,
    about: String,
}

/// What was written of a kind since its span began.
#[derive(Debug)]
struct Count {
    since: Instant,
    allowed: u32,
    written: u32,
    left_out: u64,
    /// Words of the last one.
    what: String,
}

#[derive(Debug, Default)]
struct Kinds(HashMap<Name, Count>);

/// Lines that were left out, to be told.
#[derive(Debug, PartialEq, Eq)]
struct LeftOut {
    about: String,
    what: String,
    /// `None`: the first is being left out now, and how many there will be is told later.
    count: Option<u64>,
}

impl Kinds {
    /// Whether a line of this kind is to be written now, and what is to be told before.
    fn admit(&mut self, name: Name, what: &str, now: Instant) -> (bool, Vec<LeftOut>) {
        let mut told = self.over(now);
        let name = if self.0.len() < KINDS || self.0.contains_key(&name) {
            name
        } else {
            Name { place: None, about: String::new() }
        };
        let fresh = || Count { since: now, allowed: FIRST, written: 0, left_out: 0, what: String::new() };
        let count = self.0.entry(name.clone()).or_insert_with(fresh);
        if count.written < count.allowed {
            count.written += 1;
            return (true, told);
        }
        what.clone_into(&mut count.what);
        count.left_out += 1;
        if count.left_out == 1 {
            told.push(LeftOut { about: name.about, what: count.what.clone(), count: None });
        }
        (false, told)
    }

    /// Ends the spans that are over, and gives what was left out in them.
    fn over(&mut self, now: Instant) -> Vec<LeftOut> {
        let mut told = Vec::new();
        self.0.retain(|name, count| {
            if now.duration_since(count.since) < SPAN {
                return true;
            }
            if count.left_out == 0 {
                return false;
            }
            let (about, what) = (name.about.clone(), std::mem::take(&mut count.what));
            told.push(LeftOut { about, what, count: Some(count.left_out) });
            *count = Count { since: now, allowed: FURTHER, written: 0, left_out: 0, what: String::new() };
            true
        });
        told
    }
}

impl<S, L> Layer<S> for Limited<L>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    L: Layer<S>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        self.layer.on_new_span(attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.layer.on_record(id, values, context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() > Level::INFO || event.metadata().target() == ANSWERS {
            return self.layer.on_event(event, context);
        }
        let Fields { message, target, others } = Fields::of(event);
        let source = others.iter().find(|(field, _)| field.name() == "source");
        let source = source.and_then(|(_, value)| value.as_str().map(str::to_owned));
        let name =
            Name { place: Some(event.metadata().callsite()), about: source.or(target).unwrap_or_default() };
        let (written, told) = {
            let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
            kinds.admit(name, &message, Instant::now())
        };
        for left_out in told {
            self.tell(&left_out, context.clone());
        }
        match written {
            true => self.layer.on_event(event, context),
            false => LOG_LINES_LEFT_OUT.add(1),
        }
    }
}

impl<L> Limited<L> {
    fn tell<S: Subscriber>(&self, left_out: &LeftOut, context: Context<'_, S>)
    where
        L: Layer<S>,
    {
        let message = match left_out.count {
            Some(_) => "lines of this kind were left out within a minute",
            None => "too many lines of this kind: further ones are left out, and counted",
        };
        let (message, what, about) = (message.to_owned(), left_out.what.clone(), left_out.about.clone());
        let fields = METADATA.fields();
        let about = (!about.is_empty()).then_some(about);
        let values: [Option<&dyn Value>; FIELDS.len()] = [
            Some(&message),
            left_out.count.as_ref().map(|count| count as &dyn Value),
            Some(&what),
            about.as_ref().map(|about| about as &dyn Value),
        ];
        let named: Vec<_> = fields.iter().collect();
        let [Some(a), Some(b), Some(c), Some(d)] = [0, 1, 2, 3].map(|at| named.get(at)) else { return };
        let values = [(a, values[0]), (b, values[1]), (c, values[2]), (d, values[3])];
        self.layer.on_event(&Event::new(&METADATA, &fields.value_set(&values)), context);
    }
}

/// Fields of the line that tells what was left out.
const FIELDS: [&str; 4] = ["message", "left_out", "what", "about"];

/// The place of that line, as `tracing` wants one for each.
struct Here;

static HERE: Here = Here;

static METADATA: Metadata<'static> = Metadata::new(
    "left out",
    "genrecast::log",
    Level::WARN,
    None,
    None,
    None,
    FieldSet::new(&FIELDS, Identifier(&HERE)),
    Kind::EVENT,
);

impl Callsite for Here {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &METADATA
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;
    use tracing_subscriber::layer::SubscriberExt;

    use super::super::kept::Kept;
    use super::*;

    fn kind(about: &str) -> Name {
        Name { place: Some(Identifier(&HERE)), about: about.into() }
    }

    fn left_out(about: &str, count: Option<u64>) -> LeftOut {
        LeftOut { about: about.into(), what: "lost".into(), count }
    }

    #[test]
    fn a_few_of_a_kind_are_written_then_counted_then_fewer() {
        let (mut kinds, start) = (Kinds::default(), Instant::now());
        for _ in 0..FIRST {
            assert_eq!(kinds.admit(kind("mic"), "lost", start), (true, vec![]));
        }
        assert_eq!(kinds.admit(kind("mic"), "lost", start), (false, vec![left_out("mic", None)]));
        for _ in 0..99 {
            assert_eq!(kinds.admit(kind("mic"), "lost", start), (false, vec![]));
        }
        // Another source has an allowance of its own.
        assert_eq!(kinds.admit(kind("radio"), "lost", start), (true, vec![]));
        let later = start + SPAN;
        assert_eq!(kinds.admit(kind("mic"), "lost", later), (true, vec![left_out("mic", Some(100))]));
        for written in [true, true, false] {
            assert_eq!(kinds.admit(kind("mic"), "lost", later).0, written);
        }
        // Any other line tells how it went on, and after a quiet time everything is as at the beginning.
        let end = later + SPAN;
        assert_eq!(kinds.admit(kind("radio"), "found", end), (true, vec![left_out("mic", Some(1))]));
        assert_eq!(kinds.over(end + SPAN), vec![]);
        assert!(kinds.0.is_empty(), "{kinds:?}");
    }

    #[test]
    fn however_many_kinds_there_are_memory_and_lines_are_bounded() {
        let (mut kinds, now) = (Kinds::default(), Instant::now());
        let written = (0..100_000).filter(|n| kinds.admit(kind(&n.to_string()), "x", now).0).count();
        assert_eq!(kinds.0.len(), KINDS + 1);
        assert_eq!(written, KINDS + FIRST as usize);
        let told: u64 = kinds.over(now + SPAN).iter().filter_map(|of| of.count).sum();
        assert_eq!(told + written as u64, 100_000, "nothing is lost silently");
    }

    #[test]
    fn a_storm_of_lines_becomes_a_few_and_a_word_about_the_rest() {
        let kept = Kept::default();
        let subscriber = tracing_subscriber::registry().with(Limited::new(kept.clone()));
        let before = LOG_LINES_LEFT_OUT.get();
        tracing::subscriber::with_default(subscriber, || {
            for n in 0..1000 {
                tracing::warn!(source = "radio", n, "audio lost");
            }
            tracing::warn!("something else");
            (0..100).for_each(|_| tracing::debug!(source = "radio", "asked for"));
        });
        let kept = kept.lines();
        let count = |text: &str| kept.iter().filter(|(message, _)| message == text).count();
        assert_eq!(
            (count("audio lost"), count("something else"), count("asked for")),
            (FIRST as usize, 1, 100)
        );
        let (message, fields) = &kept[FIRST as usize];
        assert!(message.starts_with("too many lines of this kind"), "{message}");
        let text = |name: &str, value: &str| (name.to_owned(), Json::from(value));
        assert_eq!(fields, &[text("what", "audio lost"), text("about", "radio")]);
        assert!(LOG_LINES_LEFT_OUT.get() - before >= 1000 - u64::from(FIRST));
    }
}
