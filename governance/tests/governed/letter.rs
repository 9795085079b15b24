//! A tool whose effect stays.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use wingman_governance::contract::Level;
use wingman_governance::permission::{Call, Probed, Tool, ToolError};

/// A letter: once it is sent, nothing brings it back.
pub(crate) struct Letter {
    /// Whether it says that it can undo; it cannot.
    pub(crate) claims_undo: bool,
}

#[async_trait]
impl Tool for Letter {
    fn level(&self) -> Level {
        Level::Write
    }

    fn can_undo(&self) -> bool {
        self.claims_undo
    }

    async fn before(&self, _: &Value) -> Result<Bytes, ToolError> {
        Ok(Bytes::new())
    }

    async fn call(&self, _: Call<'_>) -> Result<Value, ToolError> {
        Ok(Value::Null)
    }

    async fn probe(&self, _: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(Probed::Undecidable)
    }

    async fn undo(&self, _: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        Err(ToolError::NotDone("a letter cannot be unsent".to_owned()))
    }
}
