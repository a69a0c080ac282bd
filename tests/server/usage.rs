//! What the program refuses of the server's and the client's settings before anything is opened.
//! Touch it when one of them gets another form.

use std::process::Command;

fn refused(arguments: &[&str], variable: Option<(&str, &str)>, says: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genrecast"));
    command.args(arguments).envs(variable).current_dir(env!("CARGO_MANIFEST_DIR"));
    let ran = command.output().expect("the binary starts");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2), "{arguments:?}: {told}");
    assert!(told.contains(says), "no {says:?} in: {told}");
}

#[test]
fn listen_names_the_expected_form() {
    for since in ["foo", "01J9:", ":7", "01J9:seven"] {
        refused(&["listen", "--since", since], None, "EPOCH:SEQ");
    }
    refused(&["listen", "--type", "genre.guess"], None, "genre.changed");
    refused(&["listen", "--top", "0"], None, "--top");
}

#[test]
fn origins_are_listed_one_by_one() {
    let run = ["run", "--config", "config.toml", "--listen", "127.0.0.1:0"];
    for (origins, says) in
        [("[\"*\"]", "every page"), ("[\"radio.example.org\"]", "https://radio.example.org")]
    {
        refused(&run, Some(("GENRECAST_SERVER__ALLOW_ORIGINS", origins)), says);
    }
    refused(&run, Some(("GENRECAST_SERVER__ALLOW_ORIGINS", "[\"*\"]")), "server.allow_origins");
}
