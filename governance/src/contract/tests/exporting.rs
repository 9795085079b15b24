//! Sets written in other forms: YAML that reads back as the same set, and AsyncAPI that its own schema
//! accepts and whose references lead somewhere.

use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::loading::Folder;
use super::sample;
use crate::contract::{
    CoherenceForm, Contracts, EventContract, Halt, HandlerContract, Level, OrderingRule,
    RollbackKind,
};

/// The contracts of the scenarios, of the other tests, and some declared in code.
fn sets() -> Vec<Contracts> {
    let scenario = |name: &str| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hub/scenarios/src");
        Contracts::load(source.join(name).join("contracts")).unwrap()
    };
    vec![scenario("agent_loop"), scenario("publishing"), sample(), in_code()]
}

/// As a program declares it, with schemas that refer to parts of themselves.
fn in_code() -> Contracts {
    let order = json!({
        "type": "object",
        "required": ["lines"],
        "properties": {
            "lines": { "type": "array", "items": { "$ref": "#/$defs/line" } },
            "part_of": { "$ref": "#" },
            "$ref": { "const": { "$ref": "#/nowhere" } },
        },
        "$defs": { "line": { "type": "integer", "minimum": 1 } },
    });
    let receipt = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": { "paid": { "type": "boolean" } },
        "properties": { "paid": { "$ref": "#/definitions/paid" } },
    });
    let ship = HandlerContract::new("ship")
        .consumes("Order.Placed")
        .emits("Shipped")
        .mission("Bring orders \"on their way\"\n")
        .done("Shipped")
        .tool("dhl.book", Level::Write)
        .disallow("admin")
        .ordering(OrderingRule::Sequence { key: "correlation".into() })
        .interrupt(Halt::Drain)
        .coherence(CoherenceForm::Fast);
    let placed = EventContract::new("Order.Placed", 2)
        .purpose("Somebody ordered")
        .external()
        .rollback(RollbackKind::Compensatable)
        .input_schema(order)
        .audit_artifact("receipt", receipt.clone());
    Contracts::builder()
        .event(placed)
        .event(EventContract::new("Shipped", 1).producer("ship").input_schema(receipt))
        .handler(ship)
        .build()
        .unwrap()
}

fn asyncapi() -> Validator {
    let schema = include_str!("asyncapi-3.0.0.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

/// Every reference of a document, by value; those that only look like one are under `const`.
fn references<'a>(at: &'a Value, to: &mut Vec<&'a str>) {
    match at {
        Value::Object(members) => members.iter().for_each(|(name, value)| match value.as_str() {
            Some(target) if name == "$ref" => to.push(target),
            _ if name == "const" => {}
            _ => references(value, to),
        }),
        Value::Array(items) => items.iter().for_each(|item| references(item, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn yaml_reads_back_as_the_same_set() {
    for contracts in sets() {
        let folder = Folder::new();
        contracts.export(folder.path()).unwrap();
        let again = Contracts::load(folder.path()).unwrap();
        assert_eq!(again.digest(), contracts.digest());
        assert!(again.handlers().eq(contracts.handlers()));
        assert!(again.principals().eq(contracts.principals()));
        // A schema's place in the folder is not part of a contract.
        let digests = |of: &Contracts| of.events().map(EventContract::digest).collect::<Vec<_>>();
        assert_eq!(digests(&again), digests(&contracts));
        assert_eq!(again.to_yaml(), contracts.to_yaml(), "one form");
    }
}

#[test]
fn asyncapi_accepts_what_is_written_and_nothing_else() {
    let validator = asyncapi();
    for contracts in sets() {
        let document = contracts.to_asyncapi();
        let errors: Vec<_> = validator.iter_errors(&document).map(|it| it.to_string()).collect();
        assert_eq!(errors, [""; 0], "{document:#}");
        let operations = document["operations"].as_object().unwrap();
        let (first, _) = operations.iter().next().unwrap();
        for (pointer, wrong) in [
            ("/asyncapi", json!("2.6.0")),
            ("/channels", json!([])),
            (&format!("/operations/{first}/action"), json!("take")),
            (&format!("/operations/{first}/channel"), json!("Order")),
            ("/components/messages", json!({ "Order": { "payloads": {} } })),
        ] {
            let mut broken = document.clone();
            *broken.pointer_mut(pointer).unwrap() = wrong;
            assert!(!validator.is_valid(&broken), "{pointer}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    for contracts in sets() {
        let document = contracts.to_asyncapi();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 5, "{found:?}");
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} in {document:#}");
        }
    }
}

#[test]
fn channels_messages_and_operations_are_those_of_the_set() {
    for contracts in sets() {
        let document = contracts.to_asyncapi();
        let types: Vec<_> = contracts.events().map(|it| it.event.as_str()).collect();
        for place in ["/channels", "/components/messages"] {
            let found = document.pointer(place).unwrap().as_object().unwrap();
            assert_eq!(found.keys().collect::<Vec<_>>(), types, "{place}");
        }
        let mut operations = document["operations"].as_object().unwrap().clone();
        for handler in contracts.handlers() {
            let received = handler.consumes.iter().map(|it| ("receive", it));
            for (action, event) in received.chain(handler.emits.iter().map(|it| ("send", it))) {
                let name = format!("{}.{action}.{event}", handler.name);
                let operation = operations.remove(&name).unwrap();
                assert_eq!(operation["action"], action);
                assert_eq!(operation["channel"]["$ref"], format!("#/channels/{event}"));
                assert_eq!(operation["x-wingman-handler"], handler.name);
            }
        }
        assert_eq!(operations, serde_json::Map::new());
    }
    let document = in_code().to_asyncapi();
    assert_eq!(document.pointer("/x-wingman-handlers/ship/tools/dhl.book").unwrap(), "write");
    let governed = document.pointer("/components/messages/Order.Placed/x-wingman-event").unwrap();
    assert_eq!((&governed["version"], &governed["producer"]), (&json!(2), &json!("external")));
    assert_eq!(governed["rollback"]["kind"], "compensatable");
}

/// A payload means where it stands what it meant by itself.
#[test]
fn payloads_judge_bodies_as_their_types_do() {
    let contracts = in_code();
    let document = contracts.to_asyncapi();
    let at = "/components/messages/Order.Placed/payload";
    let format = &document.pointer(at).unwrap()["schemaFormat"];
    assert_eq!(format, "application/schema+json;version=draft-2020-12");
    let shipped = &document.pointer("/components/messages/Shipped/payload").unwrap();
    assert_eq!(shipped["schemaFormat"], "application/schema+json;version=draft-07");
    let mut whole = document.clone();
    whole["$ref"] = json!(format!("#{at}/schema"));
    let validator = jsonschema::validator_for(&whole).unwrap();
    for (body, expected) in [
        (json!({ "lines": [1, 2] }), true),
        (json!({ "lines": [0] }), false),
        (json!({ "lines": [1], "part_of": { "lines": [3] } }), true),
        (json!({ "lines": [1], "part_of": {} }), false),
        (json!({ "lines": [], "$ref": { "$ref": "#/nowhere" } }), true),
        (json!({ "lines": [], "$ref": 1 }), false),
    ] {
        let own = contracts.validate_body("Order.Placed", body.to_string().as_bytes()).is_ok();
        assert_eq!((own, validator.is_valid(&body)), (expected, expected), "{body}");
    }
}
