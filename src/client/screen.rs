//! The terminal under the live view: draws lines over the ones before, in one write, and restores the cursor.
//! Touch it for flicker or a terminal that misbehaves; what the lines say is in `render`.

use std::fmt::Write as _;
use std::io;
use std::time::{Duration, Instant};

use console::Term;
use jiff::tz::TimeZone;

use super::render::render;
use super::view::View;

/// Drawing more often than this is work for nobody.
const SHORTEST: Duration = Duration::from_millis(50);

const CLEAR_LINE_REST: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

pub(super) struct Screen {
    term: Term,
    zone: TimeZone,
    /// Lines drawn, and how wide the terminal was.
    drawn: (usize, u16),
    last: Option<Instant>,
    waits: bool,
    hidden: bool,
}

impl Screen {
    pub(super) fn new(term: Term) -> Self {
        Self { term, zone: TimeZone::system(), drawn: (0, 0), last: None, waits: false, hidden: false }
    }

    /// Draws unless that was done just now; then [`Self::waits`] is true until it is.
    pub(super) fn changed(&mut self, view: &View) -> io::Result<()> {
        self.waits = true;
        if self.last.is_none_or(|last| last.elapsed() >= SHORTEST) {
            self.draw(view)?;
        }
        Ok(())
    }

    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    pub(super) fn draw(&mut self, view: &View) -> io::Result<()> {
        if !self.hidden {
            self.term.hide_cursor()?;
            self.hidden = true;
        }
        let (height, width) = self.term.size();
        let (lines, drawn_width) = self.drawn;
        let mut out = String::new();
        if lines > 0 && drawn_width != width {
            // The terminal has broken our lines anew: where they are now, nobody knows.
            self.term.clear_screen()?;
        } else if lines > 0 {
            let _ = write!(out, "\x1b[{lines}A");
        }
        let new = render(view, width.into(), height.into(), &self.zone);
        for line in &new {
            out.push('\r');
            out.push_str(line);
            out.push_str(CLEAR_LINE_REST);
            out.push('\n');
        }
        out.push_str(CLEAR_BELOW);
        self.term.write_str(&out)?;
        self.term.flush()?;
        self.drawn = (new.len(), width);
        self.last = Some(Instant::now());
        self.waits = false;
        Ok(())
    }

    pub(super) fn end(&mut self) {
        if self.hidden {
            // If the terminal is gone there is nobody left to miss the cursor.
            let _ = self.term.show_cursor();
            let _ = self.term.flush();
            self.hidden = false;
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.end();
    }
}
