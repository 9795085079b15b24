//! `#[derive(Event)]` for wingman-core.
