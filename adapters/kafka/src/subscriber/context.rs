//! What the client tells a member: partitions come and go. Called on its own thread only,
//! while it polls.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::util::Timeout;

use super::account::Account;
use super::state::Shared;
use crate::transport::log;

pub(super) struct MemberContext {
    pub(super) shared: Arc<Shared>,
    /// How long partitions that go wait for what is being handled.
    pub(super) revoke_time: Duration,
    pub(super) reply_time: Duration,
}

impl ClientContext for MemberContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    /// Polling returns the same error.
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for MemberContext {
    fn pre_rebalance(&self, member: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                let partitions = partitions(list);
                tracing::debug!(topic = %self.shared.topic, ?partitions, "Partitions came");
                self.shared.open_queues(&partitions);
                let mut accounts = self.accounts(member, &partitions);
                let mut state = self.shared.state();
                for partition in partitions {
                    let account = accounts.remove(&partition).unwrap_or_default();
                    state.lanes.assign(partition, account);
                }
            }
            Rebalance::Revoke(list) => self.revoke(member, &partitions(list)),
            Rebalance::Error(error) => {
                tracing::warn!(topic = %self.shared.topic, %error, "The group could not agree on its partitions");
            }
        }
    }

    fn main_queue_min_poll_interval(&self) -> Timeout {
        Timeout::After(Duration::from_millis(100))
    }
}

impl MemberContext {
    /// What the members before left of these partitions.
    fn accounts(&self, member: &BaseConsumer<Self>, partitions: &[i32]) -> BTreeMap<i32, Account> {
        let topic = self.shared.topic.as_str();
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition(topic, *partition);
        }
        // The client panics at metadata that is not UTF-8, which others may have written.
        let read = |element: &TopicPartitionListElem<'_>| {
            catch_unwind(AssertUnwindSafe(|| Account::read(element.metadata()))).unwrap_or_default()
        };
        match member.committed_offsets(list, self.reply_time) {
            Ok(list) => list.elements().iter().map(|it| (it.partition(), read(it))).collect(),
            Err(error) => {
                tracing::debug!(topic, %error, "What was attempted before is not known");
                BTreeMap::new()
            }
        }
    }

    fn revoke(&self, member: &BaseConsumer<Self>, partitions: &[i32]) {
        tracing::debug!(topic = %self.shared.topic, ?partitions, "Partitions go");
        // Where the assignment is lost, others have them already.
        if !member.assignment_lost() {
            let mut state = self.shared.state();
            partitions.iter().for_each(|partition| state.lanes.leave(*partition));
            drop(state);
            self.shared.wait_until_settled(partitions, self.revoke_time);
            self.shared.part(member, partitions);
        }
        partitions.iter().for_each(|partition| self.shared.queues.close(*partition));
        let mut state = self.shared.state();
        partitions.iter().for_each(|partition| state.lanes.remove(*partition));
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<i32> {
    list.elements().iter().map(|element| element.partition()).collect()
}
