//! Who is told of events: the broker and the webhooks, whether they can be reached from here, and what a running daemon says
//! of them. Nobody is told anything: a second client of the daemon's name would take the broker from it. Touch it when
//! there is another kind of output.

use std::path::PathBuf;
use std::time::Duration;

use genrecast::config::Config;
use genrecast::deliver::Settings;
use genrecast::dial;
use serde_json::Value;

use super::report::Report;
use super::within;
use crate::cli::setup;

/// How long one may take to be reached.
const LIMIT: Duration = Duration::from_secs(5);

/// Where an output listens.
struct Place {
    host: String,
    port: u16,
    secure: bool,
    ca_file: Option<PathBuf>,
}

/// `health` is what a running daemon answers, or null.
pub(super) fn look(report: &mut Report, config: &Config, health: &Value) {
    let settings = match setup::deliveries(config) {
        Ok(settings) => settings,
        Err(failure) => {
            return report.bad("deliveries", failure.to_string(), "mend the file that it names, or its key");
        }
    };
    let Settings { mqtt, webhooks } = &settings;
    if mqtt.is_none() && webhooks.is_empty() {
        return report.tell("deliveries", "configured", "none: no mqtt.url and no [[webhook]]");
    }
    let detail = &health["detail"];
    if let Some(mqtt) = mqtt {
        let broker = &mqtt.broker;
        let who = if mqtt.username.is_some() { "with a user" } else { "without a user" };
        report.tell("deliveries", "mqtt", format!("{broker}, {who}, below {}/", mqtt.prefix));
        let place = Place {
            host: broker.host.clone(),
            port: broker.port,
            secure: broker.secure,
            ca_file: mqtt.ca_file.clone(),
        };
        reach(report, "mqtt", "mqtt", place, "check that the broker runs at mqtt.url, and mqtt.ca_file");
        fares(report, "mqtt", "mqtt", &detail["mqtt"]);
    }
    for hook in webhooks {
        let name = format!("webhook {}", hook.name);
        let signed = if hook.secret.is_some() { "signed" } else { "not signed" };
        let types = hook.selection.types.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        report.tell("deliveries", name.clone(), format!("told of {types}; {signed}"));
        let place = Place {
            host: hook.address.host().to_owned(),
            port: hook.address.port(),
            secure: hook.address.is_secure(),
            ca_file: hook.ca_file.clone(),
        };
        reach(
            report,
            "webhook",
            &name,
            place,
            "check that the server runs at the webhook's url, and its ca_file",
        );
        let mut told = detail["webhooks"].as_array().into_iter().flatten();
        let told = told.find(|told| told["to"] == hook.name.as_str());
        fares(report, "webhook", &name, told.unwrap_or(&Value::Null));
    }
}

/// Connects, agrees upon TLS where it is spoken, and leaves.
fn reach(report: &mut Report, area: &'static str, name: &str, place: Place, remedy: &str) {
    let reached = within(LIMIT, "doctor-reach", move || connect(&place))
        .unwrap_or_else(|| Err(format!("no answer within {} s", LIMIT.as_secs())));
    let key = format!("{name} can be reached");
    match reached {
        Ok(()) => report.tell("deliveries", key, "yes"),
        Err(why) => {
            report.tell("deliveries", key, format!("no: {why}"));
            report.bad(area, format!("{name} cannot be reached: {why}; events wait for it"), remedy);
        }
    }
}

fn connect(place: &Place) -> Result<(), String> {
    let in_words = |error: std::io::Error| error.to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(in_words)?;
    runtime.block_on(async {
        let stream = dial::tcp(&place.host, place.port).await.map_err(|error| error.to_string())?;
        if place.secure {
            let config = dial::trust(place.ca_file.as_deref())?;
            dial::secure(stream, &place.host, config).await?;
        }
        Ok(())
    })
}

/// What the daemon says of it, its last failure included.
fn fares(report: &mut Report, area: &'static str, name: &str, status: &Value) {
    if status.is_null() {
        return;
    }
    let number = |field: &str| status[field].as_u64().unwrap_or(0);
    let told = format!(
        "{}; {} delivered, {} wait, {} dropped, {} failures, {} retries",
        status["state"].as_str().unwrap_or("unknown"),
        number("delivered"),
        number("waiting"),
        number("dropped"),
        number("failures"),
        number("retries"),
    );
    report.tell("deliveries", format!("{name} in the daemon"), told);
    if let Some(reason) = status["reason"].as_str() {
        let remedy = status["remedy"].as_str().unwrap_or("see the daemon's log (journalctl -u genrecast)");
        report.bad(area, format!("{name}, says the daemon: {reason}"), remedy);
    }
    if number("dropped") > 0 {
        let what = format!("{name}: {} events are lost to it", number("dropped"));
        report.note(area, what, "its queue was too short for how long it was away: `queue` of its section");
    }
}
