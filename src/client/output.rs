//! Where what is heard goes: lines of JSON for programs, a live view for people.
//! Touch it when one of the two is to show more or less.

use std::io::{self, Write};

use console::Term;
use serde_json::Value;

use super::screen::Screen;
use super::view::View;

/// The two ways to show what is heard.
pub struct Output(Kind);

enum Kind {
    /// Every message but heartbeats, as it came, one a line.
    Lines(Box<dyn Write + Send>),
    /// A view that is drawn over itself.
    Live(Screen),
}

impl Output {
    /// One JSON message a line: `hello`, `snapshot`, `gap`, `error` and all events; heartbeats and pongs are left out.
    pub fn lines(out: impl Write + Send + 'static) -> Self {
        Self(Kind::Lines(Box::new(out)))
    }

    /// A live view on a terminal.
    pub fn live(term: Term) -> Self {
        Self(Kind::Live(Screen::new(term)))
    }

    /// On standard output: lines if `json` or if it is no terminal, else a live view.
    pub fn stdout(json: bool) -> Self {
        let term = Term::buffered_stdout();
        if json || !term.is_term() { Self::lines(io::stdout()) } else { Self::live(term) }
    }

    // Writing blocks this task, and that is meant: there is nothing else to do for a client whose reader is slow, and
    // the daemon keeps what it does not take.
    pub(super) fn message(&mut self, text: &str, message: &Value, view: &View) -> io::Result<()> {
        match &mut self.0 {
            Kind::Lines(out) => {
                if matches!(message["type"].as_str(), Some("heartbeat" | "pong")) {
                    return Ok(());
                }
                if text.contains(['\n', '\r']) {
                    writeln!(out, "{message}")?;
                } else {
                    writeln!(out, "{text}")?;
                }
                out.flush()
            }
            Kind::Live(screen) => screen.changed(view),
        }
    }

    /// Draws the view now, where there is one.
    pub(super) fn draw(&mut self, view: &View) -> io::Result<()> {
        match &mut self.0 {
            Kind::Lines(_) => Ok(()),
            Kind::Live(screen) => screen.draw(view),
        }
    }

    /// Whether something has changed that is not drawn yet.
    pub(super) fn waits(&self) -> bool {
        match &self.0 {
            Kind::Lines(_) => false,
            Kind::Live(screen) => screen.waits(),
        }
    }

    /// Leaves the terminal as it was found.
    pub(super) fn end(&mut self) {
        if let Kind::Live(screen) = &mut self.0 {
            screen.end();
        }
    }
}
