//! The form of a handler document.

use serde_json::{Value, json};

use super::event::failure_mode;
use super::shape::{
    digits, duration, list, name, names, number, object, pointer, some_names, text, texts, words,
};
use crate::contract::check::names::NAME_PATTERN;
use crate::contract::check::ordering::CHAIN_STEPS;
use crate::contract::handler::FANOUT_MAX;
use crate::contract::permit::Level;
use crate::contract::read::handler::{
    APPROVAL, CLASSES, FIELDS, FORMS, HALTS, INTERRUPT, LIMITS, PERFORMERS, REFUSAL, SCOPE,
};
use crate::contract::read::ordering::{
    CHAIN_RULE, DIGEST, KEY_NOT_YET, PRECEDENCE, PRECEDENCE_RULE, SEQUENCE, SEQUENCE_RULE,
};

pub(super) fn document() -> Value {
    let spends = "Makes it spend an approval: a JSON pointer to the plan in the consumed body.";
    object(
        &FIELDS,
        ["handler"],
        [
            ("handler", "The handler's name, which is also its group.", name()),
            ("consumes", "The event types it reacts to.", some_names()),
            ("emits", "The event types it may publish.", names()),
            ("scope", "Its mission and the bounds of it (P-01).", scope()),
            (
                "tools",
                "The tools it may call, each with the widest level it holds (P-02).",
                tools(),
            ),
            ("refusal", "Tells others of a refusal.", refusal()),
            ("ordering", "The rules that hold before it runs; all of them must.", list(rule())),
            ("approval", "Makes it ask a person (P-04).", approval()),
            ("requires_approval", spends, pointer()),
            ("consequence_class", "How grave its consequences are.", digits(&CLASSES)),
            ("limits", "The bounds of the cascade it may start.", limits()),
            ("performed_by", "Who or what does the work.", words(&PERFORMERS)),
            ("interrupt", "How it is stopped (P-03).", interrupt()),
            ("failure_mode", "A tighter failure mode than its events have.", failure_mode()),
            ("coherence", "What it says of each output that it gives (P-05).", words(&FORMS)),
        ],
    )
}

fn scope() -> Value {
    let may = "What it may do: tools, their actions, levels. Left out: its tools.";
    object(
        &SCOPE,
        [],
        [
            ("mission", "What it is for, in one to three sentences.", text()),
            ("allowed", may, texts()),
            ("disallowed", "What it may not do, whatever else is declared.", texts()),
            ("done", "The event type that completes the mission; the last of a run.", name()),
        ],
    )
}

fn tools() -> Value {
    json!({
        "type": "object",
        "propertyNames": { "pattern": NAME_PATTERN },
        "additionalProperties": { "enum": Level::ALL.map(Level::as_str) },
    })
}

fn refusal() -> Value {
    object(&REFUSAL, [], [("event", "The event type that does; one of emits.", name())])
}

fn approval() -> Value {
    object(
        &APPROVAL,
        [],
        [
            ("plan", "A JSON pointer to the plan in the consumed body.", pointer()),
            ("role", "The role of the person who may answer.", name()),
            ("within", "How long an answer is waited for.", duration()),
        ],
    )
}

fn limits() -> Value {
    let depth = "How many executions may lie between the first event of a tree and this one.";
    object(
        &LIMITS,
        [],
        [
            ("depth", depth, number(1, u32::MAX)),
            ("fanout", "How many events one execution may emit.", number(0, FANOUT_MAX)),
            ("runtime", "How long one execution may run.", duration()),
        ],
    )
}

fn interrupt() -> Value {
    object(&INTERRUPT, [], [("halt", "What a halt does.", words(&HALTS))])
}

/// Each rule is a map whose first word is its kind.
fn rule() -> Value {
    let sequence = object(&SEQUENCE, [], [("key", "What has a sequence of its own.", key())]);
    let precedence = object(
        &PRECEDENCE,
        [],
        [
            ("after", "The type that comes first.", name()),
            ("key", "What the two events have in common.", key()),
        ],
    );
    let counted = "The sequence of a key's events ascends by one; a gap waits.";
    let waits = "Waits until an event of another type has finished for the same key.";
    json!({ "anyOf": [
        object(&SEQUENCE_RULE, [], [("sequence", counted, sequence)]),
        object(&PRECEDENCE_RULE, [], [("precedence", waits, precedence)]),
        chain(),
    ] })
}

fn chain() -> Value {
    let steps = json!({
        "type": "array",
        "items": name(),
        "uniqueItems": true,
        "minItems": CHAIN_STEPS.start(),
        "maxItems": CHAIN_STEPS.end(),
    });
    let digest = object(
        &DIGEST,
        [],
        [
            ("from", "The body field that names what the step worked on.", name()),
            ("out", "The body field that names what the step produced.", name()),
        ],
    );
    object(
        &CHAIN_RULE,
        [],
        [
            ("chain", "The types that the lineage ends in; the last one is consumed.", steps),
            ("key", "What all steps have in common.", key()),
            ("digest", "How each step names the bytes that its predecessor produced.", digest),
        ],
    )
}

fn key() -> Value {
    let mut key = name();
    key["not"] = json!({ "const": KEY_NOT_YET });
    let about = format!("correlation, or a field of the body; {KEY_NOT_YET} is not enforced yet.");
    key["description"] = json!(about);
    key
}
