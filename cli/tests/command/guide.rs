//! Runs the commands of a page of `docs/guides`, in order, and compares what they print with what the
//! page says.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Seconds that a whole page may take.
const PATIENCE_SECONDS: &str = "240";

/// What stands for cargo: what the page has it build is built already, with every feature.
const CARGO: &str = r#"#!/usr/bin/env bash
feature() { grep -q "^$1 = " "$ROOT/cli/Cargo.toml" "$ROOT/hub/Cargo.toml"; }
case "$1 $2 $4" in
"install --path --features") [[ $3 == cli ]] && feature "$5" && exit ;;
"run --features --") feature "$3" && exec wingman "${@:5}" ;;
"run -p --features") [[ "$3 $6 $8" == "wingman-hub --example --" ]] && feature "$5" && exec "$EXAMPLES/$7" "${@:9}" ;;
esac
echo "no such feature, or a use of cargo that this test does not know: $*" >&2
exit 64
"#;

/// One block of commands, and what the page says that they print.
#[derive(Debug, PartialEq)]
struct Step {
    part: Part,
    line: usize,
    commands: String,
    expected: Option<String>,
}

/// The part of a page that has a broker of its own.
const OVER_TLS: &str = "## Over TLS";

/// Runs a page with this broker instead of its own, all but its part over TLS.
///
/// # Panics
/// If a command fails, or prints something else.
pub(crate) fn run(page: &str, url: &str) {
    run_steps(page, Part::Plain, |_| format!("BROKER='{url}'\n"));
}

/// Runs a page's part over TLS, on the page's own broker at the port of this one.
///
/// # Panics
/// If a command fails, or prints something else.
#[allow(dead_code, reason = "only the tests of secured brokers run it")]
pub(crate) fn run_over_tls(page: &str, url: &str) {
    let port = |url: &str| {
        let (_, rest) = url.split_once("localhost:").unwrap();
        rest.chars().take_while(char::is_ascii_digit).collect::<String>()
    };
    run_steps(page, Part::OverTls, |own| own.replace(&port(own), &port(url)));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Plain,
    OverTls,
}

/// Runs a part's commands; `broker` makes of the line that names the page's broker the one that counts.
fn run_steps(page: &str, part: Part, broker: impl Fn(&str) -> String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = fs::read_to_string(root.join("docs/guides").join(page)).unwrap();
    let steps: Vec<_> = steps(&text).into_iter().filter(|step| step.part == part).collect();
    assert!(steps.len() > 3, "{page} has only {} blocks of commands", steps.len());
    let folder = TempDir::new().unwrap();
    for name in ["hub", "integration-tests"] {
        symlink(root.join(name), folder.path().join(name)).unwrap();
    }
    symlink(home(root), folder.path().join(".brokers")).unwrap();
    let mut script = "set -euo pipefail\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        let commands = match step.commands.strip_prefix("BROKER=") {
            Some(_) => broker(&step.commands),
            None => step.commands.clone(),
        };
        let line = step.line;
        script.push_str(&format!(
            "echo 'line {line} of {page}' >&2\n{{ {commands} }} >{number}.out\n"
        ));
    }
    let ended = bash(&script, root, folder.path());
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{page} ended with {}:\n{said}", ended.status);
    for (number, step) in steps.iter().enumerate() {
        let printed = fs::read_to_string(folder.path().join(format!("{number}.out"))).unwrap();
        let Some(expected) = &step.expected else { continue };
        assert!(
            fits(expected, &printed),
            "line {} of {page} says\n{expected}\nbut this was printed:\n{printed}",
            step.line
        );
    }
}

/// Where `brokers.sh` keeps what it starts.
fn home(root: &Path) -> PathBuf {
    std::env::var_os("BROKERS_HOME").map_or_else(|| root.join(".brokers"), PathBuf::from)
}

fn bash(script: &str, root: &Path, folder: &Path) -> std::process::Output {
    let programs = folder.join("programs");
    fs::create_dir(&programs).unwrap();
    symlink(env!("CARGO_BIN_EXE_wingman"), programs.join("wingman")).unwrap();
    fs::write(programs.join("cargo"), CARGO).unwrap();
    fs::set_permissions(programs.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    Command::new("timeout")
        .args([PATIENCE_SECONDS, "bash", "-c", script])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("ROOT", root)
        .env("BROKERS_HOME", home(root))
        .env("EXAMPLES", examples())
        .output()
        .unwrap()
}

/// Cargo builds the examples of the workspace before it runs tests, beside the folder of this one.
fn examples() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().join("examples");
    assert!(
        folder.join("shop").exists(),
        "`cargo build -p wingman-hub --features brokers --examples` first"
    );
    folder
}

/// The `sh` blocks of a page, each with the `text` block that follows it before the next.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut part = Part::Plain;
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.starts_with("## ") {
            part = if line == OVER_TLS { Part::OverTls } else { Part::Plain };
        }
        let Some(kind) = line.strip_prefix("```") else { continue };
        let block: String = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .map(|line| format!("{line}\n"))
            .collect();
        match (kind, steps.last_mut()) {
            ("sh", _) => steps.push(Step { part, line: at + 1, commands: block, expected: None }),
            ("text", Some(step)) if step.expected.is_none() => step.expected = Some(block),
            _ => panic!("line {}: a block that is neither commands nor what they print", at + 1),
        }
    }
    steps
}

/// Whether lines are as said, where `…` alone stands for any lines, and in a line for any text.
fn fits(said: &str, printed: &str) -> bool {
    let lines = |text| str::lines(text).collect::<Vec<_>>();
    fits_in_lines(&lines(said), &lines(printed))
}

fn fits_in_lines(said: &[&str], lines: &[&str]) -> bool {
    match (said.split_first(), lines.split_first()) {
        (None, None) => true,
        (Some((&"…", rest)), _) => {
            (0..=lines.len()).any(|skipped| fits_in_lines(rest, &lines[skipped..]))
        }
        (Some((first, said)), Some((line, lines))) => {
            fits_in_line(first, line) && fits_in_lines(said, lines)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn fits_in_line(said: &str, line: &str) -> bool {
    match said.split_once('…') {
        None => said == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|left| {
            left.char_indices()
                .map(|(at, _)| at)
                .chain([left.len()])
                .any(|at| fits_in_line(after, &left[at..]))
        }),
    }
}

#[test]
fn a_page_that_says_something_else_is_found() {
    let printed = "one\ntwo 2 … of 3\nthree";
    for right in ["one\n…", "…\nthree", "one\ntwo … of …\nthree", "…\ntwo 2… 3\n…"] {
        assert!(fits(right, printed), "{right}");
    }
    for wrong in ["one", "one\ntwo\nthree", "…\nfour", "one\ntwo … of 4\nthree", "…\none\none\n…"]
    {
        assert!(!fits(wrong, printed), "{wrong}");
    }
}

#[test]
fn commands_are_read_with_what_they_print() {
    let step = |part, line, commands: &str, expected: Option<&str>| Step {
        part,
        line,
        commands: commands.into(),
        expected: expected.map(str::to_owned),
    };
    let page = "a\n```sh\none\ntwo\n```\nb\n```text\n1\n```\n```sh\nthree\n```\n\
        ## Over TLS\n### c\n```sh\nfour\n```\n## d\n```sh\nfive\n```\n";
    let expected = [
        step(Part::Plain, 2, "one\ntwo\n", Some("1\n")),
        step(Part::Plain, 10, "three\n", None),
        step(Part::OverTls, 15, "four\n", None),
        step(Part::Plain, 19, "five\n", None),
    ];
    assert_eq!(steps(page), expected);
}
