//! The broker-agnostic half of Wingman: messages, CloudEvents, the transport contract, typed
//! handlers, and the gate behind which governance stands.

pub mod bus;
pub mod clock;
pub mod error;
pub mod event;
pub mod gate;
pub mod handler;
pub mod memory;
pub mod message;
pub mod name;
mod pump;
pub mod transport;

pub use error::{Error, Kind, Result, Retry};
