//! Writes a checked set as an AsyncAPI 3.0 document, for the tools that read those.

mod payload;

use serde_json::{Map, Value, json};

use super::contracts::Contracts;
use super::event::EventContract;
use super::handler::HandlerContract;
use super::write::{self, Fields};

impl Contracts {
    /// The set as an AsyncAPI 3.0 document: a channel and a message for each event type, an operation
    /// for each type that a handler consumes (`receive`) or emits (`send`), and what AsyncAPI has no
    /// words for as `x-wingman-event` of messages and `x-wingman-handlers` of the document. Its
    /// version is the set's digest. Principals are left out.
    pub fn to_asyncapi(&self) -> Value {
        let channels = self.events().map(|it| (it.event.clone(), channel(it))).collect();
        let messages = self.events().map(|it| (it.event.clone(), message(it))).collect();
        let operations = self.handlers().flat_map(operations).collect();
        let handlers = self.handlers().map(|it| (it.name.clone(), handler(it))).collect();
        json!({
            "asyncapi": "3.0.0",
            "info": {
                "title": "Event and handler contracts",
                "version": self.digest(),
                "description": "Written by `wingman contracts export`. Each message is the data of a \
                                CloudEvent; the address of a channel is its topic unless a route says \
                                otherwise.",
            },
            "defaultContentType": "application/json",
            "channels": Value::Object(channels),
            "operations": Value::Object(operations),
            "components": { "messages": Value::Object(messages) },
            "x-wingman-handlers": Value::Object(handlers),
        })
    }
}

fn channel(contract: &EventContract) -> Value {
    let event = &contract.event;
    json!({
        "address": event,
        "description": contract.purpose,
        "messages": { event: { "$ref": format!("#/components/messages/{event}") } },
    })
}

fn message(contract: &EventContract) -> Value {
    let event = &contract.event;
    let mut message = json!({
        "name": event,
        "summary": contract.purpose,
        "contentType": "application/json",
    });
    if let Some(schema) = &contract.input_schema {
        let at = format!("#/components/messages/{event}/payload/schema");
        message["payload"] = payload::of(&schema.document, &at);
    }
    // Type, purpose and body are said above.
    let mut governed = object(write::event(contract), &["event", "purpose", "input_schema"]);
    if let Some(artifact) = &contract.audit_artifact {
        let at = format!("#/components/messages/{event}/x-wingman-event/audit_artifact/schema");
        let schema = payload::within(&artifact.schema.document, &at);
        let artifact = json!({ "name": artifact.name, "schema": schema });
        governed.insert("audit_artifact".to_owned(), artifact);
    }
    message["x-wingman-event"] = Value::Object(governed);
    message
}

/// What a handler receives and sends, each as an operation of its own.
fn operations(contract: &HandlerContract) -> Vec<(String, Value)> {
    let handler = &contract.name;
    let operation = |action: &str, event: &String| {
        let channel = format!("#/channels/{event}");
        let operation = json!({
            "action": action,
            "channel": { "$ref": channel },
            "messages": [{ "$ref": format!("{channel}/messages/{event}") }],
            "summary": contract.scope.mission,
            "x-wingman-handler": handler,
        });
        (format!("{handler}.{action}.{event}"), operation)
    };
    let received = contract.consumes.iter().map(|event| operation("receive", event));
    let sent = contract.emits.iter().map(|event| operation("send", event));
    received.chain(sent).collect()
}

/// The contract as its file has it; its name is the member's.
fn handler(contract: &HandlerContract) -> Value {
    Value::Object(object(write::handler(contract), &["handler"]))
}

fn object(fields: Fields, without: &[&str]) -> Map<String, Value> {
    let kept = fields
        .into_iter()
        .filter(|(name, value)| !without.contains(name) && !write::is_empty(value));
    kept.map(|(name, value)| (name.to_owned(), value)).collect()
}
