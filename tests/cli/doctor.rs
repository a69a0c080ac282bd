//! `genrecast doctor`: what is wrong comes first, with what to do; and none of the secrets that are strewn everywhere is in
//! what it prints. Touch it when it looks at something else.

use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;
use temp_dir::TempDir;

use crate::support::daemon::Daemon;
use crate::support::{Ran, genrecast, music, run, toy, with_tract};

/// `doctor` with the small model, on standard input as its source, in a folder of state of its own.
fn doctor(place: &TempDir, listen: &str) -> Command {
    let mut command = with_tract("doctor");
    toy(&mut command).args(["--source", "-", "--listen", listen, "--state-dir"]).arg(place.path());
    command.env("GENRECAST_HISTORY__ENABLED", "true");
    command
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

/// What was found of this severity, each as `AREA: WHAT`.
fn found(report: &Value, severity: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("a list").iter();
    let of = findings.filter(|finding| finding["severity"] == severity);
    of.map(|finding| {
        assert!(finding["remedy"].as_str().is_some_and(|remedy| remedy.len() > 5), "{finding}");
        format!("{}: {}", finding["area"].as_str().expect("a word"), finding["what"].as_str().expect("words"))
    })
    .collect()
}

#[test]
fn a_sound_machine_is_told_as_such_with_everything_that_a_report_needs() {
    let place = TempDir::new().expect("a folder");
    let ran = run(doctor(&place, "127.0.0.1:0").arg("--json"));
    let report = json(&ran);
    // Whether there is a sound server is this machine's business.
    let bad = found(&report, "bad");
    assert!(bad.iter().all(|what| what.starts_with("sound: ")), "{bad:?}");
    assert_eq!(ran.status, Some(if bad.is_empty() { 0 } else { 9 }));
    let sections = &report["sections"];
    for (section, key) in [
        ("program", "version"),
        ("machine", "platform"),
        ("machine", "cores"),
        ("limits", "open files"),
        ("clock", "zone"),
        ("runtime", "in use"),
        ("sound", "server"),
        ("state", "free on the disk"),
        ("daemon", "running"),
    ] {
        assert!(!sections[section][key].is_null(), "{section}.{key} in {report:#}");
    }
    let setting = |key: &str| sections["configuration"][key].as_str().expect("told").to_owned();
    assert_eq!(setting("model.id"), "\"toy-window\" (--model)");
    assert_eq!(setting("gate.model"), "\"off\" (GENRECAST_GATE__MODEL)");
    assert!(setting("server.heartbeat_seconds").starts_with("15 (config.toml, line "));
    assert!(
        sections["models"]["toy-window"]
            .as_str()
            .is_some_and(|told| told.contains("proved") && told.contains("in use"))
    );
    // Those that nobody uses prove themselves, too.
    assert!(sections["models"]["toy-encoder"].as_str().is_some_and(|told| told.contains("proved")));
}

#[test]
fn what_is_wrong_comes_first_and_the_exit_status_says_so() {
    let place = TempDir::new().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = taken.local_addr().expect("an address").to_string();
    std::fs::write(
        place.path().join("history.db"),
        "no database, but something else of more than a hundred bytes".repeat(9),
    )
    .expect("written");
    let mut command = with_tract("doctor");
    let missing = place.path().join("none.flac").display().to_string();
    command.args(["--models", "tests/fixtures/models", "--model", "nobody", "--listen", &at, "--source"]);
    command.arg(format!("file:{missing}")).arg("--state-dir").arg(place.path());
    command.env("GENRECAST_HISTORY__ENABLED", "true").env("GENRECAST_GATE__MODEL", "off");
    let closer = std::thread::spawn(move || {
        // Takes who comes and says nothing that HTTP knows.
        let (mut stream, _) = taken.accept().expect("somebody asks");
        let _ = stream.write_all(b"go away\r\n");
    });
    let ran = run(&mut command);
    assert_eq!(ran.status, Some(9), "{}", ran.stderr);
    let text = &ran.stdout;
    for part in [
        "BAD  model: nobody is configured",
        "BAD  source: ",
        "BAD  history: ",
        "BAD  address: another program",
        "what to do: ",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let (last, first) = (text.rfind("\nBAD ").expect("some"), text.find("\nprogram\n").expect("a section"));
    assert!(last < first, "{text}");
    closer.join().expect("no panic");
    let broken = place.path().join("broken.toml");
    std::fs::write(&broken, "[server]\nlisen = 1\n").expect("written");
    let ran = run(genrecast("doctor").arg("--config").arg(&broken));
    assert_eq!(ran.status, Some(9));
    assert!(
        ran.stdout.contains("BAD  configuration: ") && ran.stdout.contains("server.listen"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_running_daemon_is_asked_how_it_is_and_its_tokens_stay_with_it() {
    let place = TempDir::new().expect("a folder");
    let file = place.path().join("token");
    std::fs::write(&file, "me all super-secret-token-1\n").expect("written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("set");
    let mut command = with_tract("run");
    toy(&mut command)
        .args(["--source", "-?pcm=s16le&rate=22050&channels=1"])
        .env("GENRECAST_SERVER__TOKEN_FILE", &file);
    let mut daemon = Daemon::start(&mut command);
    let samples: Vec<u8> =
        music(22_050, 4.0).iter().flat_map(|s| ((s * 32_767.0) as i16).to_le_bytes()).collect();
    daemon.stdin.take().expect("piped").write_all(&samples).expect("taken");
    daemon.wait_for_line("Ended");
    let ask = |token: bool| {
        let mut command = doctor(&place, &daemon.address.to_string());
        command.arg("--json").env("GENRECAST_SERVER__TOKEN_FILE", &file);
        if token {
            command.arg("--token-file").arg(&file);
        }
        run(&mut command)
    };
    let without = json(&ask(false));
    assert_eq!(without["sections"]["daemon"]["running"], "yes; it asks for a token");
    let ran = ask(true);
    let with = json(&ran);
    assert_eq!(with["sections"]["daemon"]["healthz"]["model"]["id"], "toy-window", "{with:#}");
    assert!(!ran.stdout.contains("super-secret"), "{}", ran.stdout);
}

#[test]
fn outputs_are_looked_at_and_what_a_daemon_says_of_them_is_told() {
    let place = TempDir::new().expect("a folder");
    let there = TcpListener::bind("127.0.0.1:0").expect("a port");
    let away = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let file = place.path().join("config.toml");
    let hook = |name: &str, at: &str| {
        format!("[[webhook]]\nname = \"{name}\"\nurl = \"http://{at}/super-secret-path\"\n")
    };
    let hooks =
        hook("there", &there.local_addr().expect("bound").to_string()) + &hook("away", &away.to_string());
    std::fs::write(&file, format!("[mqtt]\nurl = \"mqtt://{away}\"\n{hooks}")).expect("written");
    let with = |mut command: Command| {
        command.args(["--runtime", "tract", "--source", "-", "--config"]).arg(&file);
        toy(&mut command).arg("--state-dir").arg(place.path());
        command
    };
    let mut daemon = Daemon::start(&mut with(genrecast("run")));
    daemon.wait_for_line("MQTT: not connected");
    let ran = run(with(genrecast("doctor")).args(["--json", "--listen", &daemon.address.to_string()]));
    let report = json(&ran);
    assert_eq!(ran.status, Some(9), "{report:#}");
    let told = &report["sections"]["deliveries"];
    assert_eq!(told["webhook there can be reached"], "yes", "{told:#}");
    for name in ["webhook away", "mqtt"] {
        let reached = told[format!("{name} can be reached")].as_str().expect("told");
        assert!(reached.starts_with("no: Connection refused"), "{reached}");
    }
    let in_daemon = told["mqtt in the daemon"].as_str().expect("told");
    assert!(in_daemon.starts_with("trying; 0 delivered") && in_daemon.contains(" failures"), "{in_daemon}");
    assert!(told["webhook there in the daemon"].as_str().is_some_and(|told| told.contains(" delivered")));
    let bad = found(&report, "bad");
    for what in [
        "mqtt: mqtt cannot be reached: Connection refused",
        "webhook: webhook away cannot be reached: Connection refused",
        "mqtt: mqtt, says the daemon: the broker cannot be reached",
    ] {
        assert!(bad.iter().any(|bad| bad.starts_with(what)), "no {what:?} in {bad:?}");
    }
    assert!(!ran.stdout.contains("super-secret"), "{}", ran.stdout);
}

/// The text with another secret in the place of each `SECRET`, so that one that gets through names itself.
fn strewn(text: &str, name: &str) -> String {
    let mut parts = text.split("SECRET").enumerate();
    let first = parts.next().map_or("", |(_, part)| part).to_owned();
    parts.fold(first, |text, (number, part)| format!("{text}s3cr3t-{name}-{number}{part}"))
}

const TOKENS: &str = "# SECRET-of-old\nme all SECRET-0123456789\npage events SECRET-0123456789\n";

const CONFIGURATION: &str = r#"
[server]
token_file = "TOKENS"
public_url = "https://genre.example.org/?token=SECRET"
#token = "SECRET"
[[source]]
name = "a"
uri = "https://SECRET:SECRET@example.invalid/live?token=SECRET&x=1"
[[source]]
name = "b"
uri = "exec:nothing -i rtsp://me:SECRET@cam/x --password SECRET -H 'Authorization: Bearer SECRET'"
[[source]]
name = "c"
uri = "exec:"
command = ["nothing", "--api-key", "SECRET", "pass=SECRET"]
"#;

#[test]
fn no_secret_is_in_the_report() {
    let place = TempDir::new().expect("a folder");
    let path = |name: &str| place.path().join(name);
    let write = |name: &str, text: &str| {
        let text = text.replace("TOKENS", &path("tokens").display().to_string());
        std::fs::write(path(name), strewn(&text, name)).expect("written");
    };
    write("tokens", TOKENS);
    write("asking", "SECRET-0123456789");
    write("whole", CONFIGURATION);
    let unknown = "[server]\nmqtt_password = \"SECRET\"\nlisen = \"http://a:SECRET@b\"";
    write("unknown", &CONFIGURATION.replace("[server]", unknown));
    write("public", &CONFIGURATION.replace("https://genre", "https://SECRET:SECRET@genre"));
    write("listen", "[server]\nlisten = \"http://SECRET:SECRET@box:1\"\n");
    for (file, form) in [
        ("whole", "--json"),
        ("whole", ""),
        ("unknown", ""),
        ("public", "--json"),
        ("listen", ""),
        ("listen", "--json"),
    ] {
        let mut command = genrecast("doctor");
        command.args(["--runtime", "tract", "--model", "toy-window", "--models", "tests/fixtures/models"]);
        command.arg("--config").arg(path(file)).args(Some(form).filter(|form| !form.is_empty()));
        command.args(["--listen", "127.0.0.1:0"].iter().filter(|_| file != "listen"));
        command.env("GENRECAST_GATE__MODEL", "off").env("GENRECAST_TOKEN_FILE", path("asking"));
        for (name, value) in [
            ("MQTT_PASSWORD", "SECRET"),
            ("SOME_API_KEY", "SECRET"),
            ("GENRECAST_TOKEN", "SECRET"),
            ("http_proxy", "http://SECRET:SECRET@proxy"),
            ("PULSE_SERVER", "tcp:host?cookie=SECRET"),
        ] {
            command.env(name, strewn(value, name));
        }
        let ran = run(&mut command);
        let text = format!("{}{}", ran.stdout, ran.stderr);
        let leak = text.find("s3cr3t").map(|at| &text[at..]);
        assert_eq!(leak, None, "{file} {form}");
        match file {
            "whole" => assert!(text.contains("(hidden)") && text.contains("example.invalid"), "{text}"),
            _ => assert!(text.contains("configuration") && ran.status == Some(9), "{text}"),
        }
    }
}
