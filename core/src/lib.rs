//! The broker-agnostic half of Wingman: messages, CloudEvents, the transport contract, typed
//! handlers, and the gate behind which governance stands.

pub mod clock;
pub mod error;
pub mod event;
pub mod gate;
pub mod handler;
pub mod message;
pub mod name;
pub mod transport;

pub use error::{Error, Kind, Result, Retry};
