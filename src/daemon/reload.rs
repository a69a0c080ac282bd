//! The configuration read again while the daemon runs: what has changed is carried out here and told.
//! Touch it when a further setting can be changed without a restart.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::adjustable::Adjustable;
use super::deliver::Deliverer;
use super::stage::{Rows, Stage};
use super::supervisor::Supervisor;
use crate::event::{EventBody, SourceState, SourceStateChange};
use crate::history::History;
use crate::server::Live;
use crate::source::{SourceSpec, SourceUri};

/// Reads the configuration again. Gets the sources that run now, so that only new ones need be proved playable.
pub type Reload<'a> = dyn FnMut(&[SourceSpec]) -> Result<Reloaded, ReloadError> + 'a;

/// A configuration that was read again and is valid as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Reloaded {
    /// Where it was read from, for the log.
    pub from: String,
    /// What is to hold from now on.
    pub adjustable: Adjustable,
    /// Keys other than those of sources whose new values hold from now on, each `key: old → new`.
    pub applied: Vec<String>,
    /// Keys whose new values wait for a restart.
    pub waiting: Vec<String>,
}

/// A configuration that cannot be used; nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReloadError(
    /// What is wrong where, and what was expected.
    pub String,
);

/// The running daemon, as far as it can be changed.
pub(super) struct Running<'a> {
    pub stage: &'a Stage,
    pub supervisor: &'a mut Supervisor,
    pub history: Option<History>,
    pub deliverer: &'a Deliverer,
    pub rows: Rows,
}

impl Running<'_> {
    /// Reads the configuration again and carries out what has changed. An invalid one changes nothing.
    pub fn reload(&mut self, reload: &mut Reload<'_>) {
        let running: Vec<SourceSpec> = self.supervisor.specs().cloned().collect();
        let read = reload(&running).map(|reloaded| self.keep_better(reloaded)).and_then(Checked::new).map(
            |checked| {
                let from = checked.reloaded.from.clone();
                (from, self.apply(checked, &running))
            },
        );
        let at = Timestamp::now();
        // Told here before the log says that it is done.
        let told = match &read {
            Ok((_, (applied, waiting))) => {
                json!({"at": at, "applied": applied.len(), "needs_restart": waiting})
            }
            Err(ReloadError(error)) => json!({"at": at, "error": error}),
        };
        self.stage.board.set_detail("reload", told);
        match read {
            Ok((from, (applied, waiting))) => {
                applied.iter().for_each(|change| tracing::info!("applied: {change}"));
                waiting.iter().for_each(|change| tracing::warn!("needs a restart: {change}"));
                let (applied, waiting) = (applied.len(), waiting.len());
                tracing::info!(from, applied, waiting, "configuration read again");
            }
            Err(error) => tracing::error!("configuration not read again, nothing has changed: {error}"),
        }
    }

    /// Gives what was applied and what waits for a restart.
    fn apply(&mut self, checked: Checked, running: &[SourceSpec]) -> (Vec<String>, Vec<String>) {
        let Checked { reloaded: Reloaded { adjustable: to, mut applied, mut waiting, .. }, live } = checked;
        self.stage.decide.send_if_modified(|decide| std::mem::replace(decide, to.decide) != to.decide);
        self.stage.upload.send_if_modified(|upload| {
            let changed = *upload != to.upload;
            *upload = to.upload;
            changed
        });
        self.stage.live.send_if_modified(|now| {
            let changed = now.settings() != live.settings();
            if let (true, Some(tokens)) =
                (now.settings().tokens != live.settings().tokens, &live.settings().tokens)
            {
                applied.push(format!("tokens: {tokens}"));
            }
            if let (true, Some(tls)) = (now.settings().tls != live.settings().tls, &live.settings().tls) {
                applied.push(format!("certificate: {tls}"));
            }
            *now = live;
            changed
        });
        if self.stage.hub.limits() != to.hub {
            self.stage.hub.set_limits(to.hub);
        }
        if let Some(history) = &self.history {
            history.set_limits(to.history);
        }
        self.stage.catalogue.sources_name(to.sources.iter().filter_map(|spec| spec.model.clone()));
        let names = to.sources.iter().map(|spec| spec.name.clone()).collect();
        applied.extend(self.deliverer.change(to.deliver, names));
        let mut plan = Plan::new(running, to.sources, &mut waiting);
        // First, because a source whose new model cannot be opened goes on as it is.
        self.supervisor.make_room(&plan.start);
        plan.keep_startable(|spec| self.supervisor.can_hear(spec), &mut waiting);
        self.supervisor.remove(&plan.remove);
        let row = |spec| self.rows.row(spec, self.supervisor.expects(spec));
        let rows: Vec<_> = plan.start.iter().map(row).collect();
        self.supervisor.show(&rows, &plan.order);
        for (spec, row) in plan.start.into_iter().zip(rows) {
            let (name, uri) = (spec.name.clone(), spec.uri.to_string());
            match self.supervisor.start(spec, Arc::clone(&row)) {
                Ok(()) => applied.push(format!("source {name} started: {uri}")),
                Err(error) => {
                    let reason = error.to_string();
                    waiting.push(format!("source {name}: {reason}"));
                    let change = SourceStateChange {
                        state: SourceState::Failed,
                        reason: Some(reason),
                        remedy: Some("restart the daemon when the machine has room".into()),
                    };
                    row.set_state(&change);
                    self.stage.hub.publish(&name, EventBody::SourceState(change));
                }
            }
        }
        applied.extend(plan.remove.iter().map(|(name, reason)| format!("source {name} ended: {reason}")));
        (applied, waiting)
    }
}

impl Running<'_> {
    /// Leaves the certificate that is shown in its place where the new one has expired.
    fn keep_better(&self, mut reloaded: Reloaded) -> Reloaded {
        let shown = self.stage.live.borrow().settings().tls.clone();
        if let (Some(new), Some(shown)) = (&reloaded.adjustable.live.tls, shown)
            && let Some(why) = new.is_worse_than(&shown, Timestamp::now())
        {
            reloaded.waiting.push(format!("certificate: {why}; the one before stays: {shown}"));
            reloaded.adjustable.live.tls = Some(shown);
        }
        reloaded
    }
}

/// A configuration in which nothing is left that could be refused.
struct Checked {
    reloaded: Reloaded,
    live: Arc<Live>,
}

impl Checked {
    fn new(reloaded: Reloaded) -> Result<Self, ReloadError> {
        let live =
            Live::new(reloaded.adjustable.live.clone()).map_err(|error| ReloadError(error.to_string()))?;
        Ok(Self { reloaded, live })
    }
}

/// Which sources end and which begin, the others being left alone.
#[derive(Debug, Default, PartialEq)]
struct Plan {
    remove: Vec<(String, &'static str)>,
    start: Vec<SourceSpec>,
    /// Names of all that shall run then, in the order of the configuration.
    order: Vec<String>,
}

impl Plan {
    fn new(running: &[SourceSpec], wanted: Vec<SourceSpec>, waiting: &mut Vec<String>) -> Self {
        let named = |specs: &[SourceSpec], name: &str| specs.iter().find(|spec| spec.name == name).cloned();
        let mut plan =
            Self { order: wanted.iter().map(|spec| spec.name.clone()).collect(), ..Self::default() };
        for spec in running {
            match named(&wanted, &spec.name) {
                None => plan.remove.push((spec.name.clone(), "it was removed from the configuration")),
                Some(new) if new != *spec && startable(&new, waiting) => {
                    plan.remove.push((spec.name.clone(), "its configuration has changed; it begins anew"));
                    plan.start.push(new);
                }
                Some(_) => {}
            }
        }
        for spec in wanted {
            if named(running, &spec.name).is_none() && startable(&spec, waiting) {
                plan.start.push(spec);
            }
        }
        plan
    }

    /// Leaves alone, or out, what cannot be heard.
    fn keep_startable(&mut self, can_hear: impl Fn(&SourceSpec) -> bool, waiting: &mut Vec<String>) {
        let (start, deaf): (Vec<_>, Vec<_>) = self.start.drain(..).partition(can_hear);
        self.start = start;
        for spec in deaf {
            self.remove.retain(|(name, _)| *name != spec.name);
            let model = spec.model.unwrap_or_default();
            waiting.push(format!(
                "source {}: its model {model:?} cannot be used, the log says why; mend it and reload again",
                spec.name
            ));
        }
    }
}

/// Standard input is read by whoever was given it at the start.
fn startable(spec: &SourceSpec, waiting: &mut Vec<String>) -> bool {
    let can = !matches!(spec.uri, SourceUri::Stdin { .. });
    if !can {
        waiting.push(format!("source {}: standard input is opened at the start only", spec.name));
    }
    can
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Own;

    fn specs(list: &[(&str, &str)]) -> Vec<SourceSpec> {
        let spec = |(name, uri): &(&str, &str)| SourceSpec {
            name: (*name).into(),
            uri: uri.parse().expect("a URI"),
            ring_seconds: 4.0,
            model: None,
            own: Own::default(),
        };
        list.iter().map(spec).collect()
    }

    #[test]
    fn what_has_not_changed_is_left_alone() {
        let running = specs(&[("a", "file:a"), ("b", "file:b"), ("c", "mic:")]);
        let wanted = specs(&[("d", "file:d"), ("c", "mic:"), ("b", "file:b?speed=2")]);
        let mut waiting = Vec::new();
        let plan = Plan::new(&running, wanted, &mut waiting);
        let removed: Vec<_> = plan.remove.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(removed, ["a", "b"]);
        assert_eq!(plan.start, specs(&[("b", "file:b?speed=2"), ("d", "file:d")]));
        assert_eq!(plan.order, ["d", "c", "b"]);
        assert!(waiting.is_empty());
    }

    #[test]
    fn a_source_whose_new_model_cannot_be_used_goes_on_as_it_is() {
        let running = specs(&[("a", "file:a"), ("b", "file:b")]);
        let mut wanted = specs(&[("a", "file:a"), ("b", "file:other"), ("c", "file:c")]);
        wanted[0].model = Some("broken".into());
        wanted[2].model = Some("broken".into());
        let mut waiting = Vec::new();
        let mut plan = Plan::new(&running, wanted, &mut waiting);
        plan.keep_startable(|spec| spec.model.is_none(), &mut waiting);
        let removed: Vec<_> = plan.remove.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((removed, plan.start), (vec!["b"], specs(&[("b", "file:other")])));
        assert!(waiting.len() == 2 && waiting[0].contains("source a: its model \"broken\""), "{waiting:?}");
    }

    #[test]
    fn standard_input_waits_for_a_restart_and_what_it_would_replace_goes_on() {
        let running = specs(&[("a", "file:a")]);
        let mut waiting = Vec::new();
        let plan = Plan::new(&running, specs(&[("a", "-"), ("b", "-")]), &mut waiting);
        assert_eq!((plan.remove.len(), plan.start.len(), waiting.len()), (0, 0, 2));
        let stays = Plan::new(&specs(&[("a", "-")]), specs(&[("a", "-")]), &mut Vec::new());
        assert_eq!((stays.remove.len(), stays.start.len()), (0, 0));
    }
}
