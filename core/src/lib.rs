//! The broker-agnostic half of Wingman: messages, CloudEvents, the transport contract, typed
//! handlers, and the gate behind which governance stands.

pub mod bus;
#[cfg(test)]
mod choices;
pub mod clock;
pub mod driver;
pub mod error;
pub mod event;
pub mod gate;
pub mod handler;
pub mod memory;
pub mod message;
pub mod name;
pub mod nearest;
mod pump;
pub mod testing;
pub mod transport;

/// What the derive macros are called in `wingman_hub`, which passes them on.
#[doc(hidden)]
#[cfg(feature = "derive")]
pub mod derive_for_hub {
    pub use wingman_macros::{HubEmit, HubEvent};
}

// The derive macros name this crate; its own tests use them too.
#[cfg(test)]
extern crate self as wingman_core;

pub use error::{Error, Kind, Result, Retry};
