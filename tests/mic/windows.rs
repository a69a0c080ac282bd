//! Windows of `genrecast classify` and of events, and how far they agree. Touch it when the bar changes.

use std::path::Path;

use genrecast::event::{GenreWindow, LabelScore};
use serde::Deserialize;

use super::daemon::common_flags;
use super::sound_server::SoundServer;

/// Where the first label leads the second by more than this, probabilities are compared.
const LEAD: f32 = 0.2;

/// A classified window.
#[derive(Debug, Deserialize)]
pub struct Window {
    start_s: f64,
    end_s: f64,
    provisional: bool,
    top: Vec<LabelScore>,
}

impl From<&GenreWindow> for Window {
    fn from(event: &GenreWindow) -> Self {
        Self {
            start_s: event.window.start_s,
            end_s: event.window.end_s,
            provisional: event.provisional,
            top: event.top.clone(),
        }
    }
}

/// How far two accounts of the same windows agree.
#[derive(Debug)]
pub struct Agreement {
    /// Windows compared.
    pub windows: usize,
    /// Of these, the ones with the same first label.
    pub same_top: usize,
    /// The ones whose first label leads clearly.
    pub leading: usize,
    /// The largest difference of any label's probability in these.
    pub worst_leading: f32,
    /// The largest difference in any window.
    pub worst: f32,
}

/// `genrecast classify` of a file.
pub fn classify(server: &SoundServer, path: &Path) -> Vec<Window> {
    #[derive(Deserialize)]
    struct Answer {
        windows: Vec<Window>,
    }
    let mut command = server.command(env!("CARGO_BIN_EXE_genrecast"));
    command.args(["classify", "--json", "--top", "10"]).args(common_flags()).arg(path);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Answer>(&output.stdout).expect("JSON as documented").windows
}

/// Compares the full windows of `heard` that lie within these seconds with those of `truth` on the same grid.
pub fn compare(heard: &[Window], truth: &[Window], from_s: f64, to_s: f64) -> Agreement {
    let mut agreement = Agreement { windows: 0, same_top: 0, leading: 0, worst_leading: 0.0, worst: 0.0 };
    for heard in heard.iter().filter(|w| !w.provisional && w.start_s >= from_s && w.end_s <= to_s) {
        let same = |truth: &&Window| (truth.end_s - heard.end_s).abs() < 1e-6;
        let truth = truth.iter().find(same).unwrap_or_else(|| panic!("no window at {} s", heard.end_s));
        let p_of = |label: &str| truth.top.iter().find(|score| score.label == label).expect("all labels").p;
        let worst = heard.top.iter().map(|score| (score.p - p_of(&score.label)).abs()).fold(0.0, f32::max);
        agreement.windows += 1;
        agreement.worst = agreement.worst.max(worst);
        if heard.top[0].label == truth.top[0].label {
            agreement.same_top += 1;
        } else {
            println!("    at {:.1} s: {:?} instead of {:?}", heard.end_s, &heard.top[..2], &truth.top[..2]);
        }
        if truth.top[0].p - truth.top[1].p > LEAD {
            agreement.leading += 1;
            agreement.worst_leading = agreement.worst_leading.max(worst);
        }
    }
    agreement
}

impl Agreement {
    /// Tells the figures and holds them to the bar.
    pub fn check(&self, what: &str, at_least: usize) {
        println!(
            "  {what}: {} of {} windows have the same top-1; max |Δp| {:.1e} in {} windows with p1 − p2 > {LEAD}, {:.1e} in all",
            self.same_top, self.windows, self.worst_leading, self.leading, self.worst
        );
        assert!(self.windows >= at_least, "{what}: {self:?}");
        assert_eq!(self.same_top, self.windows, "{what}: {self:?}");
        assert!(self.leading > 0 && self.worst_leading <= 0.05, "{what}: {self:?}");
    }
}
