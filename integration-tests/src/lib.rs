//! What the integration tests share: the backends that they run on, and the processes that they end.

pub mod backends;
pub mod kills;
