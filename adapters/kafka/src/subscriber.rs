//! Receiving for one group: a member of it on a thread of its own, and what it fetched.

mod account;
mod context;
mod lanes;
mod queues;
mod reader;
mod state;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use wingman_core::driver::Door;
use wingman_core::transport::{AckToken, Delivery, Settle, Subscriber};
use wingman_core::{Error, Kind, Result};

use self::state::Shared;
use crate::transport::Cluster;

pub(crate) use self::reader::{Opening, group_id, split_group_id};

/// A member of a group that leaves when it is dropped.
#[derive(Debug)]
pub(crate) struct KafkaSubscriber(Arc<Seat>);

/// What the subscriber and its transport share of it.
#[derive(Debug)]
pub(crate) struct Seat {
    cluster: Arc<Cluster>,
    shared: Arc<Shared>,
    door: Door,
    /// One `receive` at a time.
    taking: tokio::sync::Mutex<()>,
}

impl KafkaSubscriber {
    /// Joins the group. Blocks for a moment: what it does has been provisioned.
    pub(crate) fn open(cluster: Arc<Cluster>, opening: Opening) -> Result<Self> {
        let shared = reader::start(&cluster, opening)?;
        let door = Door::new("kafka subscriber");
        Ok(Self(Arc::new(Seat { cluster, shared, door, taking: tokio::sync::Mutex::default() })))
    }

    pub(crate) fn seat(&self) -> &Arc<Seat> {
        &self.0
    }
}

impl Seat {
    fn check_open(&self) -> Result<()> {
        self.door.check()?;
        self.cluster.door.check()
    }

    async fn closing(&self) -> Error {
        tokio::select! {
            closed = self.door.shutting() => closed,
            closed = self.cluster.door.shutting() => closed,
        }
    }

    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        let until = Instant::now() + wait;
        let _one = self.taking.lock().await;
        loop {
            self.check_open()?;
            let (taken, again) = self.shared.take(max)?;
            if !taken.is_empty() {
                return Ok(taken);
            }
            if Instant::now() >= until {
                return Ok(Vec::new());
            }
            let again = again.map_or(until, |again| until.min(Instant::now() + again));
            tokio::select! {
                biased;
                closed = self.closing() => return Err(closed),
                () = self.shared.woken() => {}
                () = tokio::time::sleep_until(again) => {}
            }
        }
    }

    /// Begins to leave the group; what is held goes to another member, or to the next one.
    pub(crate) fn stop(&self) {
        self.door.shut();
        self.shared.stop();
    }

    /// Returns once it has left, for which its client may wait for brokers.
    pub(crate) async fn left(&self) {
        self.shared.ended().await;
    }
}

#[async_trait]
impl Subscriber for KafkaSubscriber {
    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        self.0.receive(max, wait).await
    }

    async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>> {
        self.0.check_open()?;
        Ok(self.0.shared.settle(batch))
    }

    async fn extend(&self, tokens: &[AckToken], _by: Duration) -> Result<Vec<Result<()>>> {
        self.0.check_open()?;
        let unsupported = || {
            let why = "Kafka has no leases: a delivery is held as long as its subscriber lives";
            Error::new(Kind::Unsupported, why).during("extend")
        };
        Ok(tokens.iter().map(|_| Err(unsupported())).collect())
    }

    fn holds(&self, token: &AckToken) -> bool {
        self.0.check_open().is_ok() && self.0.shared.state().lanes.may_begin(token)
    }

    async fn close(&self) -> Result<()> {
        self.0.stop();
        // The client may wait for brokers that are gone; its thread ends without us then.
        let _ = tokio::time::timeout(self.0.cluster.config.reply_time(), self.0.left()).await;
        Ok(())
    }
}

impl Drop for KafkaSubscriber {
    fn drop(&mut self) {
        self.0.shared.stop();
    }
}
