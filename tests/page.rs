//! What the page stands on, through the real binary: tokens from a file, and the mel columns of a source while it plays.
//! Touch it when either changes; the details are in `tests/server/token.rs` and `src/daemon/tests/mel.rs`.

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use futures_util::StreamExt;
use genrecast::pipeline::{Front, MelScaleBytes};
use genrecast::units::SampleRate;
use serde_json::Value;
use support::daemon::Daemon;
use support::models::model;
use support::{PATIENCE, genrecast, music, refused, run, toy, with_tract, write_wav};
use temp_dir::TempDir;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const TOKEN: &str = "4f1c8a52d7e94b06a3";
const OTHER: &str = "9b0e6d31c5f2487d1e";

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).expect("set");
}

/// A daemon that plays `clip` and asks for the tokens in `tokens`.
fn guarded(clip: &Path, tokens: &Path, state: &Path) -> Daemon {
    let mut command = with_tract("run");
    toy(&mut command).env("GENRECAST_SERVER__TOKEN_FILE", tokens).env("GENRECAST_HISTORY__ENABLED", "true");
    command.arg("--state-dir").arg(state).arg("--source").arg(format!("file:{}", clip.display()));
    Daemon::start(&mut command)
}

/// Connects to `/v1/mel` with a token; the first message is the head.
async fn mel(daemon: &Daemon, query: &str) -> impl StreamExt<Item = Message> + Unpin + use<> {
    let url = format!("ws://{}/v1/mel{query}", daemon.address);
    let mut request = url.into_client_request().expect("a request");
    let headers = request.headers_mut();
    headers.insert("Authorization", format!("Bearer {TOKEN}").parse().expect("a value"));
    headers.insert("Sec-WebSocket-Protocol", "genrecast.mel.v1".parse().expect("a value"));
    let (socket, answer) = connect_async(request).await.expect("let in");
    assert_eq!(answer.headers()["Sec-WebSocket-Protocol"], "genrecast.mel.v1");
    socket.map(|message| message.expect("sound"))
}

#[test]
fn a_daemon_with_a_token_file_is_listened_to_by_the_token_and_takes_another_at_sighup() {
    let place = TempDir::new().expect("a folder");
    let at = |name: &str| place.path().join(name);
    write_wav(&at("clip.wav"), 16_000, 1, &music(16_000, 5.0));
    write(&at("tokens"), &format!("# of this test\nme all {TOKEN}\n"));
    let mut daemon = guarded(&at("clip.wav"), &at("tokens"), &at("state"));
    let url = format!("http://{}", daemon.address);

    assert_eq!(daemon.get("/livez").0, 200);
    let (status, answer) = daemon.get("/v1/now");
    assert_eq!((status, answer["error"]["code"].as_str()), (401, Some("unauthenticated")));
    let mut history = genrecast("history");
    let told = run(history.args([&url, "--type", "source.state", "--format", "jsonl"]));
    refused(&told, 8, &["unauthenticated", "--token-file"]);
    let told = run(history.arg("--token-file").arg(at("tokens")));
    assert_eq!(told.status, Some(0), "{}", told.stderr);
    refused(&run(genrecast("listen").arg(&url)), 8, &["unauthenticated"]);
    write(&at("wrong"), "a-token-that-is-none-of-its");
    refused(&run(genrecast("listen").arg(&url).arg("--token-file").arg(at("wrong"))), 8, &["401"]);
    refused(
        &run(genrecast("listen").env("GENRECAST_TOKEN_FILE", at("none")).arg(&url)),
        2,
        &["the token's file"],
    );

    write(&at("mine"), TOKEN);
    let mut listen = genrecast("listen");
    listen.arg(&url).arg("--json").env("GENRECAST_TOKEN_FILE", at("mine"));
    let mut listen = listen.stdout(std::process::Stdio::piped()).spawn().expect("starts");
    let mut lines = std::io::BufReader::new(listen.stdout.take().expect("piped"));
    let mut first = String::new();
    std::io::BufRead::read_line(&mut lines, &mut first).expect("a line");
    assert!(first.contains(r#""type":"hello""#), "{first}");

    // Taken back: whoever came by it is cut off, and is not let in again.
    write(&at("tokens"), &format!("me all {OTHER}\n"));
    daemon.signal(libc::SIGHUP);
    let line = daemon.wait_for_line("applied: tokens");
    assert!(line.contains("me (events,history,upload,metrics)"), "{line}");
    let ended = listen.wait().expect("it ends");
    assert_eq!(ended.code(), Some(8));
    // A file that cannot be used changes nothing.
    write(&at("tokens"), "short\n");
    daemon.signal(libc::SIGHUP);
    let line = daemon.wait_for_line("configuration not read again");
    assert!(line.contains("16 to 1024 characters") && !line.contains("short"), "{line}");
    write(&at("mine"), OTHER);
    let told = run(genrecast("history").arg(&url).arg("--token-file").arg(at("mine")));
    assert_eq!(told.status, Some(0), "{}", told.stderr);
    let log = daemon.end_with_log();
    assert!(!log.contains(TOKEN) && !log.contains(OTHER), "{log}");
}

#[test]
fn a_bad_token_file_is_refused_at_the_start_and_by_check() {
    let place = TempDir::new().expect("a folder");
    let tokens = place.path().join("tokens");
    write(&tokens, "secret\n");
    for command in ["run", "check"] {
        let mut command = with_tract(command);
        let told =
            run(toy(&mut command).env("GENRECAST_SERVER__TOKEN_FILE", &tokens).args(["--source", "-"]));
        assert_eq!(told.status, Some(2), "{}", told.stderr);
        let said = told.stdout + &told.stderr;
        assert!(
            said.contains("server.token_file") && said.contains("16 to 1024") && !said.contains("secret"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn whoever_looks_gets_the_models_own_columns_smoothly_until_the_source_ends() {
    let place = TempDir::new().expect("a folder");
    let clip = place.path().join("clip.wav");
    let samples = music(16_000, 6.0);
    write_wav(&clip, 16_000, 1, &samples);
    let tokens = place.path().join("tokens");
    write(&tokens, TOKEN);
    let daemon = guarded(&clip, &tokens, &place.path().join("state"));

    let mut stream = mel(&daemon, "").await;
    let head = timeout(PATIENCE, stream.next()).await.expect("in time").expect("a head");
    let head: Value = serde_json::from_str(head.to_text().expect("text")).expect("JSON");
    assert_eq!((&head["type"], &head["v"], &head["bands"]), (&"mel".into(), &1.into(), &96.into()));
    assert_eq!((head["sample_rate"].as_u64(), head["hop_s"].as_f64()), (Some(16_000), Some(0.016)));
    assert!(head["min_db"].as_f64() < head["max_db"].as_f64() && head["scale"].is_string(), "{head}");

    let manifest = model("toy-window").manifest;
    let scale = MelScaleBytes::new(&manifest.features);
    let mut front = Front::new(&manifest, SampleRate::new(16_000).expect("not zero")).expect("its own rate");
    let mut all = Vec::new();
    let written: Vec<f32> = samples.iter().map(|s| (s * 32_767.0).round() / 32_768.0).collect();
    front.push_watched(&written, |_, column| scale.push(column, &mut all), |_| {});
    front.finish_watched(|_, column| scale.push(column, &mut all), |_| {});

    let (mut frames, mut next, mut began) = (0, None, None);
    let code = loop {
        match timeout(PATIENCE, stream.next()).await.expect("in time").expect("a close frame first") {
            Message::Binary(bytes) => {
                let number = |at: usize, n: usize| {
                    bytes[at..at + n].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
                };
                let (index, columns, bands) = (number(0, 8), number(8, 2), number(10, 2));
                assert_eq!((bands, bytes.len()), (96, 12 + 96 * columns));
                assert_eq!(*next.get_or_insert(index), index, "columns are missing");
                assert!(bytes[12..] == all[index * 96..(index + columns) * 96], "other columns at {index}");
                next = Some(index + columns);
                began.get_or_insert_with(|| (Instant::now(), index));
                frames += 1;
            }
            Message::Close(frame) => break frame.map(|frame| u16::from(frame.code)),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, Some(1000));
    assert_eq!(next.map(|columns| columns * 96), Some(all.len()), "the end came too early");
    let (began, first) = began.expect("frames");
    let heard_s = (all.len() / 96 - first) as f64 * 0.016;
    let (rate, took) = (f64::from(frames) / heard_s, began.elapsed().as_secs_f64());
    println!("{rate:.1} frames a second, {heard_s:.1} s of sound in {took:.1} s");
    assert!((4.0..=10.0).contains(&rate) && took > heard_s / 2.0, "{rate} frames a second in {took} s");

    // Nobody can look at what is not there, nor any longer at what has ended.
    for (query, expected) in [("?source=none", 4404), ("?source=clip", 1000)] {
        let mut stream = mel(&daemon, query).await;
        let code = loop {
            match timeout(PATIENCE, stream.next()).await.expect("in time").expect("a close frame first") {
                Message::Text(text) => assert!(expected == 1000 || text.contains("no_such_source"), "{text}"),
                Message::Close(frame) => break frame.map(|frame| u16::from(frame.code)),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(code, Some(expected), "{query}");
    }
    daemon.end();
}
