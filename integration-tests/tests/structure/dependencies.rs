//! Who may depend on whom, and what may be pulled in, as `cargo metadata` tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::allowed::Allowed;
use crate::licence::accepts;
use crate::{assert_none, root};

/// One crate of the build.
#[derive(Debug)]
struct Package {
    name: String,
    version: String,
    licence: String,
    /// Where its manifest is, below the root; `None` for crates of others.
    place: Option<String>,
    depends_on: Vec<String>,
}

/// The members that a member may depend on, by where it stands; development dependencies count.
fn may_depend_on(package: &Package, other: &Package) -> bool {
    let is_adapter = |package: &Package| place(package).starts_with("adapters/");
    let other_name = other.name.as_str();
    match place(package) {
        "core" => other_name == "wingman-macros",
        "core/macros" => false,
        "adapters" => other_name == "wingman-core" || is_adapter(other),
        "governance" | "integration-tests/conformance" => other_name == "wingman-core",
        "hub" => ["wingman-core", "wingman-adapters", "wingman-governance"].contains(&other_name),
        // Example handlers stand on the libraries that the hub joins, as the hub's users do.
        "hub/scenarios" => ["wingman-core", "wingman-governance"].contains(&other_name),
        "cli" => ["wingman-hub", "wingman-conformance", "wingman-scenarios"].contains(&other_name),
        "integration-tests" => true,
        adapter if adapter.starts_with("adapters/") => other_name == "wingman-core",
        _ => false,
    }
}

#[test]
fn members_depend_only_on_whom_they_may() {
    let packages = packages();
    let members: BTreeMap<_, _> = packages
        .iter()
        .filter(|package| package.place.is_some())
        .map(|package| (package.name.as_str(), package))
        .collect();
    assert!(members.len() >= 8, "only {} members found", members.len());
    let mut findings = Vec::new();
    for package in members.values() {
        let on = package.depends_on.iter().filter_map(|name| members.get(name.as_str()));
        let wrong = on.filter(|other| !may_depend_on(package, other));
        findings.extend(wrong.map(|other| format!("{} on {}", package.name, other.name)));
    }
    assert_none("a member may not depend on another", &findings);
}

#[test]
fn the_rule_refuses_what_would_turn_the_layers_round() {
    let member = |name: &str, place: &str| Package {
        name: name.to_owned(),
        version: String::new(),
        licence: String::new(),
        place: Some(place.to_owned()),
        depends_on: Vec::new(),
    };
    let core = member("wingman-core", "core");
    let governance = member("wingman-governance", "governance");
    let redis = member("wingman-redis", "adapters/redis");
    let kafka = member("wingman-kafka", "adapters/kafka");
    let cli = member("wingman-cli", "cli");
    for (from, to) in [
        (&core, &governance),
        (&governance, &redis),
        (&redis, &kafka),
        (&redis, &governance),
        (&cli, &governance),
    ] {
        assert!(!may_depend_on(from, to), "{} on {}", from.name, to.name);
    }
    assert!(may_depend_on(&redis, &core));
}

#[test]
fn licences_are_accepted() {
    let allowed = allowed();
    let mut used = BTreeSet::new();
    let refused = |package: &&Package| !accepts(&package.licence, &allowed.licences, &mut used);
    let packages = packages();
    let findings: Vec<_> = packages
        .iter()
        .filter(refused)
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.licence))
        .collect();
    assert_none("dependencies.txt does not accept a licence", &findings);
    let unused: Vec<_> = allowed.licences.difference(&used).cloned().collect();
    assert_none("dependencies.txt accepts a licence that nothing needs", &unused);
}

#[test]
fn crates_come_in_one_version() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        versions.entry(package.name).or_default().push(package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let allowed = allowed().twice;
    let seen: BTreeSet<_> = versions.keys().cloned().collect();
    let surprising = seen.difference(&allowed);
    let findings: Vec<_> =
        surprising.map(|name| format!("{name} {}", versions[name].join(" "))).collect();
    assert_none("dependencies.txt does not allow a crate in several versions", &findings);
    let unused: Vec<_> = allowed.difference(&seen).cloned().collect();
    assert_none("dependencies.txt allows a crate twice that is there once", &unused);
}

fn place(package: &Package) -> &str {
    package.place.as_deref().unwrap_or_default()
}

fn allowed() -> Allowed {
    let path = root().join("integration-tests/dependencies.txt");
    Allowed::read(&std::fs::read_to_string(path).expect("dependencies.txt is committed"))
}

/// Everything that a build with all features on Linux contains.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--all-features"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .expect("cargo runs, as it ran this test");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {said}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let all = metadata["packages"].as_array().expect("metadata has packages");
    all.iter().map(package).collect()
}

fn package(package: &Value) -> Package {
    let text = |field: &str| package[field].as_str().unwrap_or_default().to_owned();
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    let manifest = text("manifest_path");
    let below = std::path::Path::new(&manifest).strip_prefix(root()).ok();
    let place = below.and_then(|path| path.parent()).map(|path| path.display().to_string());
    Package {
        name: text("name"),
        version: text("version"),
        licence: text("license"),
        place: place.filter(|_| package["source"].is_null()),
        depends_on: dependencies
            .filter_map(|dependency| dependency["name"].as_str())
            .map(str::to_owned)
            .collect(),
    }
}
