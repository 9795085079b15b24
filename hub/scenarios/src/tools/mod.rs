//! Tools that scenarios share: real files in a work folder, and senders that really connect.

mod files;
mod notify;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use serde_json::Value;
use wingman_governance::permission::ToolError;

use crate::run::RunError;

pub use files::{FileAction, FileTool};
pub use notify::Notify;

/// An address of this machine where nobody listens: the receiver is down.
pub(crate) fn closed_port() -> Result<SocketAddr, RunError> {
    listener()?.local_addr().map_err(|error| RunError::Tool(error.to_string()))
}

/// A listener on a port of this machine that was free.
pub(crate) fn listener() -> Result<TcpListener, RunError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .map_err(|error| RunError::Tool(format!("no free port on this machine: {error}")))
}

/// A text among the arguments of a call.
pub(crate) fn text<'a>(arguments: &'a Value, name: &str) -> Result<&'a str, ToolError> {
    arguments[name]
        .as_str()
        .ok_or_else(|| ToolError::NotDone(format!("the argument {name} is missing or not a text")))
}

/// The error without the operating system's number.
pub(crate) fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        kind => kind.to_string(),
    }
}
