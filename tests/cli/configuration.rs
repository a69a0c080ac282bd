//! The configuration and the flags: printed as shipped, and each mistake named with its place.

use temp_dir::TempDir;

use crate::support::{genrecast, refused, run, with_tract};

#[test]
fn the_configuration_is_printed_and_its_mistakes_are_named() {
    let ran = run(&mut genrecast("config"));
    assert_eq!((ran.status, &ran.stdout), (Some(0), &include_str!("../../config.toml").to_owned()));

    let place = TempDir::new().expect("a folder");
    let path = place.path().join("mine.toml");
    let mine = path.to_str().expect("UTF-8");
    std::fs::write(&path, "[server]\nlisen = \"127.0.0.1:1\"\n").expect("written");
    for subcommand in ["run", "check"] {
        let ran = run(genrecast(subcommand).args(["--config", mine]));
        assert_eq!(ran.status, Some(2), "{}", ran.stderr);
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains("mine.toml, line 2") && said.contains("\"server.listen\""), "{said}");
    }
    let x = ["--config", "config.toml", "x.wav"];
    let ran = run(genrecast("classify").args(x).env("GENRECAST_MODEL__DEVCE", "cpu"));
    refused(&ran, 2, &["GENRECAST_MODEL__DEVCE", "\"model.device\""]);
    let ran = run(genrecast("classify").args(x).env("GENRECAST_MODEL__DEVICE", "toaster"));
    refused(&ran, 2, &["GENRECAST_MODEL__DEVICE", "toaster", "cuda"]);
    refused(&run(genrecast("classify").args(["--jsn", "x.wav"])), 2, &["--jsn", "--json"]);
    refused(&run(genrecast("classify").args(["--config", "none.toml", "x.wav"])), 2, &["none.toml"]);
    refused(&run(with_tract("run").args(["--source", "tape:1"])), 2, &["tape:1", "mic:", "file:PATH"]);
    refused(&run(with_tract("run").args(["--listen", "0.0.0.0:0"])), 2, &["reachable from other machines"]);
    // The flag replaces what the file would have been refused for; what is wrong then is something else.
    std::fs::write(&path, "[server]\nlisten = \"0.0.0.0:1\"\n").expect("written");
    let ran = run(genrecast("run").args(["--config", mine, "--listen", "127.0.0.1:0", "--source", "tape:1"]));
    refused(&ran, 2, &["tape:1"]);
    std::fs::write(&path, "[server]\npublic_url = \"box:8470\"\n").expect("written");
    refused(&run(genrecast("run").args(["--config", mine])), 2, &["mine.toml, line 2", "https://genre."]);
    refused(&run(&mut genrecast("classify")), 2, &["<PATH"]);
    refused(&run(with_tract("classify").args(["--top", "0", "x.wav"])), 2, &["--top"]);
    let ran = run(&mut genrecast("--help"));
    assert!(ran.status == Some(0) && ran.stdout.contains("Exit status: 0 done"), "{}", ran.stdout);
}
