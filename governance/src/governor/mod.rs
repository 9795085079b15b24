//! The governor: wires contracts, ledger, tools, gate, relay and rollback around a bus.

mod builder;
mod core;
mod gate;
mod heart;
mod outputs;
mod queue;
mod relay;
mod run;
mod running;
mod settled;
mod signed;
mod silent;
mod wrap;

pub use builder::{Governor, StartError};
pub(crate) use core::Core;
pub(crate) use run::RunContext;
pub use running::Running;
pub use settled::{Open, open_in};
pub use signed::{decide, resolve, review};
