//! What README shows is what runs: its program is the example, and the examples end well.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::PathBuf;
use std::process::Command;

const README: &str = include_str!("../../README.md");
const PROGRAM: &str = include_str!("../examples/three_handlers.rs");

/// Cargo builds the examples before it runs this test, into the folder beside the test's own.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path = folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is missing: `cargo build --examples` makes it", path.display());
    path
}

#[test]
fn the_readme_shows_the_example_as_it_is() {
    assert!(
        README.contains(&format!("```rust\n{PROGRAM}```")),
        "README and three_handlers.rs differ"
    );
    assert!(PROGRAM.lines().count() <= 30);
}

#[test]
fn three_handlers_pass_an_order_on() {
    let ended = Command::new(example("three_handlers")).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "a box of tea is on its way\n");
}

#[test]
fn a_governed_handler_does_what_its_contract_allows_and_nothing_else() {
    let folder = tempfile::TempDir::new().unwrap();
    let ended = Command::new(example("governed")).current_dir(&folder).output().unwrap();
    let text = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{text}{}", String::from_utf8_lossy(&ended.stderr));
    let lines: Vec<&str> = text.lines().collect();
    let [ring, greeted, verified] = lines[..] else { panic!("{text}") };
    assert_eq!(ring, "ring! (7)");
    assert_eq!(greeted, "greeted; and P-01 door.lock is not in scope");
    assert!(verified.ends_with("story ok"), "{verified}");
}
