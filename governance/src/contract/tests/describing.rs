//! The JSON Schema of contract files and the loader say the same: held together by every text that the
//! other tests give to the loader, and by thousands of changed ones.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::as_editors_see::documents;
use super::{SAMPLE, sample};
use crate::contract::{ContractErrorKind, Contracts, DocumentKind};

/// What both say of a text.
#[derive(Debug, PartialEq, Eq)]
enum Verdicts {
    /// Not comparable: JSON has no words for it, or what is wrong lies between documents.
    Apart,
    /// Both accept it.
    Accepted,
    /// Both reject it.
    Rejected,
}

fn validator() -> Validator {
    jsonschema::validator_for(&DocumentKind::Any.schema()).unwrap()
}

/// What the schema has against a text.
fn objections(validator: &Validator, documents: &[Value]) -> Vec<String> {
    documents
        .iter()
        .flat_map(|document| validator.iter_errors(document).map(|error| error.to_string()))
        .collect()
}

/// Compares loader and schema; a text that only one of them accepts fails the test.
#[track_caller]
fn compare(validator: &Validator, text: &str) -> Verdicts {
    let builder = Contracts::builder().yaml("e.yaml", text);
    let reading: Vec<_> = builder.errors.clone();
    let outside = |kind| match kind {
        ContractErrorKind::Syntax | ContractErrorKind::Unreadable => true,
        ContractErrorKind::UnknownField
        | ContractErrorKind::NotEnforcedYet
        | ContractErrorKind::Missing
        | ContractErrorKind::Invalid
        | ContractErrorKind::Duplicate
        | ContractErrorKind::UnknownReference
        | ContractErrorKind::Contradiction => false,
    };
    // What only the loader knows: schemas, which a text without a folder cannot name, points of the
    // curve, durations beyond the longest, and what YAML itself takes for the number 0.
    let by_value = |what: &str| {
        let only = ["in no folder", "is not an Ed25519", "is \"721h\"", "is \"-0\""];
        only.iter().any(|it| what.contains(it))
    };
    let structural: Vec<_> =
        reading.iter().filter(|it| !outside(it.kind) && !by_value(&it.what)).collect();
    let built = builder.build();
    let Some(documents) = documents(text) else {
        assert!(built.is_err(), "no JSON, and the loader takes it:\n{text}");
        return Verdicts::Apart;
    };
    let objections = objections(validator, &documents);
    match (built, structural.is_empty()) {
        (Ok(_), _) => {
            assert_eq!(objections, [""; 0], "the loader accepts this:\n{text}");
            Verdicts::Accepted
        }
        (Err(errors), false) => {
            assert!(!objections.is_empty(), "the schema accepts this: {errors}\n{text}");
            Verdicts::Rejected
        }
        (Err(_), true) => Verdicts::Apart,
    }
}

/// For every text that a test expects to be refused.
#[track_caller]
pub(super) fn compare_refused(text: &str) {
    assert_ne!(compare(&validator(), text), Verdicts::Accepted);
}

#[test]
fn the_sample_and_the_scenarios_pass_both() {
    let validator = validator();
    assert_eq!(compare(&validator, SAMPLE), Verdicts::Accepted);
    assert_eq!(compare(&validator, &sample().to_yaml()), Verdicts::Accepted);
    for text in [
        include_str!("../../../../hub/scenarios/src/agent_loop/contracts/events.yaml"),
        include_str!("../../../../hub/scenarios/src/agent_loop/contracts/handlers.yaml"),
        include_str!("../../../../hub/scenarios/src/publishing/contracts/events.yaml"),
        include_str!("../../../../hub/scenarios/src/publishing/contracts/handlers.yaml"),
    ] {
        let documents = documents(text).unwrap();
        assert!(documents.len() > 3);
        assert_eq!(objections(&validator, &documents), [""; 0]);
        for document in documents {
            let kind = if document.get("event").is_some() {
                DocumentKind::Event
            } else {
                DocumentKind::Handler
            };
            assert!(jsonschema::is_valid(&kind.schema(), &document), "{document}");
        }
    }
}

/// Whatever single character of the sample is changed, both say the same.
#[test]
fn loader_and_schema_agree_on_thousands_of_changed_texts() {
    let validator = validator();
    let (mut accepted, mut rejected) = (0, 0);
    for at in (0..SAMPLE.len()).step_by(5) {
        for letter in ["", "x", ":", "[", "\"", "-", "5", "é", "~"] {
            let text = format!("{}{letter}{}", &SAMPLE[..at], &SAMPLE[at + 1..]);
            match compare(&validator, &text) {
                Verdicts::Accepted => accepted += 1,
                Verdicts::Rejected => rejected += 1,
                Verdicts::Apart => {}
            }
        }
    }
    assert!(accepted > 300 && rejected > 300, "{accepted} accepted, {rejected} rejected");
}

/// Every place of a document that has a form, with the path to it.
fn shapes<'a>(at: &'a Value, path: &str, to: &mut Vec<(String, &'a Value)>) {
    let Some(properties) = at["properties"].as_object() else {
        ["items", "else", "then"].iter().for_each(|it| {
            if at.get(it).is_some() {
                shapes(&at[*it], path, to);
            }
        });
        at["anyOf"].as_array().into_iter().flatten().for_each(|it| shapes(it, path, to));
        return;
    };
    for (name, shape) in properties {
        let path = format!("{path}.{name}");
        to.push((path.clone(), shape));
        shapes(shape, &path, to);
    }
}

fn all_shapes(schema: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for kind in ["event", "handler", "principals"] {
        shapes(&schema["$defs"][kind], kind, &mut found);
    }
    found
}

#[test]
fn every_field_says_what_it_is_and_holds_something_definite() {
    let schema = DocumentKind::Any.schema();
    let found = all_shapes(&schema);
    assert!(found.len() > 60, "{}", found.len());
    for (path, shape) in found {
        let about = shape["description"].as_str().unwrap_or_default();
        assert!(about.ends_with('.') && !about.starts_with([' ', '.']), "{path}: {about:?}");
        let definite = ["type", "enum", "const", "anyOf", "not"];
        assert!(definite.iter().any(|it| shape.get(it).is_some()), "{path}: {shape}");
    }
}

/// What the design names and this version does not enforce is in the schema, and rejected with the
/// reason: fields by themselves, words in the description of their field.
#[test]
fn what_is_not_enforced_yet_is_rejected_and_says_why() {
    let schema = DocumentKind::Any.schema();
    let never: Vec<_> =
        all_shapes(&schema).into_iter().filter(|(_, shape)| shape["not"] == json!({})).collect();
    let has = |path: &str| never.iter().any(|(found, _)| found == path);
    for path in [
        "event.exactly_once",
        "event.rollback.within",
        "handler.undo",
        "handler.limits.rate",
        "handler.scope.systems",
        "handler.interrupt.auto",
        "handler.ordering.mutex",
        "handler.ordering.sequence.on_gap",
        "principals.principals.expires",
    ] {
        assert!(has(path), "{path} is not among {never:?}");
    }
    for (path, shape) in &never {
        let name = path.rsplit('.').next().unwrap();
        let why = format!("{name} is not enforced yet, so this version rejects it: remove it.");
        assert_eq!(shape["description"], json!(why), "{path}");
    }
    let said = |pointer: &str| schema.pointer(pointer).unwrap()["description"].to_string();
    for (pointer, words) in [
        ("/$defs/event/properties/compatibility", "backward, forward, full"),
        ("/$defs/event/properties/failure_mode/properties/key", "hold"),
        ("/$defs/event/properties/rollback/properties/kind", "retriable, pivot"),
        ("/$defs/handler/properties/performed_by", "human, model, hybrid"),
        ("/$defs/handler/properties/consequence_class", "3, 4"),
    ] {
        let said = said(pointer);
        assert!(said.contains("ot enforced yet") && said.contains(words), "{pointer}: {said}");
    }
}

/// Each word and field that is not enforced yet, in a document of its own, is refused by both; and a
/// field that the loader knows is none that the schema does not.
#[test]
fn a_field_is_known_to_both_or_to_none() {
    let schema = DocumentKind::Any.schema();
    let validator = validator();
    let wrong = "{ a: { b: [] } }";
    for (kind, start) in [
        ("event", "event: A\nversion: 1\nproducer: external\n"),
        ("handler", "handler: h\nconsumes: [A]\n"),
    ] {
        let fields = schema["$defs"][kind]["properties"].as_object().unwrap();
        for field in fields.keys().filter(|field| !start.contains(&format!("{field}:"))) {
            let text = format!("{start}{field}: {wrong}\n");
            let errors = Contracts::builder().yaml("e.yaml", &text).errors;
            let unknown = |it: &crate::contract::ContractError| {
                it.kind == ContractErrorKind::UnknownField
                    && it.what.ends_with(&format!("{field:?}"))
            };
            assert!(!errors.iter().any(unknown), "{text}: {errors:?}");
            assert_eq!(compare(&validator, &text), Verdicts::Rejected, "{text}");
        }
        let text = format!("{start}colour: red\n");
        assert_eq!(compare(&validator, &text), Verdicts::Rejected);
    }
}
