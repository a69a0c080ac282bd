//! What the server is told of the board. Touch it when `/healthz`, `/readyz`, `/v1/sources` or `/metrics` must tell more.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, PoisonError};

use serde_json::json;

use super::{Board, Row};
use crate::deliver;
use crate::server::{
    DeliveryMeasures, DeliveryState, Health, HealthReport, MelTap, SourceCounts, SourceInfo, SourceMeasures,
};

impl Health for Board {
    fn report(&self) -> HealthReport {
        let rows = self.rows();
        let mut reasons: Vec<String> = rows.iter().filter_map(|row| row.complaint()).collect();
        if rows.is_empty() {
            reasons.push("no source is configured".into());
        }
        let mut detail = self.detail.lock().unwrap_or_else(PoisonError::into_inner).clone();
        detail.insert("mqtt".into(), json!(self.deliveries.mqtt()));
        detail.insert("webhooks".into(), json!(self.deliveries.webhooks()));
        detail.insert("uptime_s".into(), json!(self.started.elapsed().as_secs()));
        HealthReport { live: true, ready: reasons.is_empty(), reasons, detail: detail.into() }
    }

    fn subscribers(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.subscribers)
    }

    fn mel(&self, source: &str) -> Option<Arc<MelTap>> {
        self.rows().iter().find(|row| row.name == source)?.mel.get().cloned()
    }

    fn measures(&self) -> Vec<SourceMeasures> {
        let measures = |row: &Arc<Row>| SourceMeasures {
            name: row.name.clone(),
            uri: row.uri.clone(),
            model: row.model.clone(),
            state: row.status().state.state,
            counters: Arc::clone(&row.counters),
        };
        self.rows().iter().map(measures).collect()
    }

    fn deliveries(&self) -> Vec<DeliveryMeasures> {
        let broker = self.deliveries.mqtt().map(|status| measures("mqtt", "broker".into(), &status));
        let hooks = self.deliveries.webhooks();
        broker
            .into_iter()
            .chain(hooks.iter().map(|status| measures("webhook", status.to.clone(), status)))
            .collect()
    }

    fn sources(&self) -> Vec<SourceInfo> {
        let rows = self.rows();
        rows.iter()
            .map(|row| {
                let status = row.status();
                SourceInfo {
                    name: row.name.clone(),
                    uri: row.uri.clone(),
                    model: row.model.clone(),
                    state: status.state.state,
                    reason: status.state.reason.clone(),
                    remedy: status.state.remedy.clone(),
                    native_hz: status.native_hz,
                    title: status.title.clone(),
                    behind_live_s: Some(row.counters.behind_live_ms.get() as f64 / 1000.0)
                        .filter(|s| *s > 0.0),
                    counters: SourceCounts::from(&*row.counters),
                }
            })
            .collect()
    }
}

fn measures(kind: &'static str, name: String, status: &deliver::Status) -> DeliveryMeasures {
    DeliveryMeasures {
        kind,
        name,
        state: match status.state {
            deliver::State::Starting => DeliveryState::Starting,
            deliver::State::Working => DeliveryState::Working,
            deliver::State::Trying => DeliveryState::Trying,
        },
        waiting: status.waiting,
        delivered: status.delivered,
        dropped: status.dropped,
        failures: status.failures,
        retries: status.retries,
    }
}
