//! What is said about arguments that cannot be used: what was wrong, and what to do.

use crate::process::Place;

#[test]
fn brokers_that_cannot_be_used_are_refused_and_leave_nothing_behind() {
    let place = Place::new();
    for (url, parts) in [
        ("foo://host", ["unknown scheme", "memory://", "foo"]),
        ("localhost", ["not a URL of a broker", "memory://", "kafka://"]),
        ("rabbitmq://host", ["unknown scheme", "amqp://", "rabbitmq"]),
        ("pubsubs://host", ["did you mean pubsub://?", "sns-sqs://", "pubsubs"]),
    ] {
        place.run(&["demo", "--broker", url, "--out", "demo"]).refused(2, &parts);
    }
    assert!(!place.exists("demo"));
}

#[cfg(not(feature = "redis"))]
#[test]
fn a_feature_that_is_off_is_named_and_the_password_is_not() {
    let place = Place::new();
    let url = "redis://user:secret@127.0.0.1:6379";
    let ended = place.run(&["demo", "--broker", url]).refused(2, &["--features redis"]);
    assert!(!ended.err.contains("secret"), "{ended:?}");
}

#[test]
fn a_broker_inside_another_process_cannot_be_reached() {
    let place = Place::new();
    let memory = ["--broker", "memory://", "--topic", "T"];
    for command in [&["publish", "--data", "{}"][..], &["consume", "--group", "g"]] {
        let parts = ["memory:// lives in one process", "redis://"];
        place.run(&[command, &memory].concat()).refused(2, &parts);
    }
}

#[test]
fn what_is_to_be_published_is_checked_before_the_broker_is_looked_for() {
    let place = Place::new();
    let publish = ["publish", "--broker", "redis://127.0.0.1:1", "--topic", "T"];
    let run = |more: &[&str]| place.run(&[&publish, more].concat());
    run(&["--data", "{nope"]).refused(2, &["--data is not JSON"]);
    run(&[]).refused(2, &["nothing to publish", "--file NDJSON"]);
    run(&["--file", "missing.ndjson"]).refused(1, &["missing.ndjson"]);
    run(&["stray"]).refused(2, &["unexpected argument \"stray\"", "- for standard input"]);
    run(&["--data", "{}", "--file", "x"]).refused(2, &["cannot be used with"]);
    run(&["--data", "{}", "--type", ""]).refused(2, &["type"]);
}

#[test]
fn mistyped_words_get_the_right_one() {
    let place = Place::new();
    for (command, right) in [
        (&["demmo"][..], "demo"),
        (&["demo", "--brokr", "memory://"], "--broker"),
        (&["demo", "--scenario", "agentloop"], "agent-loop"),
        (&["trace", "x", "--ledger", "x", "--format", "mermiad"], "mermaid"),
    ] {
        place.run(command).refused(2, &[right]);
    }
}

#[test]
fn every_command_explains_itself_by_examples() {
    let place = Place::new();
    for command in [
        "demo",
        "publish",
        "consume",
        "audit",
        "trace",
        "rollback",
        "halt",
        "resume",
        "approvals",
        "contracts",
    ] {
        let help = place.run(&[command, "--help"]).done().out;
        assert!(help.contains(&format!("  wingman {command}")), "{help}");
    }
}

#[test]
fn lint_counts_what_is_good_and_names_what_is_not() {
    let place = Place::with_demo();
    let good = place.run(&["contracts", "lint", "demo/contracts"]).done();
    assert!(good.out.contains("13 event types, 7 handlers: nothing to say"), "{good:?}");
    let json = place.run(&["contracts", "lint", "demo/contracts", "--json"]).done().json();
    assert_eq!((&json["events"], &json["handlers"]), (&13.into(), &7.into()));
    place.edit("demo/contracts/handlers.yaml", "fs.remove: write", "fs.remove: wirte");
    let bad = place.run(&["contracts", "lint", "demo/contracts"]);
    bad.refused(1, &["handlers.yaml:", "wirte"]);
    place.run(&["contracts", "lint", "nowhere"]).refused(1, &["nowhere", "give the folder"]);
}
