//! Metrics of the outputs that are told of events: the MQTT broker and the webhooks. Touch it when one is to tell more; what
//! is counted stands in `deliver::Status`. Labels have kinds and names out of the configuration: an address may be a secret.

use std::fmt;

use super::families::{Families, Labels};
use crate::server::{DeliveryMeasures, DeliveryState};

/// What one of them has counted.
type Of = fn(&DeliveryMeasures) -> u64;

/// The counters: name, help, and which.
const COUNTERS: [(&str, &str, Of); 4] = [
    ("events_delivered", "Events that the output has taken", |of| of.delivered),
    ("events_dropped", "Events that the output never gets", |of| of.dropped),
    ("failures", "Deliveries (webhooks) or connections (MQTT) that failed", |of| of.failures),
    ("retries", "Deliveries (webhooks) or connections (MQTT) that were tried again", |of| of.retries),
];

const STATES: [(&str, DeliveryState); 3] = [
    ("starting", DeliveryState::Starting),
    ("working", DeliveryState::Working),
    ("trying", DeliveryState::Trying),
];

pub(super) fn tell(deliveries: &[DeliveryMeasures], to: &mut Families<'_>) -> fmt::Result {
    let states = deliveries.iter().flat_map(|of| {
        STATES.map(|(word, state)| {
            let mut labels = named(of);
            labels.push(("state", word.to_owned()));
            (labels, u64::from(of.state == state))
        })
    });
    to.gauge("genrecast_delivery_state", "1 for the state that the output is in", states)?;
    let waiting = deliveries.iter().map(|of| (named(of), of.waiting));
    to.gauge("genrecast_delivery_events_waiting", "Events that wait for the output", waiting)?;
    for (name, help, counter) in COUNTERS {
        let values = deliveries.iter().map(|of| (named(of), counter(of)));
        to.counter(&format!("genrecast_delivery_{name}"), help, values)?;
    }
    Ok(())
}

fn named(delivery: &DeliveryMeasures) -> Labels {
    vec![("output", delivery.kind.to_owned()), ("name", delivery.name.clone())]
}
