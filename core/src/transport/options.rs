//! How publishers and subscribers are opened.

use std::time::Duration;

/// Who creates topics and groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Provision {
    /// Create only what is missing; use what is found as it stands.
    #[default]
    Ensure,
    /// Create nothing; name what is missing.
    Verify,
    /// Make no administrative call at all.
    Never,
}

/// Where a group that is created begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartPosition {
    /// With the oldest message that the topic holds.
    #[default]
    Earliest,
    /// With what is published from now on; fixed when the group is created.
    Latest,
}

/// How a publisher is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublisherOptions {
    /// Who creates the topic.
    pub provision: Provision,
}

/// How a subscriber is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriberOptions {
    /// Who creates topic and group.
    pub provision: Provision,
    /// Where a group that is created begins.
    pub start: StartPosition,
    /// How long a delivery is ours before it may go to another consumer; extended while handled.
    pub lease: Duration,
    /// Whether deliveries of one key must come in publish order, to one consumer at a time (T3).
    /// Where that costs something, a driver may share more freely without it. Default: yes.
    pub ordered: bool,
}

impl Default for SubscriberOptions {
    fn default() -> Self {
        Self {
            provision: Provision::default(),
            start: StartPosition::default(),
            lease: Duration::from_secs(30),
            ordered: true,
        }
    }
}
