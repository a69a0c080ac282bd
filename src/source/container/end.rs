//! What is told of a container's end: whole, cut short, or damaged. Touch it when damage should be told differently.

use symphonia::core::formats::well_known::FORMAT_ID_WAVE;

use super::{Container, Ending, Unit};

/// A difference from the announced length that is not worth telling, in seconds.
const TOLERANCE: f64 = 0.25;

impl Container {
    /// The demuxer says that this was all.
    pub(super) fn end(&mut self, seconds: f64) -> Unit {
        let short = self.announced.is_some_and(|announced| seconds + TOLERANCE < announced);
        let inside = self.tail.as_ref().is_some_and(|tail| tail.is_cut_after(&self.last_packet));
        if short || inside {
            return self.cut(seconds);
        }
        if self.decoder.finalize().verify_ok == Some(false) {
            return self.damaged("what was decoded does not match its checksum".into());
        }
        let damage = (self.bad > 0).then(|| format!("{} packets could not be decoded", self.bad));
        Unit::End(Ending { damage })
    }

    /// It ended before its end.
    pub(super) fn cut(&self, seconds: f64) -> Unit {
        let announced = self.announced.filter(|announced| *announced > seconds);
        let endless = self.announced.is_none() && self.format.format_info().format == FORMAT_ID_WAVE;
        match announced {
            Some(announced) => self.damaged(format!(
                "ended after {seconds:.1} s of the {announced:.1} s that its header announces"
            )),
            // A WAV that was written to a pipe does not know its length.
            None if endless => Unit::End(Ending { damage: None }),
            None => self.damaged(format!("ended after {seconds:.1} s, before its end mark")),
        }
    }

    /// It is damaged so.
    pub(super) fn damaged(&self, mut what: String) -> Unit {
        if self.bad > 0 {
            what += &format!("; {} packets could not be decoded", self.bad);
        }
        Unit::End(Ending { damage: Some(what) })
    }
}
