//! One look at the group: ownership, what came back, what is new.

use std::collections::HashSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use redis::{Pipeline, Value};
use tokio::time::Instant;
use wingman_core::clock::Timestamp;
use wingman_core::transport::{AckToken, Delivery, Position};
use wingman_core::{Error, Kind, Result};

use super::entry::{Entry, EntryId, array, bytes, number, read, returned};
use super::link::{Link, SharedLink};
use super::scripts::{self, CONFIRM, HOLD, RETURNED};
use super::seat::Seat;
use crate::error::Doing;

/// The longest that what came back elsewhere, or an ownership that ended, goes unnoticed.
const LOOK_EVERY_MAX: Duration = Duration::from_millis(250);
/// Consumers of links that ended long ago are forgotten by the server too.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);
const DOING: (Doing, &str) = (Doing::Reading, "receive");

/// What one look gave.
pub(super) enum Look {
    Taken(Vec<Delivery>),
    /// Nothing; worth another look then, or when the link wakes.
    Nothing {
        link: SharedLink,
        again: Instant,
    },
}

/// What is known between two looks of one link.
#[derive(Debug, Default)]
pub(super) struct Taking {
    /// The consumer of the link before, which may still hold something.
    before: Option<String>,
    /// When what came back is looked for again; `None`: now.
    look_at: Option<Instant>,
    /// The last entry that was handed to the group, as far as we know.
    last: EntryId,
}

/// What came back, or why we get nothing.
enum CameBack {
    OfAnother { ends_in: Duration },
    Ours(Vec<Entry>),
}

impl Taking {
    /// Before the first look of the link that follows this consumer's.
    pub(super) fn after(consumer: &str) -> Self {
        Self { before: Some(consumer.to_owned()), ..Self::default() }
    }

    pub(super) fn before(&self) -> Option<&str> {
        self.before.as_deref()
    }

    pub(super) async fn look(
        &mut self,
        seat: &Seat,
        link: &SharedLink,
        max: NonZeroUsize,
    ) -> Result<Look> {
        self.before = None;
        let received = seat.clock.now();
        if link.take_gave_back() || self.look_at.is_none_or(|at| at <= Instant::now()) {
            // Until it has succeeded, the next look begins with it as well.
            self.look_at = None;
            match self.came_back(seat, link, max).await? {
                CameBack::OfAnother { ends_in } => {
                    let again = Instant::now() + ends_in.min(LOOK_EVERY_MAX);
                    return Ok(Look::Nothing { link: link.clone(), again });
                }
                CameBack::Ours(entries) if !entries.is_empty() => {
                    return Ok(Look::Taken(deliveries(seat, link, entries, received)));
                }
                CameBack::Ours(_) => {}
            }
        }
        let entries = self.new_entries(seat, link, max).await?;
        if !entries.is_empty() {
            return Ok(Look::Taken(deliveries(seat, link, entries, received)));
        }
        link.wake.arm(self.last);
        let again = self.look_at.unwrap_or_else(Instant::now);
        Ok(Look::Nothing { link: link.clone(), again })
    }

    async fn came_back(&mut self, seat: &Seat, link: &Link, max: NonZeroUsize) -> Result<CameBack> {
        let mut call = scripts::of(&RETURNED, &seat.keys);
        call.arg(seat.group.as_str()).arg(&link.consumer);
        call.arg(u8::from(seat.options.ordered)).arg(seat.lease_millis());
        call.arg(max.get()).arg(FORGOTTEN_AFTER.as_millis() as u64);
        let reply: Value = link.connection.script(DOING, &call).await?;
        let reply = match array::<2>(reply.clone()) {
            Some([_, ends_in]) => {
                let millis = number(&ends_in).unwrap_or_default();
                let ends_in = Duration::from_millis(u64::from(millis) + 1);
                return Ok(CameBack::OfAnother { ends_in });
            }
            None => array::<4>(reply).ok_or_else(unread)?,
        };
        let [_, next_delay, last, entries] = reply;
        // -1: nothing is delayed.
        let next_delay = number(&next_delay).map(|millis| Duration::from_millis(millis.into()));
        let every = (seat.options.lease / 4).clamp(Duration::from_millis(10), LOOK_EVERY_MAX);
        self.look_at = Some(Instant::now() + next_delay.map_or(every, |delay| delay.min(every)));
        self.last = bytes(last).and_then(|id| EntryId::parse(&id)).ok_or_else(unread)?;
        let mut entries = returned(entries).ok_or_else(unread)?;
        entries.sort_by_key(|entry| entry.id);
        Ok(CameBack::Ours(entries))
    }

    async fn new_entries(
        &mut self,
        seat: &Seat,
        link: &Link,
        max: NonZeroUsize,
    ) -> Result<Vec<Entry>> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("XREADGROUP").arg("GROUP").arg(seat.group.as_str()).arg(&link.consumer);
        pipeline.arg("COUNT").arg(max.get()).arg("STREAMS").arg(seat.keys.stream()).arg(">");
        let (reply, confirmed): (Value, Confirmed) = if seat.options.ordered {
            pipeline.atomic();
            confirm(&mut pipeline, seat, link);
            let (reply, state): (Value, u8) = link.connection.pipeline(DOING, &pipeline).await?;
            (reply, Confirmed::from(state))
        } else {
            let (reply,): (Value,) = link.connection.pipeline(DOING, &pipeline).await?;
            (reply, Confirmed::Ours)
        };
        let entries = read(reply).ok_or_else(unread)?;
        if let Some(last) = entries.last() {
            self.last = last.id;
        }
        match confirmed {
            Confirmed::Ours => Ok(entries),
            Confirmed::KeysHeld => hold(seat, link, entries).await,
            Confirmed::Lost => {
                // They are given back already; whoever owns the group gets them.
                self.look_at = None;
                Ok(Vec::new())
            }
        }
    }
}

/// What became of the ownership while new entries were read.
enum Confirmed {
    Ours,
    KeysHeld,
    Lost,
}

impl From<u8> for Confirmed {
    fn from(state: u8) -> Self {
        match state {
            1 => Self::Ours,
            2 => Self::KeysHeld,
            // 0, and whatever a script of another version may say: better late than out of order.
            _ => Self::Lost,
        }
    }
}

fn confirm(pipeline: &mut Pipeline, seat: &Seat, link: &Link) {
    let keys: Vec<_> = seat.keys.with_stream().collect();
    pipeline.cmd("EVAL").arg(CONFIRM).arg(keys.len()).arg(&keys);
    pipeline.arg(seat.group.as_str()).arg(&link.consumer).arg(seat.lease_millis());
}

/// Puts entries behind the delayed heads of their keys.
async fn hold(seat: &Seat, link: &Link, entries: Vec<Entry>) -> Result<Vec<Entry>> {
    let mut call = scripts::of(&HOLD, &seat.keys);
    call.arg(seat.group.as_str()).arg(&link.consumer);
    for entry in &entries {
        if let Some(key) = &entry.message.key {
            call.arg(entry.id.to_string()).arg(key.as_ref());
        }
    }
    let put_back: Vec<String> = link.connection.script(DOING, &call).await?;
    let put_back: HashSet<_> =
        put_back.iter().filter_map(|id| EntryId::parse(id.as_bytes())).collect();
    Ok(entries.into_iter().filter(|entry| !put_back.contains(&entry.id)).collect())
}

fn deliveries(seat: &Seat, link: &Link, entries: Vec<Entry>, received: Timestamp) -> Vec<Delivery> {
    let delivery = |entry: Entry| Delivery {
        message: entry.message,
        position: Position::from(entry.id),
        token: AckToken {
            generation: link.generation,
            // There is one shard: the place tells the hand-overs of an entry apart.
            lane: entry.count,
            position: entry.id.millis,
            sequence: entry.id.sequence,
            handle: None,
        },
        attempt: NonZeroU32::new(entry.attempt.max(1)),
        received,
        lease: Some(seat.options.lease),
    };
    entries.into_iter().map(delivery).collect()
}

fn unread() -> Error {
    Error::new(Kind::Internal, "a reply of the server was not understood").during("receive")
}
