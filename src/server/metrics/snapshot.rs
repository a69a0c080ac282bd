//! What `/metrics` tells, gathered at one moment. Touch it when there is another place where something is counted.

use std::sync::atomic::Ordering;

use super::process::Process;
use crate::event::ModelInfo;
use crate::history::Status;
use crate::server::seats::Transport;
use crate::server::turned_away::Why;
use crate::server::{DeliveryMeasures, Shared, SourceMeasures};
use crate::stats::LOG_LINES_LEFT_OUT;

/// Everything, as it is now.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) version: String,
    /// What each model that runs from the start is for, and where it runs.
    pub(super) models: Vec<(&'static str, ModelInfo)>,
    pub(super) live: bool,
    pub(super) ready: bool,
    pub(super) events: Vec<(&'static str, u64)>,
    pub(super) memory_events: u64,
    pub(super) memory_bytes: usize,
    pub(super) frames_serialised: u64,
    /// How many there are, and how many came so far.
    pub(super) subscribers: Vec<(Transport, usize, u64)>,
    pub(super) subscribers_refused: u64,
    pub(super) subscriber_limit: usize,
    pub(super) furthest_behind: u64,
    pub(super) gaps_told: u64,
    pub(super) connections: usize,
    pub(super) connections_refused: [(&'static str, u64); Why::CONNECTIONS.len()],
    pub(super) requests_refused: [(&'static str, u64); Why::REQUESTS.len()],
    /// None where TLS is not spoken.
    pub(super) certificate: Option<Certificate>,
    pub(super) deliveries: Vec<DeliveryMeasures>,
    /// None where nothing is recorded.
    pub(super) history: Option<Status>,
    pub(super) uploads: Option<Uploads>,
    pub(super) log_lines_left_out: u64,
    pub(super) sources: Vec<SourceMeasures>,
    pub(super) process: Process,
}

/// What TLS shows. Times are seconds since 1970.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) ends_s: i64,
    pub(super) read_s: i64,
    /// Whether what its files held last is what is shown.
    pub(super) renewed: bool,
}

/// Clips that clients send.
#[derive(Debug)]
pub(super) struct Uploads {
    pub(super) waiting: usize,
    pub(super) heard: usize,
    pub(super) outcomes: [(&'static str, u64); 4],
}

impl Snapshot {
    pub(super) fn of(shared: &Shared) -> Self {
        let (hub, seats, report) = (&shared.hub, &shared.seats, shared.health.report());
        let latest = hub.latest();
        let mut sources = shared.health.measures();
        for source in &mut sources {
            source.model.get_or_insert_with(|| shared.about.model.id.clone());
        }
        let models = [("genre", Some(&shared.about.model)), ("gate", shared.about.gate.as_ref())];
        Self {
            version: shared.about.version.clone(),
            models: models.into_iter().filter_map(|(role, of)| Some((role, of?.clone()))).collect(),
            live: report.live,
            ready: report.live && report.ready,
            events: hub.published().collect(),
            memory_events: (latest + 1).saturating_sub(hub.oldest()),
            memory_bytes: hub.bytes(),
            frames_serialised: hub.frames_serialised(),
            subscribers: seats.by_transport().to_vec(),
            subscribers_refused: seats.refused(),
            subscriber_limit: shared.live().settings().max_clients,
            furthest_behind: seats.furthest_behind(latest),
            gaps_told: seats.gaps(),
            connections: shared.connections.load(Ordering::Relaxed),
            connections_refused: shared.turned_away.counts(Why::CONNECTIONS),
            requests_refused: shared.turned_away.counts(Why::REQUESTS),
            certificate: shared.live().settings().tls.as_ref().map(|identity| Certificate {
                ends_s: identity.valid_until().as_second(),
                read_s: identity.read_at().as_second(),
                renewed: !identity.was_not_renewed(),
            }),
            deliveries: shared.health.deliveries(),
            history: shared.archive.as_ref().map(|archive| archive.history().status()),
            uploads: shared.hall.as_ref().map(|hall| {
                let (waiting, heard) = hall.counts();
                Uploads { waiting, heard, outcomes: hall.outcomes() }
            }),
            log_lines_left_out: LOG_LINES_LEFT_OUT.get(),
            sources,
            process: Process::now(),
        }
    }
}
