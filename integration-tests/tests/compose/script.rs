//! What `brokers.sh` says of itself.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("this crate is one level below the root").to_path_buf()
}

/// A command that is not told which ports whoever runs the tests has chosen.
pub(crate) fn without_settings(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.ends_with("_PORT") || name.starts_with("BROKERS_") || name == "REDIS_FSYNC" {
            command.env_remove(name);
        }
    }
    command
}

/// The script, told nothing of that either.
pub(crate) fn brokers() -> Command {
    without_settings(root().join("integration-tests/brokers.sh"))
}

/// The port of each node, by its name, with these variables set.
pub(crate) fn urls(variables: &[(&str, &str)]) -> BTreeMap<String, u16> {
    let mut ports = BTreeMap::new();
    for names in [&[][..], &["valkey", "elasticmq", "pubsub-emulator", "postgres", "kafka3"]] {
        let output = brokers().envs(variables.iter().copied()).arg("urls").args(names).output();
        let output = output.expect("the script runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for line in String::from_utf8(output.stdout).expect("text").lines() {
            let (name, url) = line.split_once(' ').expect("NAME URL");
            let found: Vec<_> = url.split("127.0.0.1:").skip(1).map(port).collect();
            match found[..] {
                [one] => drop(ports.insert(name.to_owned(), one)),
                _ => ports.extend((1..).map(|node| format!("{name}-{node}")).zip(found)),
            }
        }
    }
    ports
}

/// What a function of the script's files prints.
pub(crate) fn settings(function: &str) -> String {
    let here = root().join("integration-tests");
    let sourced = format!(
        "here=$1; BROKERS_HOME=/nowhere; for f in kafka kafka3 elasticmq; do source $here/brokers/$f.sh; done; {function}"
    );
    let output = without_settings("bash").args(["-euc", &sourced, "bash"]).arg(here).output();
    let output = output.expect("bash runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The digits that a text begins with.
fn port(text: &str) -> u16 {
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().expect("a port")
}
