//! `wingman contracts propose`: what a run in observe did becomes contracts by which the same run in
//! enforce is refused nothing of it, and what was never seen is.

use serde_json::Value;

use crate::process::{LEDGER, Place, outcomes};

const FOLDER: &str = "demo/contracts";
const HANDLERS: &str = "demo/contracts/handlers.yaml";

fn demo(place: &Place, more: &[&str]) -> Value {
    place.run(&[&["demo", "--out", "demo", "--json"], more].concat()).done().json()
}

/// A run of the publishing workflow in a folder of its own, by the contracts of the first one.
fn publishing(place: &Place, out: &str, more: &[&str]) -> Value {
    let asked = ["demo", "--scenario", "publishing", "--contracts", FOLDER, "--json", "--out", out];
    place.run(&[&asked[..], more].concat()).done().json()
}

/// Puts a proposal of all handlers in the place of the files that it was made from.
fn propose_all(place: &Place, ledger: &str) -> Value {
    let asked = ["contracts", "propose", "--json", "--out", "proposed.yaml", "--ledger", ledger];
    let report = place.run(&[&asked[..], &["--contracts", FOLDER]].concat()).done().json();
    assert_eq!(report["yaml"], place.read("proposed.yaml"));
    let nothing = "# Its contracts are in proposed.yaml.\n";
    for file in ["events.yaml", "handlers.yaml"] {
        std::fs::write(place.path(&format!("{FOLDER}/{file}")), nothing).unwrap();
    }
    std::fs::copy(place.path("proposed.yaml"), place.path(&format!("{FOLDER}/proposed.yaml")))
        .unwrap();
    let lint = place.run(&["contracts", "lint", FOLDER, "--strict"]).done();
    assert!(lint.out.ends_with("nothing to say\n"), "{lint:?}");
    report
}

/// Requests and what they would have met, from a report of the demo.
fn would_refuse(report: &Value) -> Vec<u64> {
    let requests = report["requests"].as_array().unwrap();
    requests.iter().map(|it| it["would_refuse"].as_u64().unwrap()).collect()
}

#[test]
fn the_agent_loop_observed_with_contracts_that_forgot_is_enforced_by_what_it_did() {
    let place = Place::new();
    // Once as it should be, so that handlers are seen to refuse, too.
    let first = demo(&place, &[]);
    assert_eq!(
        outcomes(&first),
        ["completed", "rejected", "denied", "blocked", "rolled_back"],
        "{first}"
    );
    // The executor's tools, what F emits and G's only tool were forgotten.
    let tools =
        "tools: { fs.create: write, fs.write: write, fs.remove: write, notify.send: write }";
    place.edit(HANDLERS, tools, "tools: {}");
    place.edit(HANDLERS, "emits: [ExecutionRecorded]\n", "");
    place.edit(HANDLERS, ", done: ExecutionRecorded }", " }");
    place.edit(HANDLERS, "tools: { wingman.rollback: admin }", "tools: {}");
    let observed = demo(&place, &["--mode", "observe"]);
    let ends = ["completed", "rolled_back", "completed", "blocked", "rolled_back"];
    assert_eq!(outcomes(&observed), ends, "{observed}");
    assert!(would_refuse(&observed)[0] > 0, "{observed}");

    let report = propose_all(&place, LEDGER);
    let executor = &report["handlers"]["tool-executor"]["seen"];
    assert_eq!(executor["tools"]["fs.remove"]["level"], "delete");
    assert_eq!(executor["tools"]["fs.create"]["undo"][0], "compensatable");
    let text = report["yaml"].as_str().unwrap();
    for part in [
        "  \"fs.remove\": delete # 1 call, stamp ",
        "  \"wingman.rollback\": admin # ",
        "  - \"ExecutionRecorded\" # ",
        "# noted: P-01 about email.send, ",
        "# without tools email.send: the process that called it did not have it",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }

    // Enforced, nothing of that is refused but the tool that does not exist.
    let enforced = demo(&place, &[]);
    assert_eq!(
        outcomes(&enforced),
        ["completed", "rejected", "completed", "blocked", "rolled_back"],
        "{enforced}"
    );
    // And a level or tool that was never used is: the only use of fs.remove taken away again.
    place.edit(&format!("{FOLDER}/proposed.yaml"), "\"fs.remove\": delete", "\"fs.remove\": write");
    assert_eq!(outcomes(&demo(&place, &[]))[2], "denied");
}

#[test]
fn the_publishing_workflow_is_enforced_by_what_one_observed_run_did() {
    let place = Place::new();
    let first = demo(&place, &["--scenario", "publishing"]);
    let ends = ["completed", "completed", "partial", "refused"];
    assert_eq!(outcomes(&first), ends, "{first}");
    // Two handlers' tools are forgotten, another handler may do far more than it does.
    place.edit(HANDLERS, "tools: { index.add: write }", "tools: {}");
    place.edit(
        HANDLERS,
        "tools: { feed.add: write }",
        "tools: { feed.add: admin, index.add: write }",
    );
    place.edit(HANDLERS, "tools: { site.publish: write }\n", "");
    let observed = publishing(&place, "observed", &["--mode", "observe"]);
    // In observe the draft that nobody verified is published.
    assert_eq!(outcomes(&observed)[3], "completed", "{observed}");
    let report = propose_all(&place, "sqlite://observed/ledger.db");
    let text = report["yaml"].as_str().unwrap();
    for part in [
        "# noted: order about PublishPackageReady, 1 time, stamp ",
        "; nothing here changes that\n",
        "# without tools index.add: write, which was never called\n",
        "# without tools feed.add: admin, which was called at write at most\n",
        "  \"index.add\": write # ",
        "  - \"ReleaseRefused\" # as declared: nothing was refused\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    // The chain is no grant: it is as it was, and so is what it refuses.
    assert_eq!(outcomes(&publishing(&place, "enforced", &[])), ends);
}

#[test]
fn one_handler_is_proposed_alone() {
    let place = Place::with_demo();
    let asked = ["contracts", "propose", "--ledger", LEDGER, "--handler", "audit-stamp-recorder"];
    let ended = place.run(&asked).done();
    assert_eq!(ended.out.matches("\nhandler: ").count(), 1, "{ended:?}");
    assert!(ended.out.contains("\nhandler: \"audit-stamp-recorder\"\nconsumes:\n"), "{ended:?}");
    assert!(ended.out.contains("tools: {} # none was called\n"), "{ended:?}");
    let missing = ["contracts", "propose", "--ledger", LEDGER, "--handler", "nobody"];
    place.run(&missing).refused(1, &["no run of handler nobody", "help: it saw audit-stamp-"]);
}

#[test]
fn without_a_ledger_runs_or_contracts_there_is_nothing_to_propose() {
    let place = Place::with_demo();
    let asked = ["contracts", "propose", "--ledger"];
    place.run(&[&asked[..], &["sqlite://nowhere.db"]].concat()).refused(1, &["nowhere.db"]);
    let elsewhere = [&asked[..], &[LEDGER, "--contracts", "nowhere"]].concat();
    place.run(&elsewhere).refused(1, &["nowhere", "the folder that holds the contracts"]);
}
