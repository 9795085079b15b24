//! What the integration tests share: the backends that they run on.

pub mod backends;
