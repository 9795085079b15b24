//! A notifier that sends one line over TCP. What was sent cannot be unsent: irreversible.

use std::net::SocketAddr;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use wingman_governance::contract::Level;
use wingman_governance::permission::{Call, Probed, Tool, ToolError};

use super::{plain, text};

/// Sends notices to one address.
#[derive(Debug, Clone, Copy)]
pub struct Notify {
    /// Where to.
    pub address: SocketAddr,
}

#[async_trait]
impl Tool for Notify {
    fn level(&self) -> Level {
        Level::Write
    }

    fn can_undo(&self) -> bool {
        false
    }

    async fn before(&self, _: &Value) -> Result<Bytes, ToolError> {
        Ok(Bytes::new())
    }

    async fn call(&self, call: Call<'_>) -> Result<Value, ToolError> {
        let line = format!("{} {}\n", call.idempotency_key, text(call.arguments, "content")?);
        // Nothing was sent as long as there is no connection.
        let mut stream = TcpStream::connect(self.address)
            .await
            .map_err(|error| ToolError::NotDone(plain(&error)))?;
        stream
            .write_all(line.as_bytes())
            .await
            .map_err(|error| ToolError::Unknown(plain(&error)))?;
        Ok(json!({ "sent": line.len() }))
    }

    async fn probe(&self, _: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(Probed::Undecidable)
    }

    async fn undo(&self, _: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        Err(ToolError::NotDone("a notice cannot be unsent".to_owned()))
    }
}
