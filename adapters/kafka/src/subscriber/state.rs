//! What the member's thread, the callbacks of its client and the callers of a subscriber share.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::{Notify, watch};
use wingman_core::clock::Clock;
use wingman_core::name::TopicName;
use wingman_core::transport::{AckToken, Delivery, Settle};
use wingman_core::{Error, Kind, Result};

use super::context::MemberContext;
use super::lanes::{Lanes, Mark};
use super::queues::{Bell, Queues};

pub(super) type Member = BaseConsumer<MemberContext>;

pub(super) struct Shared {
    pub(super) topic: TopicName,
    pub(super) clock: Clock,
    pub(super) queues: Queues,
    /// For the member's thread: there is something for it to do.
    pub(super) bell: Arc<Bell>,
    state: Mutex<State>,
    /// Something was settled or taken, or it is to stop.
    changed: Condvar,
    /// A look at the lanes is worth while.
    wake: Notify,
    /// Used by callers only while they hold the lock: the thread must be the last to let go of it.
    member: RwLock<Option<Arc<Member>>>,
    ended: watch::Sender<bool>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) lanes: Lanes,
    pub(super) stopping: bool,
    /// The member's thread found no room.
    pub(super) is_full: bool,
    /// No broker can be reached.
    pub(super) is_down: bool,
    /// What trying again cannot mend.
    pub(super) failed: Option<Error>,
}

impl Shared {
    pub(super) fn new(topic: TopicName, ordered: bool) -> Self {
        Self {
            topic,
            clock: Clock::system(),
            queues: Queues::default(),
            bell: Arc::default(),
            state: Mutex::new(State {
                lanes: Lanes::new(ordered),
                stopping: false,
                is_full: false,
                is_down: false,
                failed: None,
            }),
            changed: Condvar::new(),
            wake: Notify::new(),
            member: RwLock::default(),
            ended: watch::Sender::new(false),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics half-way through a change, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What may be handed over now; if nothing, when to look again without being woken.
    pub(super) fn take(&self, max: NonZeroUsize) -> Result<(Vec<Delivery>, Option<Duration>)> {
        let now = self.clock.now();
        let mut state = self.state();
        let taken = state.lanes.take(max, now);
        if !taken.is_empty() {
            let goes_on = state.is_full && state.lanes.has_room();
            drop(state);
            if goes_on {
                self.bell.ring();
            }
            return Ok((taken, None));
        }
        if let Some(error) = &state.failed {
            return Err(error.repeat());
        }
        if state.is_down {
            let error = Error::new(Kind::Unavailable, "no broker can be reached");
            return Err(error.during("receive").with("topic", &self.topic));
        }
        let again = state.lanes.next_due().map(|due| due - now);
        drop(state);
        // What is due may have to go on record first.
        self.bell.ring();
        Ok((taken, again))
    }

    /// Ends hand-overs, and commits as far as that allows.
    pub(super) fn settle(&self, batch: &[(AckToken, Settle)]) -> Vec<Result<()>> {
        let now = self.clock.now();
        let mut state = self.state();
        let settle = |(token, how): &(AckToken, Settle)| {
            if state.lanes.settle(token, *how, now) { Ok(()) } else { Err(stale(token)) }
        };
        let results = batch.iter().map(settle).collect();
        let moved = state.lanes.moved();
        if !moved.is_empty() {
            // Under the state, so that no partition goes in between; it asks no broker.
            self.store(&moved);
        }
        drop(state);
        self.changed.notify_all();
        if batch.iter().any(|(_, how)| *how != Settle::Ack) {
            self.wake();
        }
        results
    }

    /// Puts on record what must be before it is handed over, and waits for that where a broker is
    /// there. Commits overtake each other: whatever moved on meanwhile is committed again.
    pub(super) fn record(&self, member: &Member, can_wait: bool) {
        let now = self.clock.now();
        let mut state = self.state();
        let marks = state.lanes.due(now);
        if marks.is_empty() {
            return;
        }
        self.store(&marks);
        drop(state);
        if can_wait {
            self.commit(member, &marks);
        }
        let mut later = self.state().lanes.recorded(&marks);
        self.wake();
        while can_wait && !later.is_empty() {
            self.commit(member, &later);
            later = self.state().lanes.recorded(&later);
        }
    }

    /// Lets go of partitions, and commits how far they are.
    pub(super) fn part(&self, member: &Member, partitions: &[i32]) {
        let mut state = self.state();
        let holder_ends = state.stopping;
        let marks = state.lanes.part(partitions, holder_ends);
        drop(state);
        if !marks.is_empty() {
            // The client commits once more what was stored.
            self.store(&marks);
            self.commit(member, &marks);
        }
    }

    fn commit(&self, member: &Member, marks: &[Mark]) {
        if let Err(error) = member.commit(&self.list(marks), CommitMode::Sync) {
            tracing::debug!(topic = %self.topic, %error, "A commit failed: what was settled since the one before may come again");
        }
    }

    /// Waits until nothing of these partitions is handed over, at most this long.
    pub(super) fn wait_until_settled(&self, partitions: &[i32], at_most: Duration) {
        let holds = |state: &mut State| !state.stopping && state.lanes.holds(partitions);
        // Whoever has not settled by then finds its token stale.
        let _ = self.changed.wait_timeout_while(self.state(), at_most, holds);
    }

    /// Whether more may be taken over. If not, the bell rings once it may.
    pub(super) fn wants_more(&self) -> bool {
        let mut state = self.state();
        state.is_full = !state.lanes.has_room();
        !state.is_full
    }

    /// Reads these partitions apart from the member's events.
    pub(super) fn open_queues(&self, partitions: &[i32]) {
        let member = self.member.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(member) = member else {
            return;
        };
        for partition in partitions {
            self.queues.open(&member, self.topic.as_str(), *partition, &self.bell);
        }
    }

    pub(super) fn set_member(&self, member: Option<Arc<Member>>) {
        *self.member.write().unwrap_or_else(PoisonError::into_inner) = member;
    }

    pub(super) fn stop(&self) {
        self.state().stopping = true;
        self.changed.notify_all();
        self.bell.ring();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state().stopping
    }

    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Returns once the member has left its group.
    pub(super) async fn ended(&self) {
        // The sender lives in `self`.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns once a look is worth while. Cancel-safe.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Lets the client commit these offsets with its next commit.
    fn store(&self, marks: &[Mark]) {
        let member = self.member.read().unwrap_or_else(PoisonError::into_inner);
        let stored = member.as_ref().map(|member| member.store_offsets(&self.list(marks)));
        if let Some(Err(error)) = stored {
            tracing::debug!(topic = %self.topic, %error, "An offset came too late: its messages come again");
        }
    }

    fn list(&self, marks: &[Mark]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(marks.len());
        for mark in marks {
            let mut element = list.add_partition(self.topic.as_str(), mark.partition);
            let offset = i64::try_from(mark.offset).unwrap_or(i64::MAX);
            // Only an offset that Kafka does not have is refused.
            let _ = element.set_offset(Offset::Offset(offset));
            element.set_metadata(&mark.account);
        }
        list
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("topic", &self.topic).finish_non_exhaustive()
    }
}

fn stale(token: &AckToken) -> Error {
    let why = "the hand-over is over: it was settled before, or its partition moved";
    Error::new(Kind::StaleLease, why)
        .during("settle")
        .with("partition", token.lane)
        .with("offset", token.position)
}
