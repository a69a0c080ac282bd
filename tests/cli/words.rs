//! What is made of the command line's own words: completions for shells, manual pages.

use std::path::Path;
use std::process::Command;

use temp_dir::TempDir;

use crate::support::{Ran, genrecast, refused, run};

const COMMANDS: [&str; 12] = [
    "run",
    "classify",
    "evaluate",
    "bench",
    "listen",
    "history",
    "devices",
    "check",
    "doctor",
    "config",
    "completions",
    "man",
];

fn tool(name: &str) -> Option<Command> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file()).map(Command::new)
}

fn accepted(ran: &Ran, what: &str) {
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{what}");
}

#[test]
fn every_shell_gets_its_script_and_bash_completes_with_it() {
    let place = TempDir::new().expect("a folder");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(genrecast("completions").arg(shell));
        accepted(&ran, shell);
        for command in COMMANDS {
            assert!(ran.stdout.contains(command), "{shell}: {command}");
        }
        std::fs::write(place.path().join(shell), ran.stdout).expect("written");
    }
    refused(&run(genrecast("completions").arg("tcsh")), 2, &["tcsh", "bash", "zsh"]);
    let script = place.path().join("bash");
    accepted(&run(Command::new("bash").arg("-n").arg(&script)), "bash -n");
    // As bash itself does when the tabulator is pressed.
    let complete = r#"
        source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        function=$(complete -p genrecast | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" genrecast "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    for (words, expected) in [
        (&["genrecast", "cla"][..], &["classify"][..]),
        (&["genrecast", "co"], &["config", "completions"]),
        (&["genrecast", "run", "--li"], &["--listen"]),
        (&["genrecast", "check", "--runtime", "tr"], &["tract"]),
    ] {
        let mut bash = Command::new("bash");
        let ran = run(bash.args(["--norc", "-c", complete, "bash"]).arg(&script).args(words));
        accepted(&ran, "completing");
        let mut found: Vec<_> = ran.stdout.lines().collect();
        let mut expected = expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{words:?}");
    }
}

#[test]
fn every_command_has_a_manual_page_that_is_well_formed() {
    let place = TempDir::new().expect("a folder");
    let folder = place.path().join("man1");
    accepted(&run(genrecast("man").arg("--dir").arg(&folder)), "man --dir");
    let main = run(&mut genrecast("man"));
    accepted(&main, "man");
    let mut pages = vec![folder.join("genrecast.1")];
    assert_eq!(std::fs::read_to_string(&pages[0]).expect("written"), main.stdout);
    pages.extend(COMMANDS.map(|command| folder.join(format!("genrecast-{command}.1"))));
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), pages.len());
    for page in &pages {
        well_formed(page);
    }
    assert!(main.stdout.contains("Exit status"), "{}", main.stdout);
    refused(&run(genrecast("man").args(["--dir", "/proc/nowhere"])), 1, &["/proc/nowhere"]);
}

/// Asks those of the formatters that this machine has.
fn well_formed(page: &Path) {
    let name = page.display().to_string();
    if let Some(mut groff) = tool("groff") {
        accepted(&run(groff.args(["-man", "-ww", "-z", "-Tutf8", "-Kutf8"]).arg(page)), &name);
    }
    if let Some(mut mandoc) = tool("mandoc") {
        let ran = run(mandoc.args(["-T", "lint", "-W", "error"]).arg(page));
        assert_eq!(ran.status, Some(0), "{name}: {}{}", ran.stdout, ran.stderr);
    }
    if let Some(mut man) = tool("man") {
        let ran = run(man
            .args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"])
            .arg(page)
            .env("MANWIDTH", "80"));
        accepted(&ran, &name);
    }
}
