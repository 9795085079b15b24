//! Governance for event handlers, on top of whichever backend is chosen: audit stamps, ordering
//! rules, compensation, scope locks, permission boundaries, interrupts and handshakes.
//!
//! One module a primitive; [`protocol`] is the pure heart that all of them meet in, [`ledger`]
//! where it is durable, [`governor`] what wires them around a bus.

pub mod audit;
pub mod contract;
pub mod digest;
pub mod governor;
pub mod handshake;
pub mod interrupt;
pub mod ledger;
pub mod permission;
pub mod proposal;
pub mod protocol;
pub mod rollback;
pub mod scope;

pub use governor::{Governor, Running, StartError};
pub use protocol::settings::Mode;
