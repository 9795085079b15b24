//! The form of an event document.

use serde_json::{Value, json};

use super::shape::{durations, name, names, number, object, path, text, words};
use crate::contract::read::event::{ARTIFACT, COMPATIBILITIES, FIELDS, PRIMITIVES};
use crate::contract::read::failure::{ENDS, FAILURE_MODE, KEYS, KINDS, ROLLBACK};

pub(super) fn document() -> Value {
    let consumers = "Who may consume it: declared (any handler whose contract says so; the \
                     default), or a closed list of handlers.";
    object(
        &FIELDS,
        ["event"],
        [
            ("event", "The event's type, which is also its topic.", name()),
            ("version", "The version of its body, from 1.", number(1, u32::MAX)),
            ("purpose", "What its happening means.", text()),
            (
                "producer",
                "Who may publish it: external (programs outside the ledger), or a list of handlers.",
                producer(),
            ),
            ("consumers", consumers, json!({ "anyOf": [{ "const": "declared" }, names()] })),
            ("input_schema", "The JSON Schema that its body must satisfy.", path()),
            (
                "output_schema",
                "What its consumers may give out: declared, which is the schemas of what they emit. \
                 A list is not enforced yet.",
                json!({ "const": "declared" }),
            ),
            ("must_use", "The primitives whose declarations each consumer must have.", must_use()),
            ("failure_mode", "What a failing execution leads to.", failure_mode()),
            ("rollback", "What its handlers promise about undoing what they do.", rollback()),
            (
                "audit_artifact",
                "The document that each execution hands in when it finishes (P-05).",
                artifact(),
            ),
            (
                "compatibility",
                "How its next version must relate to this one.",
                words(&COMPATIBILITIES),
            ),
        ],
    )
}

/// `external` is no handler's name where handlers are listed.
fn producer() -> Value {
    let mut handler = name();
    handler["not"] = json!({ "const": "external" });
    let handlers = json!({ "type": "array", "items": handler, "uniqueItems": true, "minItems": 1 });
    json!({ "anyOf": [{ "const": "external" }, handlers] })
}

fn must_use() -> Value {
    let known = PRIMITIVES.map(|(word, _)| word);
    json!({ "type": "array", "items": { "enum": known }, "uniqueItems": true })
}

/// Events and handlers have one.
pub(super) fn failure_mode() -> Value {
    object(
        &FAILURE_MODE,
        [],
        [
            ("retry", "The delay before each further attempt; [] for none.", durations()),
            ("then", "What follows the last attempt.", words(&ENDS)),
            ("key", "What a dead letter means for later events of its key.", words(&KEYS)),
        ],
    )
}

fn rollback() -> Value {
    let about = "Whether it can be undone: all of it (compensatable), or not all (irreversible).";
    object(&ROLLBACK, [], [("kind", about, words(&KINDS))])
}

fn artifact() -> Value {
    object(
        &ARTIFACT,
        [],
        [
            ("name", "What it is called; stamps name it.", name()),
            ("schema", "The JSON Schema that it must satisfy.", path()),
        ],
    )
}
