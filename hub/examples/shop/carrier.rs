//! A carrier that one books by writing a note. The note can be taken back.

use std::fs;
use std::io::ErrorKind;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use wingman_hub::governance::permission::{Call, Probed};
use wingman_hub::prelude::*;

/// Where the note lies.
const NOTE: &str = "booking.txt";

pub(crate) struct Carrier;

#[async_trait]
impl Tool for Carrier {
    fn level(&self) -> Level {
        Level::Write
    }

    fn can_undo(&self) -> bool {
        true
    }

    async fn before(&self, _: &Value) -> Result<Bytes, ToolError> {
        fs::read(NOTE).map(Bytes::from).or_else(|error| match error.kind() {
            ErrorKind::NotFound => Ok(Bytes::new()),
            _ => Err(ToolError::NotDone(error.to_string())),
        })
    }

    async fn call(&self, call: Call<'_>) -> Result<Value, ToolError> {
        fs::write(NOTE, note(&call)).map_err(|error| ToolError::Unknown(error.to_string()))?;
        Ok(json!("booked"))
    }

    async fn probe(&self, call: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        match fs::read_to_string(NOTE) {
            Ok(text) if text == note(&call) => Ok(Probed::Applied(json!("booked"))),
            Ok(_) => Ok(Probed::NotApplied),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Probed::NotApplied),
            Err(error) => Err(ToolError::NotDone(error.to_string())),
        }
    }

    async fn undo(&self, _: Call<'_>, before: &[u8]) -> Result<(), ToolError> {
        let undone =
            if before.is_empty() { fs::remove_file(NOTE) } else { fs::write(NOTE, before) };
        match undone {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            other => other.map_err(|error| ToolError::NotDone(error.to_string())),
        }
    }
}

fn note(call: &Call<'_>) -> String {
    format!("{} {}\n", call.idempotency_key, call.arguments["parcel"])
}
