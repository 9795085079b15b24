//! The JSON Schema (2020-12) of contract files, for editors: made from the very tables by which files
//! are read. What concerns several documents only the loader knows.

mod event;
mod handler;
mod shape;

use serde_json::{Value, json};

use self::shape::{list, object, text, texts};
use super::principals;

/// Which documents of contract files a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// Whatever a contract file may hold: events, handlers, principals.
    Any,
    /// Event contracts.
    Event,
    /// Handler contracts.
    Handler,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Any, Self::Event, Self::Handler];

    /// The file that the schema is written to.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Any => "contracts.schema.json",
            Self::Event => "event.schema.json",
            Self::Handler => "handler.schema.json",
        }
    }

    /// The JSON Schema of such a document. It accepts what the loader reads, and rejects what it
    /// does not: unknown fields, wrong forms, and what is not enforced yet, with a description that
    /// says so. Whether documents agree with each other only the loader can tell.
    pub fn schema(self) -> Value {
        let mut schema = match self {
            Self::Any => any(),
            Self::Event => event::document(),
            Self::Handler => handler::document(),
        };
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        schema["title"] = json!(match self {
            Self::Any => "A document of a contract file: an event, a handler, or principals",
            Self::Event => "The contract of an event type",
            Self::Handler => "The contract of a handler",
        });
        schema
    }
}

/// A document is what the first of its naming fields says, as in the loader; an empty one is nothing.
fn any() -> Value {
    let has = |field: &str| json!({ "required": [field] });
    let handler_or_principals = json!({
        "if": has("handler"),
        "then": { "$ref": "#/$defs/handler" },
        "else": { "$ref": "#/$defs/principals" },
    });
    json!({
        "type": ["object", "null"],
        "if": { "type": "object" },
        "then": {
            "if": has("event"),
            "then": { "$ref": "#/$defs/event" },
            "else": handler_or_principals,
        },
        "$defs": {
            "event": event::document(),
            "handler": handler::document(),
            "principals": principals(),
        },
    })
}

fn principals() -> Value {
    let key = json!({ "type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$" });
    let principal = object(
        &principals::PRINCIPAL,
        [],
        [
            ("name", "The name that stamps record.", text()),
            ("public_key", "The Ed25519 public key: the standard base64 of 32 bytes.", key),
            ("roles", "What the person may decide.", texts()),
        ],
    );
    let about = "People who may approve, halt or roll back, and the keys they sign with.";
    object(&principals::FIELDS, ["principals"], [("principals", about, list(principal))])
}
