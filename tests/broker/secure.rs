//! TLS by certificates of a file, and passwords. Touch it when another way of proving oneself is understood.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::listener::Listener;
use crate::mosquitto::{Mosquitto, Wishes};
use crate::support::{genrecast, refused as refused_start, run};
use crate::world::{World, source};

const PASSWORD: &str = "hunter2-hunter2";

/// An authority, and a certificate of it for `localhost` with its key, in PEM.
fn certificates() -> (String, String, String) {
    let mut authority = CertificateParams::new(Vec::new()).expect("names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
    let server = server.signed_by(&key, &authority).expect("a certificate");
    (authority.pem(), server.pem(), key.serialize_pem())
}

/// `[mqtt]` over TLS, with this authority and this password; both are files that `start` has written.
fn settings(port: u16, ca: &str, password: &str) -> String {
    format!(
        "[mqtt]\nurl = \"mqtts://localhost:{port}\"\nca_file = \"PLACE/{ca}\"\nusername = \"radio\"\n\
         password_file = \"PLACE/{password}\"\n"
    )
}

fn place(files: &[(&str, &str)]) -> temp_dir::TempDir {
    let place = temp_dir::TempDir::new().expect("a folder");
    for (name, text) in files {
        std::fs::write(place.child(name), text).expect("written");
    }
    place
}

pub fn trusted() {
    let (authority, certificate, key) = certificates();
    let login = Some(("radio", PASSWORD));
    let broker = Mosquitto::with(&Wishes { login, tls: Some((&certificate, &key)) });
    let listener = Listener::with_login(broker.port, login);
    let place = place(&[("ca.pem", &authority), ("password", &format!("{PASSWORD}\n"))]);
    let port = broker.secure_port.expect("there is one");
    let world = World::start_in(place, &format!("{}{}", settings(port, "ca.pem", "password"), source("mic")));
    listener.wait_for("genrecast/status", "online");
    listener.wait(|message| message.topic == "genrecast/mic/genre");
    let status = world.status("/mqtt", |status| status["state"] == "working");
    assert_eq!(status["to"], format!("mqtts://localhost:{port}"));
    world.end();
    listener.wait_for("genrecast/status", "offline");
}

pub fn refused() {
    let (authority, certificate, key) = certificates();
    let (other, _, _) = certificates();
    let broker =
        Mosquitto::with(&Wishes { login: Some(("radio", PASSWORD)), tls: Some((&certificate, &key)) });
    let files = [
        ("ca.pem", authority.as_str()),
        ("other.pem", &other),
        ("password", PASSWORD),
        ("wrong", "hunter2-wrong"),
    ];
    let port = broker.secure_port.expect("there is one");
    let with = |ca, password| format!("{}{}", settings(port, ca, password), source("mic"));
    let mut world = World::start_in(place(&files), &with("other.pem", "password"));
    let reason_has = |part: &'static str| {
        move |status: &serde_json::Value| {
            status["reason"].as_str().is_some_and(|reason| reason.contains(part))
        }
    };
    let status = world.status("/mqtt", reason_has("no secure connection"));
    assert!(status["remedy"].as_str().expect("a remedy").contains("mqtt.ca_file"), "{status}");
    world.reload(&with("ca.pem", "wrong"));
    let status = world.status("/mqtt", reason_has("the broker refuses"));
    assert!(status["remedy"].as_str().expect("a remedy").contains("mqtt.password_file"), "{status}");
    world.reload(&with("ca.pem", "password"));
    world.status("/mqtt", |status| status["state"] == "working");
    let log = world.daemon.end_with_log();
    assert!(!log.contains("hunter2"), "a password stands in the log: {log}");

    // One in the address would be seen by everybody who sees the configuration, so it is refused before the start.
    let mut command = genrecast("run");
    command.args(["--config", "config.toml"]).env("GENRECAST_MQTT__URL", "mqtt://radio:hunter2@localhost");
    let ran = run(&mut command);
    refused_start(&ran, 2, &["GENRECAST_MQTT__URL", "mqtt.password_file"]);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
}
