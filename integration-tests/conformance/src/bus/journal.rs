//! What the runs of a case did, and what must hold of it whatever the case.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use wingman_core::clock::Timestamp;
use wingman_core::event::CloudEvent;

use crate::expect::{Verdict, holds};

/// One thing that a run did.
#[derive(Clone)]
pub(super) struct Note {
    pub(super) what: What,
    /// The text in the event's data, such as `k3-007`.
    pub(super) body: String,
    pub(super) event: Arc<CloudEvent>,
    pub(super) attempt: u32,
    pub(super) at: Timestamp,
}

/// What a run does, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Started,
    /// It came to its end, well or not.
    Ended,
    /// It was dropped before that.
    Cancelled,
}

impl Note {
    pub(super) fn key(&self) -> &str {
        self.event.partition_key().unwrap_or_default()
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} (attempt {})", self.what, self.body, self.attempt)
    }
}

/// No two runs of a key overlap (T3).
pub(super) fn one_at_a_time(notes: &[Note]) -> Verdict {
    let mut running: BTreeMap<&str, &Note> = BTreeMap::new();
    for note in notes {
        match note.what {
            What::Started => {
                let other = running.insert(note.key(), note);
                holds("one run of a key at a time", other.is_none(), (other, note))?;
            }
            What::Ended | What::Cancelled => {
                running.remove(note.key());
            }
        }
    }
    Ok(())
}

/// The events of each key start in the order of their bodies, and none before those ahead of it
/// have ended for good (T3): whatever starts is the youngest so far, or the same again.
pub(super) fn in_order(notes: &[Note]) -> Verdict {
    let mut last: BTreeMap<&str, &Note> = BTreeMap::new();
    for note in notes.iter().filter(|note| note.what == What::Started) {
        if let Some(before) = last.insert(note.key(), note) {
            let ascends = before.body <= note.body;
            holds("the order of the key", ascends, (before, note))?;
        }
    }
    Ok(())
}
