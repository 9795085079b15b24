//! `wingman contracts`: what lint says of the demo's own contracts and of broken ones, the schemas for
//! editors, and the contracts in other forms.

use serde_json::Value;

use crate::process::Place;

const FOLDER: &str = "demo/contracts";

fn lint(place: &Place, more: &[&str]) -> crate::process::Ended {
    place.run(&[&["contracts", "lint", FOLDER], more].concat())
}

fn kinds<'a>(report: &'a Value, of: &str) -> Vec<&'a str> {
    let list = report[of].as_array().unwrap();
    list.iter().map(|it| it["kind"].as_str().unwrap()).collect()
}

#[test]
fn the_demo_is_clean_and_strict_fails_on_a_warning() {
    let place = Place::with_demo();
    let clean = lint(&place, &["--strict", "--json"]).done().json();
    assert_eq!((kinds(&clean, "errors"), kinds(&clean, "warnings")), (vec![], vec![]));
    assert_eq!((&clean["events"], &clean["handlers"]), (&13.into(), &7.into()));
    // Its ends say that nobody consumes them; now they do not.
    place.edit(&format!("{FOLDER}/events.yaml"), "consumers: []\n", "");
    let report = lint(&place, &["--json"]).done().json();
    assert_eq!(kinds(&report, "errors"), [""; 0]);
    assert_eq!(kinds(&report, "warnings"), ["no_consumer"; 6]);
    let first = &report["warnings"][0];
    assert!(first["file"].as_str().unwrap().ends_with("events.yaml"), "{first}");
    assert!(first["line"].as_u64() > Some(1) && first["remedy"].is_string(), "{first}");
    lint(&place, &["--strict"]).refused(1, &[]);
    let out = lint(&place, &[]).done().out;
    assert!(out.contains("warning: ") && out.contains("errors 0 · warnings 6"), "{out}");
}

#[test]
fn a_handler_that_nothing_leads_to_is_an_error_with_its_line() {
    let place = Place::with_demo();
    let handlers = format!("{FOLDER}/handlers.yaml");
    place.edit(&handlers, "emits: [RequestValidated, RequestRejected]", "emits: [RequestRejected]");
    place.edit(&handlers, ", done: RequestValidated", ", done: RequestRejected");
    let text = place.read(&handlers);
    let line = text.lines().position(|it| it == "consumes: [RequestValidated]").unwrap() + 1;
    let at =
        format!("error: {FOLDER}/handlers.yaml:{line}: handler permission-boundary-filter never");
    lint(&place, &[]).refused(1, &[&at, "let a handler that runs emit what it consumes"]);
    let ended = lint(&place, &["--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let report = ended.json();
    // The rest of the loop hangs on it, up to the rollback.
    assert_eq!(
        kinds(&report, "errors"),
        [
            "no_producer",
            "unreachable",
            "unreachable",
            "unreachable",
            "unreachable",
            "unreachable",
            "unreachable"
        ]
    );
}

#[test]
fn what_cannot_be_loaded_is_told_in_the_same_shape() {
    let place = Place::with_demo();
    place.edit(&format!("{FOLDER}/handlers.yaml"), "mission: \"Turn", "mision: \"Turn");
    let ended = lint(&place, &["--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let report = ended.json();
    assert_eq!(kinds(&report, "errors"), ["unknown_field"]);
    assert_eq!(report["digest"], Value::Null);
}

#[test]
fn schemas_are_printed_or_written_for_editors() {
    let place = Place::new();
    let any = place.run(&["contracts", "schema"]).done().json();
    assert_eq!(any["$schema"], "https://json-schema.org/draft/2020-12/schema");
    place.run(&["contracts", "schema", "--out", "made/here"]).done();
    let read = |name: &str| -> Value {
        serde_json::from_str(&place.read(&format!("made/here/{name}.schema.json"))).unwrap()
    };
    assert_eq!(read("contracts"), any);
    for document in ["event", "handler"] {
        let one = place.run(&["contracts", "schema", document]).done().json();
        assert_eq!(one, read(document));
        assert_eq!(one["properties"], any["$defs"][document]["properties"]);
    }
    place
        .run(&["contracts", "schema", "--out", "made/here/event.schema.json"])
        .refused(1, &["made"]);
    place.run(&["contracts", "schema", "principal"]).refused(2, &["event", "handler"]);
}

/// What is exported is the same set: the demo runs by it, under the same digest.
#[test]
fn the_canonical_form_is_the_same_set() {
    let place = Place::with_demo();
    let before = lint(&place, &["--json"]).done().json();
    place.run(&["contracts", "export", FOLDER, "--out", "exported"]).done();
    let after = place.run(&["contracts", "lint", "exported", "--strict", "--json"]).done().json();
    assert_eq!(before["digest"], after["digest"]);
    assert!(place.exists("exported/schemas/UserRequestReceived.json"));
    let twice = place.run(&["contracts", "export", FOLDER, "--out", FOLDER]);
    twice.refused(2, &[".yaml is there", "name a new folder"]);
    let itself = place.run(&["contracts", "export", "exported", "--out", "exported/../exported"]);
    itself.refused(2, &["is what is exported", "name a new folder"]);
    place.run(&["contracts", "export", FOLDER, "--out", "exported"]).done();
    let printed = place.run(&["contracts", "export", FOLDER]).done();
    assert_eq!(printed.out, place.read("exported/contracts.yaml"));
    assert!(printed.err.contains("--out DIR"), "{printed:?}");
    place
        .run(&["contracts", "export", "nowhere"])
        .refused(1, &["nowhere", "the folder that holds"]);
}

#[test]
fn asyncapi_has_a_channel_for_each_type_and_an_operation_for_each_use() {
    let place = Place::with_demo();
    let asked = ["contracts", "export", FOLDER, "--format", "asyncapi"];
    let document = place.run(&asked).done().json();
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(document["channels"].as_object().unwrap().len(), 13);
    let operation = &document["operations"]["tool-executor.receive.ExecutionApproved"];
    assert_eq!(operation["action"], "receive");
    assert_eq!(document["x-wingman-handlers"]["tool-executor"]["requires_approval"], "/plan");
    place.run(&[&asked[..], &["--out", "asyncapi.json"]].concat()).done();
    let written: Value = serde_json::from_str(&place.read("asyncapi.json")).unwrap();
    assert_eq!(written, document);
    place.run(&[&asked[..], &["--out", "no/such/folder.json"]].concat()).refused(1, &["no/such"]);
}
