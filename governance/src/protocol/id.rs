//! Identities. Keys of large tables start with the event's own time, so that no hot index is random.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wingman_core::event::CloudEvent;

use crate::digest::{Digest, NotADigest};

macro_rules! digest_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Digest);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotADigest;

            fn from_str(text: &str) -> Result<Self, NotADigest> {
                text.parse().map(Self)
            }
        }
    };
}

digest_id!(
    /// An execution: (group, handler, event source, event id, replay number), time first (R1).
    ExecutionId
);
digest_id!(
    /// An event: (source, id), time first.
    EventKey
);
digest_id!(
    /// A plan, by its bytes.
    PlanDigest
);
digest_id!(
    /// One key of one ordering rule of one handler.
    ScopeKey
);
digest_id!(
    /// A process that runs handlers, random.
    WorkerId
);

/// A tree of events: its correlation.
pub type TreeId = Arc<str>;

/// A lane that outlives the process: handler and partition key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Lane {
    /// The handler.
    pub handler: String,
    /// The partition key; events without one have none and form no lane.
    pub key: String,
}

/// Who runs: a handler in a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HandlerName {
    /// The group that it consumes as.
    pub group: String,
    /// The name of its contract.
    pub handler: String,
}

impl EventKey {
    /// The key of an event.
    pub fn of(event: &CloudEvent) -> Self {
        let fields = [event.source().as_bytes(), event.id().as_bytes()];
        Self(timed(event, Digest::of_fields("wingman/event", &fields)))
    }
}

impl ExecutionId {
    /// The identity of a handler's reaction to an event.
    pub fn of(who: &HandlerName, event: &CloudEvent, replay: u32) -> Self {
        let fields = [
            who.group.as_bytes(),
            who.handler.as_bytes(),
            event.source().as_bytes(),
            event.id().as_bytes(),
            &replay.to_be_bytes(),
        ];
        Self(timed(event, Digest::of_fields("wingman/execution", &fields)))
    }

    /// The identity of what cannot claim one: undecodable, unrecorded or conflicting deliveries are
    /// filed under group, position and digest, so that nobody can suppress an execution by its id.
    pub fn unclaimed(who: &HandlerName, position: &str, digest: &Digest) -> Self {
        let fields =
            [who.group.as_bytes(), who.handler.as_bytes(), position.as_bytes(), digest.as_bytes()];
        Self(Digest::of_fields("wingman/unclaimed", &fields))
    }
}

/// The digest of an event: every attribute and the data. Same identity, other digest: a conflict.
pub fn event_digest(event: &CloudEvent) -> Digest {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for (name, value) in event.attributes() {
        fields.push(name.as_bytes().to_vec());
        fields.push(value.into_bytes());
    }
    // Absent and empty data are one on brokers whose payload cannot be absent.
    fields.push(event.data.as_deref().unwrap_or_default().to_vec());
    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
    Digest::of_fields("wingman/event-digest", &fields)
}

/// Puts the event's time in seconds in front, in place of the first four bytes.
fn timed(event: &CloudEvent, digest: Digest) -> Digest {
    let seconds = event.time.map_or(0, |time| time.as_second().clamp(0, i64::from(u32::MAX)));
    let mut bytes = *digest.as_bytes();
    bytes[..4].copy_from_slice(&(seconds as u32).to_be_bytes());
    Digest::from(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_differ_by_each_part_and_start_with_the_time() {
        let who = HandlerName { group: "g".into(), handler: "h".into() };
        let mut event = CloudEvent::new("1", "/s", "T").unwrap();
        event.time = Some("2026-11-23T10:00:00Z".parse().unwrap());
        let id = ExecutionId::of(&who, &event, 0);
        assert_ne!(id, ExecutionId::of(&who, &event, 1));
        let other = HandlerName { handler: "h2".into(), ..who.clone() };
        assert_ne!(id, ExecutionId::of(&other, &event, 0));
        assert_eq!(id.0.as_bytes()[..4], EventKey::of(&event).0.as_bytes()[..4]);
        let digest = event_digest(&event);
        event.subject = Some("other".into());
        assert_eq!(id, ExecutionId::of(&who, &event, 0));
        assert_ne!(digest, event_digest(&event));
    }
}
