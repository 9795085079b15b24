//! What the client fetched ahead, a queue for each partition, beside the one for its events. So a
//! member without room goes on serving its group without pausing: a pause throws away what was
//! fetched, and its end is seen by the client's own thread up to a second later.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;

use super::context::MemberContext;
use super::state::Member;

/// The queues of the partitions that are assigned. They keep their member alive: cleared before it
/// is to end.
#[derive(Default)]
pub(super) struct Queues(Mutex<ByPartition>);

#[derive(Default)]
struct ByPartition {
    queues: BTreeMap<i32, PartitionQueue<MemberContext>>,
    /// Where it begins to read, so that no partition is always last.
    first: usize,
}

impl Queues {
    /// To be called before the partition is fetched: nothing of it may be in the other queue.
    pub(super) fn open(&self, member: &Arc<Member>, topic: &str, partition: i32, bell: &Arc<Bell>) {
        let Some(mut queue) = member.split_partition_queue(topic, partition) else {
            // Only a name with a NUL has none.
            return;
        };
        let bell = bell.clone();
        queue.set_nonempty_callback(move || bell.ring());
        self.lock().queues.insert(partition, queue);
    }

    pub(super) fn close(&self, partition: i32) {
        let closed = self.lock().queues.remove(&partition);
        drop(closed);
    }

    pub(super) fn clear(&self) {
        let closed = std::mem::take(&mut *self.lock());
        drop(closed);
    }

    /// Reads what is there, at most so much; whether there may be more.
    pub(super) fn read(
        &self,
        at_most: usize,
        mut each: impl FnMut(Result<BorrowedMessage<'_>, KafkaError>),
    ) -> bool {
        let mut all = self.lock();
        let (mut left, first) = (at_most, all.first);
        all.first = if first + 1 < all.queues.len() { first + 1 } else { 0 };
        let turn = all.queues.values().skip(first).chain(all.queues.values().take(first));
        for queue in turn {
            while left > 0
                && let Some(one) = queue.poll(Duration::ZERO)
            {
                each(one);
                left -= 1;
            }
        }
        left == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ByPartition> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the thread of a member. The client rings it under locks of its own, so that nothing else
/// is ever locked together with it.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Bell {
    pub(super) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.heard.notify_one();
    }

    /// Returns once it was rung since the last time, or after this long.
    pub(super) fn wait(&self, at_most: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.heard.wait_timeout_while(rung, at_most, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}
