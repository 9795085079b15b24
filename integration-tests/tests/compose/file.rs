//! The file as the parser reads it, compared with what `brokers.sh` says natively.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

use crate::script;

/// What `brokers.sh` calls each port, by its service; of a cluster's nodes the first.
const PORTS: [(&str, &str); 10] = [
    ("elasticmq", "ELASTICMQ_PORT"),
    ("kafka", "KAFKA_PORT"),
    ("kafka3-1", "KAFKA3_PORT"),
    ("postgres", "POSTGRES_PORT"),
    ("pubsub", "PUBSUB_PORT"),
    ("pubsub-emulator", "PUBSUB_EMULATOR_PORT"),
    ("rabbitmq", "RABBITMQ_PORT"),
    ("redis", "REDIS_PORT"),
    ("sns-sqs", "SNS_SQS_PORT"),
    ("valkey", "VALKEY_PORT"),
];

/// Where the settings must differ: in a container a broker listens on every address.
const OF_THE_CONTAINER: [&str; 4] =
    ["advertised.listeners", "controller.quorum.bootstrap.servers", "listeners", "log.dirs"];

#[test]
fn its_services_have_the_ports_of_the_script() {
    let file = parsed(&[]);
    assert_eq!(differences(&file, &script::urls(&[])), Vec::<String>::new());
}

#[test]
fn it_follows_the_scripts_variables() {
    let moved: Vec<_> = PORTS
        .iter()
        .enumerate()
        .map(|(at, (_, name))| (*name, (40_000 + 10 * at).to_string()))
        .collect();
    let moved: Vec<_> = moved.iter().map(|(name, port)| (*name, port.as_str())).collect();
    let file = parsed(&moved);
    assert_eq!(differences(&file, &script::urls(&moved)), Vec::<String>::new());
    let ports: BTreeSet<_> =
        services(&file).values().flat_map(|service| published(service)).collect();
    for (name, port) in moved {
        assert!(ports.contains(&port.parse().expect("a port")), "{name} moves nothing: {ports:?}");
    }
}

#[test]
fn another_port_and_a_missing_service_are_found() {
    let mut file = parsed(&[]);
    file["services"]["redis"]["ports"][0]["published"] = Value::from("16380");
    file["services"].as_object_mut().expect("an object").remove("kafka");
    let found = differences(&file, &script::urls(&[]));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("kafka: no such service"), "{found:?}");
    assert!(found[1].starts_with("redis: 16379"), "{found:?}");
}

#[test]
fn nobody_outside_this_machine_reaches_a_service() {
    for (name, service) in services(&parsed(&[])) {
        let ports = service["ports"].as_array().expect("ports");
        assert!(!ports.is_empty(), "{name} publishes no port");
        for port in ports {
            assert_eq!(port["host_ip"], "127.0.0.1", "{name}: {port}");
        }
    }
}

#[test]
fn every_service_names_its_version_and_says_when_it_is_ready() {
    for (name, service) in services(&parsed(&[])) {
        let image = service["image"].as_str().expect("an image");
        let version = image.rsplit_once(':').map(|(_, version)| version).unwrap_or_default();
        assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{name}: {image}");
        assert!(
            service["healthcheck"]["test"].as_array().is_some_and(|test| test.len() > 1),
            "{name}"
        );
    }
}

#[test]
fn kafka_has_the_settings_of_the_script() {
    let file = parsed(&[]);
    let content = file["configs"]["kafka"]["content"].as_str().expect("content");
    assert_eq!(settings(content), settings(&script::settings("kafka_settings data")));
    let three = script::settings("kafka3_settings 1 data");
    for node in ["kafka3-1", "kafka3-2", "kafka3-3"] {
        let environment = &file["services"][node]["environment"];
        for (key, value) in settings(&three) {
            let variable = format!("KAFKA_{}", key.to_uppercase().replace('.', "_"));
            if ["node.id", "controller.quorum.voters", "listener.security.protocol.map"]
                .contains(&key)
            {
                assert!(environment[&variable].is_string(), "{node} has no {variable}");
                continue;
            }
            assert_eq!(environment[&variable], value, "{node}: {variable}");
        }
    }
}

#[test]
fn elasticmq_has_the_settings_of_the_script() {
    let file = parsed(&[]);
    let content = file["configs"]["elasticmq"]["content"].as_str().expect("content");
    // In a container it listens on every address.
    let within = content.replace("bind-hostname = \"0.0.0.0\"", "bind-hostname = \"127.0.0.1\"");
    assert_ne!(within, content);
    assert_eq!(within.trim(), script::settings("elasticmq_settings").trim());
}

#[test]
fn a_file_that_is_not_compose_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = folder.path().join("broken.yml");
    std::fs::write(&broken, "services:\n  redis:\n    image: redis\n    prots: []\n")
        .expect("a file");
    let output = parser(&broken, &[]);
    assert!(!output.status.success(), "it was taken");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("prots"), "{said}");
}

/// What of the file is otherwise than these ports of the script, a line each.
fn differences(file: &Value, urls: &BTreeMap<String, u16>) -> Vec<String> {
    let services = services(file);
    let mut found = Vec::new();
    for (name, port) in urls {
        match services.get(name.as_str()).map(|service| published(service)) {
            None => found.push(format!("{name}: no such service in the file")),
            Some(ports) if ports.contains(port) => {}
            Some(ports) => {
                found.push(format!("{name}: {port} in the script, {ports:?} in the file"))
            }
        }
    }
    let unknown = services.keys().filter(|name| !urls.contains_key(**name));
    found.extend(unknown.map(|name| format!("{name}: the script does not know it")));
    found
}

fn services(file: &Value) -> BTreeMap<&str, &Value> {
    let services = file["services"].as_object().expect("services");
    services.iter().map(|(name, service)| (name.as_str(), service)).collect()
}

fn published(service: &Value) -> Vec<u16> {
    let ports = service["ports"].as_array().into_iter().flatten();
    ports.filter_map(|port| port["published"].as_str()?.parse().ok()).collect()
}

/// The lines of a Java properties file, but for what a container has otherwise.
fn settings(text: &str) -> BTreeMap<&str, &str> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.filter(|(key, _)| !OF_THE_CONTAINER.contains(key)).collect()
}

/// The project's file with these variables, as the parser has it.
fn parsed(variables: &[(&str, &str)]) -> Value {
    let output = parser(&script::root().join("docker-compose.yml"), variables);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the parser refuses docker-compose.yml: {said}");
    serde_json::from_slice(&output.stdout).expect("the parser prints JSON")
}

fn parser(file: &Path, variables: &[(&str, &str)]) -> Output {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let program = BUILT.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compose");
        let built = Command::new("go")
            .args(["build", "-buildvcs=false", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(script::root().join("integration-tests/compose"))
            .output()
            .expect("Go is there: install Go 1.25 or newer");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        program
    });
    let mut command = script::without_settings(program);
    // The first of a cluster's ports tells the others, as the script reckons them.
    for (name, value) in variables {
        command.env(name, value);
        let port: u16 = value.parse().expect("a port");
        match *name {
            "KAFKA_PORT" => {
                command.env("KAFKA_ASKS_PORT", (port + 2).to_string());
            }
            "KAFKA3_PORT" => {
                command.env("KAFKA3_PORT_2", (port + 1).to_string());
                command.env("KAFKA3_PORT_3", (port + 2).to_string());
            }
            _ => {}
        }
    }
    command.arg(file).output().expect("the parser runs")
}
