//! What a live view knows: built from messages alone, drawn by `render`.
//! Touch it when the view is to show something new. Messages it does not know are ignored, as the protocol asks.

use serde_json::Value;

use crate::event::{Event, EventBody, GenreWindow, ModelInfo, SourceStateChange};

/// Everything a live view shows.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Where the daemon is.
    pub url: String,
    /// How the connection is.
    pub link: Link,
    /// The daemon's version, once known.
    pub version: Option<String>,
    /// Its model and where that runs, once known.
    pub model: Option<ModelInfo>,
    /// Its sources: first those configured, in their order.
    pub sources: Vec<SourceView>,
    /// Events missed for good since the view began.
    pub missed: u64,
    /// The last error told.
    pub error: Option<String>,
}

/// How the connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Being made.
    Connecting,
    /// Events come.
    Connected,
    /// Lost; the next try comes.
    Lost {
        /// What happened.
        why: String,
        /// Seconds to the next try.
        retry_s: u64,
    },
}

/// What is known of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceView {
    /// Its name.
    pub name: String,
    /// Its newest state.
    pub state: Option<SourceStateChange>,
    /// Its newest window.
    pub window: Option<GenreWindow>,
}

impl View {
    /// A view of a daemon not yet met.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            link: Link::Connecting,
            version: None,
            model: None,
            sources: Vec::new(),
            missed: 0,
            error: None,
        }
    }

    /// Takes in a message of the daemon.
    pub fn apply(&mut self, message: &Value) {
        match message["type"].as_str() {
            Some("hello") => self.hello(message),
            Some("snapshot") => {
                for of in message["sources"].as_array().into_iter().flatten() {
                    for field in ["state", "window"] {
                        self.event(&of[field]);
                    }
                }
            }
            Some("gap") => {
                let seq = |field: &str| message[field].as_u64().unwrap_or(0);
                self.missed += (seq("to_seq") + 1).saturating_sub(seq("from_seq"));
            }
            Some("error") => self.error = message["message"].as_str().map(str::to_owned),
            _ => self.event(message),
        }
    }

    fn hello(&mut self, message: &Value) {
        self.link = Link::Connected;
        self.error = None;
        self.version = message["version"].as_str().map(str::to_owned);
        self.model = serde_json::from_value(message["model"].clone()).ok();
        let names = message["sources"].as_array().into_iter().flatten();
        let names = names.filter_map(Value::as_str);
        // What is known stays until it is told anew; sources that are gone, go.
        let mut known = std::mem::take(&mut self.sources);
        for name in names {
            let place = known.iter().position(|of| of.name == name);
            let of = place.map_or_else(|| SourceView::new(name), |place| known.swap_remove(place));
            self.sources.push(of);
        }
    }

    fn event(&mut self, message: &Value) {
        let Ok(event) = serde_json::from_value::<Event>(message.clone()) else {
            return;
        };
        let of = self.source(&event.source);
        match event.body {
            EventBody::Window(window) => of.window = Some(*window),
            EventBody::SourceState(state) => of.state = Some(state),
            _ => {}
        }
    }

    fn source(&mut self, name: &str) -> &mut SourceView {
        let place = self.sources.iter().position(|of| of.name == name);
        let place = place.unwrap_or_else(|| {
            self.sources.push(SourceView::new(name));
            self.sources.len() - 1
        });
        &mut self.sources[place]
    }
}

impl SourceView {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), state: None, window: None }
    }
}
