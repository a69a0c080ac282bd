//! Whether the port is free, or who answers there. Touch it when a running daemon is to be asked for more.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use genrecast::client::{ClientError, Endpoint, Token, fetch_lines};
use genrecast::config::Config;
use serde_json::Value;
use tokio::time::timeout;

use super::report::Report;

/// How long a daemon may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// What is known of a daemon at the configured address.
#[derive(Default)]
pub(super) struct Daemon {
    pub runs: bool,
    /// What it answers to `/healthz`; null if it was not asked, or does not tell us.
    pub health: Value,
}

pub(super) fn look(report: &mut Report, config: &Config, token_file: Option<&Path>) -> Daemon {
    let listen = config.server.listen;
    report.tell("daemon", "address", listen.to_string());
    match TcpListener::bind(listen) {
        Ok(_) => report.tell("daemon", "running", "no: the address is free"),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            return running(report, listen, token_file);
        }
        Err(error) => {
            let remedy = "choose an address of this machine and a port above 1023: server.listen";
            report.bad("address", format!("cannot listen on {listen}: {error}"), remedy);
        }
    }
    Daemon::default()
}

fn running(report: &mut Report, listen: SocketAddr, token_file: Option<&Path>) -> Daemon {
    let token = match token_file.map(Token::from_file).transpose() {
        Ok(token) => token,
        Err(error) => {
            report.bad("token", error.to_string(), "name a file that has a token, or none");
            None
        }
    };
    // Its own tokens are never shown to whoever may listen there.
    let why = match ask(reachable(listen), "/healthz", token.as_ref()) {
        Ok(health) if health["hub"]["epoch"].is_string() => {
            well(report, health.clone());
            return Daemon { runs: true, health };
        }
        Ok(_) => "it does not answer as genrecast does".to_owned(),
        Err(ClientError::Refused { code, .. }) if code == "unauthenticated" => {
            report.tell("daemon", "running", "yes; it asks for a token");
            let remedy = "name the file of one by --token-file or GENRECAST_TOKEN_FILE";
            report.note("daemon", "without a token it does not tell how it is", remedy);
            return Daemon { runs: true, health: Value::Null };
        }
        Err(error) => error.to_string(),
    };
    let what = format!("another program listens on {listen}, or a daemon that does not answer: {why}");
    report.bad("address", what, "end it, or choose another server.listen; `ss -ltnp` tells which it is");
    Daemon::default()
}

fn well(report: &mut Report, health: Value) {
    report.tell("daemon", "running", "yes");
    let reasons = health["reasons"].as_array().cloned().unwrap_or_default();
    for reason in reasons.iter().filter_map(Value::as_str) {
        report.bad("daemon", reason, "`sources` below says more; so does its log (journalctl -u genrecast)");
    }
    let history = &health["detail"]["history"];
    if history["state"] == "failing" {
        let words = |field: &str| history[field].as_str().unwrap_or("unknown").to_owned();
        report.bad("history", words("reason"), words("remedy"));
    }
    if health["version"].as_str().is_some_and(|version| version != env!("CARGO_PKG_VERSION")) {
        let what = format!("the daemon is of version {}, this program of another", health["version"]);
        report.note("daemon", what, "restart it: sudo systemctl restart genrecast");
    }
    report.tell("daemon", "healthz", health);
}

/// Where an address that stands for all of this machine's is reached.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(at) if at.ip().is_unspecified() => ([127, 0, 0, 1], at.port()).into(),
        SocketAddr::V6(at) if at.ip().is_unspecified() => (std::net::Ipv6Addr::LOCALHOST, at.port()).into(),
        other => other,
    }
}

fn ask(at: SocketAddr, path: &str, token: Option<&Token>) -> Result<Value, ClientError> {
    let lost = |why: &str| ClientError::Unreachable { url: format!("http://{at}"), why: why.to_owned() };
    let endpoint = Endpoint::parse(&at.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let mut text = String::new();
    let asked = async {
        let line = |line: &str| {
            text.push_str(line);
            Ok(())
        };
        timeout(LIMIT, fetch_lines(&endpoint, token, path, line)).await
    };
    runtime?.block_on(asked).unwrap_or_else(|_| Err(lost("no answer in time")))?;
    serde_json::from_str(&text).map_err(|_| lost("what it answers is no JSON"))
}
