//! A newsletter: a tool that hands mail to the server of a list and waits for its answer, and one
//! such server, which keeps what it gets in a file.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::fs::OpenOptions;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use wingman_governance::contract::Level;
use wingman_governance::permission::{Call, Probed, Tool, ToolError};

use super::newsroom::{COFFEE, TEA};
use crate::run::RunError;
use crate::tools::{listener, plain, text};

/// The longest line that a server takes, in bytes.
const LINE_BYTES_MAX: u64 = 4_096;

/// What a server answers to mail that it keeps.
const TAKEN: &str = "250 ok\n";

/// Sends one line to the mail server of a list. What was sent cannot be unsent: irreversible.
#[derive(Debug)]
pub(super) struct Newsletter {
    /// The server of the tea friends; it ends with the tool.
    pub(super) tea: MailServer,
    /// The server of the coffee friends; nobody listens there.
    pub(super) coffee: SocketAddr,
}

impl Newsletter {
    fn address(&self, list: &str) -> Result<SocketAddr, ToolError> {
        match list {
            TEA => Ok(self.tea.address),
            COFFEE => Ok(self.coffee),
            _ => Err(ToolError::NotDone(format!("there is no list {list}"))),
        }
    }
}

#[async_trait]
impl Tool for Newsletter {
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
        let list = text(call.arguments, "target")?;
        let line = format!("{} {}\n", call.idempotency_key, text(call.arguments, "content")?);
        // Nothing was sent as long as there is no connection.
        let stream = TcpStream::connect(self.address(list)?)
            .await
            .map_err(|error| ToolError::NotDone(plain(&error)))?;
        match hand_over(stream, &line).await {
            Ok(answer) if answer == TAKEN => Ok(json!({ "target": list, "sent": line.len() })),
            Ok(answer) => Err(ToolError::Unknown(format!("the server answered {answer:?}"))),
            Err(error) => Err(ToolError::Unknown(plain(&error))),
        }
    }

    async fn probe(&self, _: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(Probed::Undecidable)
    }

    async fn undo(&self, _: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        Err(ToolError::NotDone("a newsletter cannot be unsent".to_owned()))
    }
}

/// A mail server on this machine; ends when it is dropped.
#[derive(Debug)]
pub(super) struct MailServer {
    /// Where it listens.
    pub(super) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl MailServer {
    /// Listens on a free port and appends each line it gets to a file.
    pub(super) fn start(file: PathBuf) -> Result<Self, RunError> {
        let fault = |error: io::Error| RunError::Tool(error.to_string());
        let listener = listener()?;
        listener.set_nonblocking(true).map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        let listener = TcpListener::from_std(listener).map_err(fault)?;
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // One letter at a time; a sender that goes away takes only its own with it.
                let _ = keep(stream, &file).await;
            }
        });
        Ok(Self { address, serving })
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn hand_over(mut stream: TcpStream, line: &str) -> io::Result<String> {
    stream.write_all(line.as_bytes()).await?;
    read_line(&mut stream).await
}

async fn keep(mut stream: TcpStream, file: &PathBuf) -> io::Result<()> {
    let line = read_line(&mut stream).await?;
    let mut file = OpenOptions::new().create(true).append(true).open(file).await?;
    file.write_all(line.as_bytes()).await?;
    file.flush().await?;
    stream.write_all(TAKEN.as_bytes()).await
}

async fn read_line(stream: &mut TcpStream) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stream.take(LINE_BYTES_MAX)).read_line(&mut line).await?;
    Ok(line)
}
