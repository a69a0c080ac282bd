//! How far the client has got, learnt from what it hears, so that a new connection goes on right there.
//! Touch it when a message begins to move the cursor.

use serde_json::Value;

/// A cursor into a daemon's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Position(Option<String>);

impl Position {
    /// Begins at a cursor (`EPOCH:SEQ`), or nowhere.
    pub(super) fn new(since: Option<String>) -> Self {
        Self(since)
    }

    /// `EPOCH:SEQ`, once something has been served.
    pub(super) fn since(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Learns from a message. Events and snapshots tell their `seq`, gaps their end, heartbeats a `cursor`.
    pub(super) fn learn(&mut self, message: &Value) {
        if let Some(next) = message["next_epoch"].as_str() {
            // A run is over, and the next one begins.
            self.0 = Some(format!("{next}:0"));
            return;
        }
        let field = match message["type"].as_str() {
            Some("gap") => "to_seq",
            Some("heartbeat" | "pong") => "cursor",
            Some("hello") | None => return,
            Some(_) => "seq",
        };
        if let (Some(epoch), Some(seq)) = (message["epoch"].as_str(), message[field].as_u64()) {
            self.0 = Some(format!("{epoch}:{seq}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_was_served_moves_it() {
        let mut position = Position::new(None);
        position.learn(&json!({"type": "hello", "epoch": "E", "latest_seq": 9}));
        position.learn(&json!({"type": "heartbeat", "epoch": "E"}));
        assert_eq!(position.since(), None);
        for (message, since) in [
            (json!({"type": "snapshot", "epoch": "E", "seq": 3}), "E:3"),
            (json!({"type": "genre.window", "epoch": "E", "seq": 4}), "E:4"),
            (json!({"type": "heartbeat", "epoch": "E", "cursor": 7}), "E:7"),
            (json!({"type": "gap", "epoch": "F", "from_seq": 1, "to_seq": 2}), "F:2"),
            (json!({"type": "gap", "epoch": "F", "from_seq": 3, "to_seq": 2, "next_epoch": "G"}), "G:0"),
            (json!({"type": "error", "code": "x"}), "G:0"),
        ] {
            position.learn(&message);
            assert_eq!(position.since(), Some(since));
        }
    }
}
