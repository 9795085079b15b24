//! Types of events whose consumers have no group yet: since when, and when they are tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long a type is left alone between two tries.
const REST: Duration = Duration::from_millis(250);

/// What nobody listened to lately.
#[derive(Debug, Default)]
pub(super) struct Silent(BTreeMap<String, Silence>);

#[derive(Debug)]
struct Silence {
    since: Instant,
    until: Instant,
}

impl Silent {
    /// Types that are not to be tried now.
    pub(super) fn resting(&self) -> BTreeSet<String> {
        let now = Instant::now();
        let resting = self.0.iter().filter(|(_, silence)| now < silence.until);
        resting.map(|(event_type, _)| event_type.clone()).collect()
    }

    /// Whether the silence of a type has not lasted this long.
    pub(super) fn is_shorter_than(&self, max: Duration, event_type: &str) -> bool {
        let lasted = self.0.get(event_type).map_or(Duration::ZERO, |one| one.since.elapsed());
        lasted < max
    }

    /// Nobody listens to a type now; told once.
    pub(super) fn begin(&mut self, event_type: String) {
        let now = Instant::now();
        let silence = self.0.entry(event_type).or_insert_with_key(|event_type| {
            tracing::warn!(%event_type, "No group of a consumer is there yet; outputs wait for it");
            Silence { since: now, until: now }
        });
        silence.until = now + REST;
    }

    /// Somebody listens to a type.
    pub(super) fn end(&mut self, event_type: &str) {
        self.0.remove(event_type);
    }
}
