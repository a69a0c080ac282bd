//! A daemon that hears music, and what it tells of it. Touch it when a number is told elsewhere, too.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use temp_dir::TempDir;

use crate::support::daemon::Daemon;
use crate::support::{PATIENCE, genrecast, music, toy, with_tract};

/// A daemon with a history that has heard some seconds of music, and its metrics.
pub struct Scene {
    pub daemon: Daemon,
    _place: TempDir,
}

const SOURCE: &str = "-?pcm=s16le&rate=22050&channels=1";

impl Scene {
    pub fn new() -> Self {
        Self::with("")
    }

    /// One with these lines in its configuration.
    pub fn with(configuration: &str) -> Self {
        let place = TempDir::new().expect("a folder");
        let file = place.path().join("config.toml");
        std::fs::write(&file, configuration).expect("written");
        let mut command = genrecast("run");
        command.args(["--runtime", "tract", "--config"]).arg(&file).env("GENRECAST_HISTORY__ENABLED", "true");
        toy(&mut command).args(["--source", SOURCE, "--state-dir"]).arg(place.path());
        let mut daemon = Daemon::start(&mut command);
        let samples: Vec<u8> =
            music(22_050, 8.0).iter().flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes()).collect();
        let mut stdin = daemon.stdin.take().expect("piped");
        stdin.write_all(&samples).expect("taken");
        drop(stdin);
        let scene = Self { daemon, _place: place };
        scene.wait("played to its end", |metrics| {
            let ended = r#"genrecast_source_state{source="stdin",state="ended"}"#;
            metrics.get(ended) == Some(&1.0)
        });
        scene
    }

    /// Every sample by its name and labels.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        samples(&ask(&self.daemon, "/metrics", "").2)
    }

    pub fn wait(&self, what: &str, done: impl Fn(&BTreeMap<String, f64>) -> bool) -> BTreeMap<String, f64> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let metrics = self.metrics();
            if done(&metrics) {
                return metrics;
            }
            assert!(Instant::now() < deadline, "not {what}: {metrics:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Status, head and body of a GET with these further lines in its head.
pub fn ask(daemon: &Daemon, path: &str, head: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(daemon.address).expect("connects");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let host = daemon.address;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{head}Connection: close\r\n\r\n").expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    (status, head.to_lowercase(), body.to_owned())
}

fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

pub fn numbers() {
    let scene = Scene::new();
    // What was published last is in the file within half a second.
    let metrics = scene.wait("recorded", |metrics| {
        let published: f64 = metrics
            .iter()
            .filter(|(name, _)| name.starts_with("genrecast_events_total{"))
            .map(|(_, count)| count)
            .sum();
        metrics["genrecast_history_events"] == published
    });
    let (sources, health) = (scene.daemon.get("/v1/sources").1, scene.daemon.get("/healthz").1);
    let source = |name: &str| metrics[&format!("genrecast_source_{name}{{source=\"stdin\"}}")];
    let counters = &sources["sources"][0]["counters"];
    for counted in ["samples", "samples_lost", "device_errors", "windows", "skipped_hops", "gaps"] {
        assert_eq!(
            source(&format!("{counted}_total")),
            counters[counted].as_f64().expect("a number"),
            "{counted}"
        );
    }
    assert_eq!(source("samples_total"), 22_050.0 * 8.0);
    assert_eq!((source("ring_fill_ratio"), source("reconnects_total")), (0.0, 0.0));
    assert_eq!(source("hop_lengthening"), 1.0);
    let windows = source("windows_total");
    assert!(windows >= 2.0, "{windows}");
    assert_eq!(metrics[r#"genrecast_events_total{type="genre.window"}"#], windows);
    assert_eq!(metrics[r#"genrecast_inference_duration_seconds_count{source="stdin"}"#], windows);
    assert!(metrics[r#"genrecast_inference_duration_seconds_sum{source="stdin"}"#] > 0.0);
    assert_eq!(metrics[r#"genrecast_inference_duration_seconds_bucket{source="stdin",le="+Inf"}"#], windows);
    // Nothing is late that comes as fast as it is taken.
    assert_eq!(metrics[r#"genrecast_capture_to_emit_seconds_count{source="stdin"}"#], 0.0);
    let history = &health["detail"]["history"];
    assert_eq!(metrics["genrecast_history_events"], history["events"].as_f64().expect("a number"));
    assert_eq!(metrics["genrecast_history_bytes"], history["bytes"].as_f64().expect("a number"));
    assert_eq!(metrics[r#"genrecast_history_state{state="recording"}"#], 1.0);
    let hub = &health["hub"];
    assert_eq!(metrics["genrecast_memory_events"], hub["latest_seq"].as_f64().expect("a number"));
    let model = r#"genrecast_model_info{role="genre",model="toy-window",runtime="tract",device="cpu"}"#;
    assert_eq!(metrics[model], 1.0);
    assert_eq!(metrics[r#"genrecast_source_info{source="stdin",kind="stdin",model="toy-window"}"#], 1.0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let age = now.as_secs_f64() - metrics["process_start_time_seconds"];
    assert!((0.0..PATIENCE.as_secs_f64() * 2.0).contains(&age), "{age}");
}

/// A connection that stays open after this request.
fn connect(daemon: &Daemon, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(daemon.address).expect("connects");
    write!(stream, "{request}").expect("asked");
    stream
}

pub fn comings_and_goings() {
    let scene = Scene::new();
    let host = scene.daemon.address;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let sse = "Accept: text/event-stream\r\n";
    let open = [("sse", "/v1/events", sse), ("websocket", "/v1/events?since=nobody:1", upgrade)].map(
        |(transport, path, head)| {
            let stream =
                connect(&scene.daemon, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{head}\r\n"));
            let seat = format!("genrecast_subscribers{{transport=\"{transport}\"}}");
            scene.wait("seated", |metrics| metrics[&seat] == 1.0);
            stream
        },
    );
    // Its cursor is of a run that nobody knows, which is told as a gap; then it is up to date as the other.
    let metrics = scene.wait("told", |metrics| metrics["genrecast_subscriber_gaps_total"] == 1.0);
    assert_eq!(metrics[r#"genrecast_subscribers{transport="mel"}"#], 0.0);
    assert!(metrics["genrecast_connections"] >= 3.0, "both, and who asks");
    scene.wait("up to date", |metrics| metrics["genrecast_subscriber_lag_events"] == 0.0);
    drop(open);
    scene.wait("gone", |metrics| {
        let seats = metrics.iter().filter(|(name, _)| name.starts_with("genrecast_subscribers{"));
        seats.map(|(_, count)| count).sum::<f64>() == 0.0
    });
    let body = "no music\n".repeat(500);
    let clip = format!(
        "POST /v1/classify?name=x.mp3 HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let sent = connect(&scene.daemon, &clip);
    let metrics =
        scene.wait("failed", |metrics| metrics[r#"genrecast_uploads_total{outcome="failed"}"#] == 1.0);
    assert_eq!(metrics[r#"genrecast_uploads_total{outcome="done"}"#], 0.0);
    assert_eq!(metrics[r#"genrecast_subscriptions_total{transport="sse"}"#], 1.0);
    drop(sent);
}

pub fn forms() {
    let scene = Scene::new();
    let (status, head, plain) = ask(&scene.daemon, "/metrics", "");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert!(head.contains("cache-control: no-store") && head.contains("vary: accept"), "{head}");
    let accept =
        "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n";
    let (status, head, open) = ask(&scene.daemon, "/metrics", accept);
    assert_eq!(status, 200);
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
    assert!(open.ends_with("# EOF\n"), "{open}");
    // The order of labels, and whether a bound is 1 or 1.0, is each form's own.
    let names = |text: &str| {
        let names = samples(text).into_keys();
        names.map(|name| name.split('{').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&plain), names(&open));
    assert_eq!(plain.matches("# TYPE ").count(), open.matches("# TYPE ").count());
    assert!(plain.contains("# TYPE genrecast_source_windows_total counter\n"), "{plain}");
    assert!(open.contains("# TYPE genrecast_source_windows counter\n"), "{open}");
}

pub fn tokens() {
    let place = TempDir::new().expect("a folder");
    let file = place.path().join("token");
    let [all, watch, page] = ["0123456789abcdef-all", "0123456789abcdef-watch", "0123456789abcdef-page"];
    std::fs::write(&file, format!("me all {all}\nprometheus metrics {watch}\npage events {page}\n"))
        .expect("written");
    let mut command = with_tract("run");
    toy(&mut command).args(["--source", SOURCE]).env("GENRECAST_SERVER__TOKEN_FILE", &file);
    let daemon = Daemon::start(&mut command);
    let status =
        |path: &str, token: &str| ask(&daemon, path, &format!("Authorization: Bearer {token}\r\n")).0;
    assert_eq!(ask(&daemon, "/metrics", "").0, 401);
    assert_eq!(
        (status("/metrics", watch), status("/metrics", all), status("/metrics", page)),
        (200, 200, 403)
    );
    assert_eq!((status("/v1/now", watch), status("/v1/classify/x", watch)), (403, 403));
}

pub fn strangers() {
    let scene = Scene::new();
    let before = scene.metrics();
    let port = scene.daemon.address.port();
    for path in [
        "/v1/events?sources=from-a-stranger",
        "/v1/classify/from-a-stranger",
        "/from-a-stranger",
        "/v1/history?sources=from-a-stranger",
        "/metrics?name=from-a-stranger",
    ] {
        let head = format!("User-Agent: from-a-stranger\r\nOrigin: http://127.0.0.1:{port}\r\n");
        ask(&scene.daemon, path, &head);
    }
    let after = scene.metrics();
    let names = |metrics: &BTreeMap<String, f64>| metrics.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    assert!(!names(&after).iter().any(|name| name.contains("stranger")));
}
