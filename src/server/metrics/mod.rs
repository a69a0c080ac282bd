//! `GET /metrics`: what Prometheus reads. Everything is read where it is counted, at the moment it is asked for.
//! Touch it when the way of asking changes; what is told stands in `sources`, `service` and `process`, one family each.

mod deliveries;
mod families;
mod process;
mod service;
mod snapshot;
mod sources;

use std::fmt;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::registry::Registry;

use super::Shared;
use super::api_error::ApiError;
use families::Families;
use snapshot::Snapshot;

/// Prometheus' own text form, which everything that scrapes understands.
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text form of OpenMetrics, for whoever asks for it.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let openmetrics = wants_openmetrics(&headers);
    let media_type = if openmetrics { OPENMETRICS } else { PLAIN };
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(media_type)), (VARY, HeaderValue::from_static("Accept"))];
    match written(Snapshot::of(&shared), openmetrics) {
        Ok(text) => (headers, text).into_response(),
        // A String takes whatever is written to it, and the encoder refuses nothing that stands here.
        Err(fmt::Error) => {
            let message =
                "the metrics could not be written, which is a mistake in the program; please report it";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "no_metrics", message).into_response()
        }
    }
}

fn written(snapshot: Snapshot, openmetrics: bool) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(snapshot));
    let mut written = String::with_capacity(32 << 10);
    match openmetrics {
        true => text::encode(&mut written, &registry)?,
        false => prometheus_text::encode(&mut written, &registry)?,
    }
    Ok(written)
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        service::tell(self, &mut families)?;
        sources::tell(&self.sources, &mut families)?;
        deliveries::tell(&self.deliveries, &mut families)?;
        process::tell(&self.process, &mut families)
    }
}

/// Whether OpenMetrics is liked at least as much as plain text.
fn wants_openmetrics(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (mut openmetrics, mut plain) = (0.0f32, None);
    for range in accepted.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let q = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok());
        let q = q.unwrap_or(0.0);
        if name.eq_ignore_ascii_case("application/openmetrics-text") {
            openmetrics = openmetrics.max(q);
        } else if name.eq_ignore_ascii_case("text/plain") {
            plain = Some(plain.map_or(q, |best: f32| best.max(q)));
        }
    }
    openmetrics > 0.0 && plain.is_none_or(|plain| openmetrics >= plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_one_that_is_liked_best() {
        // The first is what Prometheus 2.42 sends.
        for (accept, expected) in [
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                true,
            ),
            ("text/plain;version=0.0.4;q=0.5, application/openmetrics-text; q=0.4", false),
            ("application/openmetrics-text;q=0", false),
            ("*/*", false),
            ("text/html", false),
            ("application/openmetrics-text;q=often", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(wants_openmetrics(&headers), expected, "{accept}");
        }
        assert!(!wants_openmetrics(&HeaderMap::new()));
    }
}
