//! Tools whose whole effect is a line in the recorder's notes.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use wingman_governance::contract::Level;
use wingman_governance::permission::{Call, Probed, Tool, ToolError};

/// A place that is no gap of the protocol: an undo was made, and its result is not recorded.
pub const AFTER_UNDO: &str = "undo done";
/// Another: act has made its calls and is about to return. The ledger's writer stands still, too, between
/// two transactions: whoever is stopped within one keeps the database's lock.
pub const BEFORE_RETURN: &str = "before return";

/// Has the recorder note `do` and `undo`, and asks it whether it has `seen` a call. With the argument
/// `declined` it does nothing and says so.
pub struct Noted {
    name: &'static str,
    recorder: SocketAddr,
    takes: Duration,
    after_undo: Box<dyn Fn() + Send + Sync>,
}

impl Noted {
    /// A tool by the name that the notes have it under. `after_undo` is called at [`AFTER_UNDO`].
    pub fn new(
        name: &'static str,
        recorder: SocketAddr,
        after_undo: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self { name, recorder, takes: Duration::ZERO, after_undo: Box::new(after_undo) }
    }

    /// The same, for calls that take this long.
    pub fn takes(self, takes: Duration) -> Self {
        Self { takes, ..self }
    }

    /// Sends `VERB TOOL KEY WORK` and returns the answer.
    async fn ask(&self, verb: &str, call: Call<'_>) -> Result<String, ToolError> {
        let work = call.arguments["work"].as_str().unwrap_or_default();
        let line = format!("{verb} {} {} {work}\n", self.name, call.idempotency_key);
        let not_done = |error: std::io::Error| ToolError::NotDone(error.to_string());
        let unknown = |error: std::io::Error| ToolError::Unknown(error.to_string());
        let mut stream = TcpStream::connect(self.recorder).await.map_err(not_done)?;
        stream.write_all(line.as_bytes()).await.map_err(unknown)?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await.map_err(unknown)?;
        match answer.trim_end() {
            "" => Err(ToolError::Unknown("the recorder hung up".to_owned())),
            answer => Ok(answer.to_owned()),
        }
    }
}

#[async_trait]
impl Tool for Noted {
    fn level(&self) -> Level {
        Level::Write
    }

    fn can_undo(&self) -> bool {
        true
    }

    async fn before(&self, _: &Value) -> Result<Bytes, ToolError> {
        Ok(Bytes::from_static(b"unnoted"))
    }

    async fn call(&self, call: Call<'_>) -> Result<Value, ToolError> {
        tokio::time::sleep(self.takes).await;
        if call.arguments["declined"] == true {
            return Err(ToolError::NotDone("declined".to_owned()));
        }
        self.ask("do", call).await.map(|answer| json!({ "noted": answer }))
    }

    async fn probe(&self, call: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(match self.ask("seen", call).await?.as_str() {
            "yes" => Probed::Applied(json!({ "noted": "ok" })),
            "no" => Probed::NotApplied,
            _ => Probed::Undecidable,
        })
    }

    async fn undo(&self, call: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        self.ask("undo", call).await?;
        (self.after_undo)();
        Ok(())
    }
}

impl fmt::Debug for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Noted").field("name", &self.name).finish_non_exhaustive()
    }
}
