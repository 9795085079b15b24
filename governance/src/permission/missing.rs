//! What stands for a tool that this process does not have: judged like any other, and never done.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;

use super::tool::{Call, Probed, Tool, ToolError};
use crate::contract::Level;

/// A tool that is not there. Nothing happens, so there is nothing to undo.
pub(super) struct Missing {
    /// The name that was asked for.
    pub(super) name: String,
}

#[async_trait]
impl Tool for Missing {
    /// The highest: nobody knows what it would need.
    fn level(&self) -> Level {
        Level::Admin
    }

    fn can_undo(&self) -> bool {
        true
    }

    async fn before(&self, _: &Value) -> Result<Bytes, ToolError> {
        Ok(Bytes::new())
    }

    async fn call(&self, _: Call<'_>) -> Result<Value, ToolError> {
        let reason = format!("this process has no tool {}", self.name);
        Err(ToolError::NotDone(reason))
    }

    async fn probe(&self, _: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(Probed::NotApplied)
    }

    async fn undo(&self, _: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        Ok(())
    }
}
