//! `wingman completions` and `wingman man`: scripts that shells can read, and what they offer.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::process::Place;

/// What bash offers for the last of these words.
fn offered(place: &Place, words: &[&str]) -> Vec<String> {
    let last = words.len() - 1;
    let ask = format!(
        "source wingman.bash; COMP_WORDS=({}); COMP_CWORD={last}; _wingman wingman '{}' '{}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words[last],
        words[last - 1],
    );
    let ended = Command::new("bash")
        .args(["--norc", "-c", &ask])
        .current_dir(place.path("."))
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let place = Place::new();
    let script = place.run(&["completions", "bash"]).done().out;
    std::fs::write(place.path("wingman.bash"), script).unwrap();
    assert_eq!(offered(&place, &["wingman", "tr"]), ["trace"]);
    assert_eq!(offered(&place, &["wingman", "audit", "ver"]), ["verify"]);
    assert_eq!(offered(&place, &["wingman", "dead-letters", "re"]), ["replay"]);
    assert_eq!(offered(&place, &["wingman", "demo", "--scen"]), ["--scenario"]);
    assert_eq!(offered(&place, &["wingman", "demo", "--scenario", "pub"]), ["publishing"]);
    assert_eq!(offered(&place, &["wingman", "trace", "x", "--format", "h"]), ["html"]);
}

#[test]
fn bash_finds_no_fault_in_its_script() {
    let place = Place::new();
    let script = place.run(&["completions", "bash"]).done().out;
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success());
}

#[test]
fn each_shell_has_a_script_and_an_unknown_one_is_refused() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.run(&["completions", shell]).done().out;
        for part in ["wingman", "dead-letters", "rollback", "correlation"] {
            assert!(script.contains(part), "{part} is not in the script for {shell}");
        }
    }
    place.run(&["completions", "tcsh"]).refused(2, &["tcsh", "bash", "zsh"]);
}

#[test]
fn manual_pages_have_every_command_with_its_examples() {
    let place = Place::new();
    let ended = place.run(&["man", "--out", "share/man1"]).done();
    assert_eq!(
        (ended.out.as_str(), ended.err.as_str()),
        ("", "wrote manual pages to share/man1\n")
    );
    let page = place.read("share/man1/wingman-rollback-run.1");
    assert!(page.contains("Fence the tree"), "{page}");
    assert!(place.read("share/man1/wingman-demo.1").contains("wingman demo \\-\\-interactive"));
    let whole = place.read("share/man1/wingman.1");
    for command in ["demo", "trace", "audit", "completions"] {
        assert!(
            whole.contains(&format!("wingman\\-{command}(1)")),
            "{command} is not in:\n{whole}"
        );
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let place = Place::new();
    std::fs::write(place.path("file"), "").unwrap();
    place.run(&["man", "--out", "file/man1"]).refused(1, &["file/man1"]);
}
