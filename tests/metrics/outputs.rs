//! What is told of outputs: a webhook that takes everything, one that is away, a broker that is away. Touch it when more is
//! told of one.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::daemon::Scene;

/// A web server that takes whatever is posted to it, for the rest of the process; its address.
fn taker() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
            let taken = stream.read_exact(&mut body);
            let answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
            // Whoever is gone by now has ended.
            let _ = taken.and_then(|()| stream.write_all(answer.as_bytes()));
        }
    });
    address.to_string()
}

pub fn fare() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let hook = |name: &str, at: &str| {
        format!(
            "[[webhook]]\nname = \"{name}\"\nurl = \"http://{at}/only-we-know\"\ntypes = [\"genre.window\"]\n"
        )
    };
    let (taken, away) = (hook("taken", &taker()), hook("away", &nobody.to_string()));
    let scene = Scene::with(&format!("[mqtt]\nurl = \"mqtt://{nobody}\"\n{taken}{away}"));
    let of = |metric: &str, output: &str, name: &str| {
        format!("genrecast_delivery_{metric}{{output=\"{output}\",name=\"{name}\"}}")
    };
    let windows = r#"genrecast_events_total{type="genre.window"}"#;
    let metrics = scene.wait("delivered, and tried again", |metrics| {
        metrics[&of("events_delivered_total", "webhook", "taken")] == metrics[windows]
            && metrics[&of("retries_total", "webhook", "away")] >= 1.0
            && metrics[&of("retries_total", "mqtt", "broker")] >= 1.0
    });
    assert!(metrics[windows] >= 2.0);
    for (output, name, state) in
        [("webhook", "taken", "working"), ("webhook", "away", "trying"), ("mqtt", "broker", "trying")]
    {
        let states = ["starting", "working", "trying"].map(|word| {
            metrics
                [&format!("genrecast_delivery_state{{output=\"{output}\",name=\"{name}\",state=\"{word}\"}}")]
        });
        let expected = ["starting", "working", "trying"].map(|word| f64::from(u8::from(word == state)));
        assert_eq!(states, expected, "{name}");
        assert_eq!(metrics[&of("events_dropped_total", output, name)], 0.0, "{name}");
        let failures = metrics[&of("failures_total", output, name)];
        let retries = metrics[&of("retries_total", output, name)];
        assert!(
            failures >= retries && (failures > 0.0) == (state == "trying"),
            "{name}: {failures}, {retries}"
        );
    }
    // The one that is being tried waits no more.
    let waiting = metrics[&of("events_waiting", "webhook", "away")];
    assert!(waiting == metrics[windows] || waiting == metrics[windows] - 1.0, "{waiting}");
    assert_eq!(metrics[&of("events_waiting", "webhook", "taken")], 0.0);
    assert_eq!(metrics[&of("events_delivered_total", "webhook", "away")], 0.0);
    let shown = |part: &str| metrics.keys().any(|key| key.contains(part));
    assert!(!shown("only-we-know") && !shown(&nobody.to_string()));
}
