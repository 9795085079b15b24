//! What the parts of one transport share.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use wingman_core::Result;
use wingman_core::driver::Door;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::Limits;

use super::connector::{Connector, Purpose};
use crate::config::Config;
use crate::publisher::BATCH_MESSAGES_MAX;
use crate::subscriber::Seat;

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) connector: Connector,
    pub(crate) config: Config,
    pub(crate) door: Door,
    /// Subscribers that were opened and may still live.
    seats: Mutex<Vec<Weak<Seat>>>,
    /// Groups that were made or opened here: the server lists none to a client.
    groups: Mutex<BTreeSet<(TopicName, GroupName)>>,
}

impl Server {
    pub(super) fn new(config: Config) -> Result<Self> {
        Ok(Self {
            connector: Connector::new(&config)?,
            door: Door::new("rabbitmq transport"),
            seats: Mutex::default(),
            groups: Mutex::default(),
            config,
        })
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            payload_bytes_max: self.config.payload_bytes_max,
            batch_messages_max: BATCH_MESSAGES_MAX,
            publish_calls_max: Some(1),
            headers_max: None,
            delay_max: Some(self.config.hold_time()),
            lease_max: None,
            hold_max: Some(self.config.hold_time()),
        }
    }

    pub(super) async fn ping(&self) -> Result<()> {
        self.connector.channel(Purpose::Consuming).await.map(drop)
    }

    /// Remembers a subscriber, to end it with the transport.
    pub(super) fn seat(&self, seat: &Arc<Seat>) {
        let mut seats = lock(&self.seats);
        seats.retain(|seat| seat.strong_count() > 0);
        seats.push(Arc::downgrade(seat));
    }

    /// Remembers a group, to delete it with its topic.
    pub(crate) fn know(&self, topic: &TopicName, group: &GroupName) {
        lock(&self.groups).insert((topic.clone(), group.clone()));
    }

    pub(crate) fn forget(&self, topic: &TopicName, group: &GroupName) {
        lock(&self.groups).remove(&(topic.clone(), group.clone()));
    }

    /// The groups of a topic that were made or opened here.
    pub(crate) fn known(&self, topic: &TopicName) -> Vec<GroupName> {
        let groups = lock(&self.groups);
        groups.iter().filter(|(of, _)| of == topic).map(|(_, group)| group.clone()).collect()
    }

    pub(super) async fn close(&self) {
        self.door.shut();
        let seats: Vec<_> = lock(&self.seats).drain(..).collect();
        for seat in seats.iter().filter_map(Weak::upgrade) {
            seat.leave().await;
        }
        self.door.emptied(self.config.confirm_time()).await;
        self.connector.close().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Collections of plain values: whole at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
