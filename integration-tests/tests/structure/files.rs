//! How the source files of the workspace look.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{assert_none, root};

const LINES_MAX: usize = 600;
const LINES_MEDIAN_MAX: usize = 120;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "manager", "misc", "util", "utils"];

/// The top level of every adapter crate, the same everywhere.
const ADAPTER_FILES: &[&str] = &[
    "admin.rs",
    "codec.rs",
    "config.rs",
    "error.rs",
    "lib.rs",
    "publisher.rs",
    "subscriber.rs",
    "transport.rs",
];

#[test]
fn every_file_opens_with_its_purpose() {
    let silent = |path: &PathBuf| !read(path).starts_with("//! ");
    let findings: Vec<_> = sources().into_iter().filter(silent).map(shown).collect();
    assert_none("a file opens with `//!` and its purpose", &findings);
}

#[test]
fn files_are_small() {
    let mut lines: Vec<_> =
        sources().into_iter().map(|path| (read(&path).lines().count(), path)).collect();
    lines.sort();
    let (median, _) = lines[lines.len() / 2];
    assert!(median <= LINES_MEDIAN_MAX, "the median file has {median} lines");
    let long = lines.into_iter().filter(|(count, _)| *count > LINES_MAX);
    let findings: Vec<_> = long.map(|(count, path)| format!("{} {count}", shown(path))).collect();
    assert_none("a file has at most 600 lines", &findings);
}

/// Clippy counts the lines of functions; this makes sure that it is asked to, everywhere.
#[test]
fn functions_are_small_because_clippy_is_asked() {
    let clippy = read(&root().join("clippy.toml"));
    assert!(clippy.contains("too-many-lines-threshold = 70"), "{clippy}");
    let workspace = read(&root().join("Cargo.toml"));
    assert!(workspace.contains("too_many_lines = \"warn\""), "the lint is off");
    let deaf = |path: &PathBuf| {
        let manifest = read(path);
        manifest.contains("[package]") && !manifest.contains("[lints]\nworkspace = true")
    };
    let findings: Vec<_> =
        find("Cargo.toml", &root()).into_iter().filter(deaf).map(shown).collect();
    assert_none("a member inherits the workspace's lints", &findings);
    // Put together here, so that this file does not find itself.
    let excuse = ["clippy::", "too_many_lines"].concat();
    let excused = |path: &PathBuf| read(path).contains(&excuse);
    let findings: Vec<_> = sources().into_iter().filter(excused).map(shown).collect();
    assert_none("no function is excused from its length", &findings);
}

#[test]
fn names_say_what_is_inside() {
    let empty = |path: &PathBuf| {
        let parts = path.strip_prefix(root()).unwrap_or(path).iter();
        let mut words = parts.filter_map(|part| part.to_str()?.split('.').next());
        words.any(|word| EMPTY_NAMES.contains(&word))
    };
    let findings: Vec<_> = sources().into_iter().filter(empty).map(shown).collect();
    assert_none("no module has an empty name", &findings);
}

#[test]
fn adapters_have_the_same_modules() {
    let expected: BTreeSet<_> = ADAPTER_FILES.iter().map(|name| (*name).to_owned()).collect();
    let mut findings = Vec::new();
    for adapter in entries(&root().join("adapters")) {
        let source = adapter.join("src");
        if !source.join("transport.rs").exists() {
            // The crate of all adapters is not one of them.
            continue;
        }
        let seen: BTreeSet<_> = entries(&source)
            .into_iter()
            .filter(|path| path.is_file())
            .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
            .collect();
        let differing: Vec<_> = expected.symmetric_difference(&seen).cloned().collect();
        if !differing.is_empty() {
            findings.push(format!("{} {}", shown(adapter), differing.join(" ")));
        }
    }
    assert_none("an adapter has these top-level modules and no others", &findings);
}

fn sources() -> Vec<PathBuf> {
    let found = find(".rs", &root());
    assert!(found.len() > 50, "only {} files found: is this the workspace?", found.len());
    found
}

/// Files whose name ends so, without build output and hidden folders.
fn find(ending: &str, folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in entries(folder) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                found.extend(find(ending, &path));
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder);
    let listed = listed.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    listed.map(|entry| entry.expect("a listed entry can be read").path()).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(path: PathBuf) -> String {
    path.strip_prefix(root()).unwrap_or(&path).display().to_string()
}
