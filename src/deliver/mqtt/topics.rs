//! The topics. Touch it when something new is published, or when names are to be written otherwise in them.

/// The topics of one daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Topics {
    prefix: String,
}

/// What is told of a source beside its events. Each is a topic below the source's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// The stable genre.
    Genre,
    /// Its state.
    State,
    /// The title that the station announced; empty if there is none.
    Track,
    /// The details of all three, as JSON.
    Details,
}

impl Value {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Genre, Self::State, Self::Track, Self::Details];

    /// Its word in a topic.
    pub fn name(self) -> &'static str {
        match self {
            Self::Genre => "genre",
            Self::State => "state",
            Self::Track => "track",
            Self::Details => "details",
        }
    }
}

impl Topics {
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Whether the daemon is there: `online` or `offline`.
    pub fn status(&self) -> String {
        format!("{}/status", self.prefix)
    }

    /// Events that do not come.
    pub fn gap(&self) -> String {
        format!("{}/gap", self.prefix)
    }

    /// A source's events.
    pub fn event(&self, source: &str) -> String {
        format!("{}/{source}/event", self.prefix)
    }

    /// The newest of a source's values.
    pub fn value(&self, source: &str, value: Value) -> String {
        format!("{}/{source}/{}", self.prefix, value.name())
    }

    /// Whether this could be the topic of a source's value.
    pub fn is_value(&self, topic: &str) -> bool {
        let below = topic.strip_prefix(&self.prefix).and_then(|rest| rest.strip_prefix('/'));
        below.and_then(|rest| rest.split_once('/')).is_some_and(|(source, name)| {
            !source.is_empty() && Value::ALL.iter().any(|value| value.name() == name)
        })
    }
}

/// Why this cannot be what topics begin with; `None` if it can.
pub fn topic_fault(prefix: &str) -> Option<String> {
    let bad = prefix.is_empty()
        || prefix.len() > 200
        || prefix.starts_with(['/', '$'])
        || prefix.ends_with('/')
        || prefix.contains("//")
        || prefix.contains(['+', '#'])
        || prefix.chars().any(char::is_control);
    bad.then(|| {
        format!(
            "expected the beginning of a topic such as genrecast or home/genrecast (at most 200 bytes, no + or #, no \
             slash at either end), got {prefix:?}"
        )
    })
}

/// A name as it may stand in a topic of Home Assistant's discovery, which takes letters, digits, `_` and `-` only. No two
/// names give the same.
pub(super) fn object_id(name: &str) -> String {
    name.replace('_', "__").replace('.', "_-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_must_be_part_of_a_topic() {
        for good in ["genrecast", "home/genre cast", "ä"] {
            assert_eq!(topic_fault(good), None);
        }
        for bad in ["", "/a", "a/", "a//b", "a/+/b", "a#", "$SYS", "a\u{0}"] {
            assert!(topic_fault(bad).expect(bad).contains("home/genrecast"));
        }
    }

    #[test]
    fn names_stay_apart_where_fewer_characters_are_allowed() {
        let names = ["a.b", "a_b", "a-b", "a_-b", "a__b", "a._b", "a_.b", "a--b"];
        let ids: std::collections::BTreeSet<_> = names.iter().map(|name| object_id(name)).collect();
        assert_eq!(ids.len(), names.len());
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))));
    }

    #[test]
    fn only_topics_of_values_are_taken_for_such() {
        let topics = Topics::new("a/b");
        assert!(topics.is_value(&topics.value("mic", Value::Genre)));
        for other in
            ["a/b/status", "a/b/mic/event", "a/b//genre", "x/mic/genre", "a/b/mic/x/genre", "a/bc/mic/genre"]
        {
            assert!(!topics.is_value(other), "{other}");
        }
    }
}
