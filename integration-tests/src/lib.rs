//! What the integration tests share: the backends that they run on, the governor as what runs the
//! handlers of bus cases, and the processes that they end.

pub mod backends;
mod governed;
pub mod kills;

pub use governed::GovernedBus;
