//! A subscriber's place at the queue of its group.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use wingman_core::driver::Door;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{AckToken, Delivery, Provision, SubscriberOptions};
use wingman_core::{Error, Kind, Result};

use super::leases::Leases;
use crate::admin::{groups, topics};
use crate::transport::Account;

/// The longest that one call waits (SQS API, "ReceiveMessage").
const POLL_MAX: Duration = Duration::from_secs(20);
/// How long leaving waits for a call that is under way; what that brings later goes back at once.
const LEAVING_TIME: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Seat {
    pub(super) account: Arc<Account>,
    pub(super) topic: TopicName,
    pub(super) group: GroupName,
    pub(super) options: SubscriberOptions,
    pub(super) door: Door,
    pub(super) queue: Queue,
    /// One `receive` at a time.
    taking: tokio::sync::Mutex<()>,
    leases: Mutex<Leases>,
}

#[derive(Debug)]
pub(super) struct Queue {
    pub(super) url: String,
    /// The topic whose notifications they are taken out of; without one they come as they were
    /// published.
    pub(super) notified_by: Option<String>,
}

impl Seat {
    /// Finds the queue of the group, and how the topic delivers to it.
    pub(crate) async fn open(
        account: Arc<Account>,
        topic: TopicName,
        group: GroupName,
        options: SubscriberOptions,
    ) -> Result<Self> {
        let is_raw = match options.provision {
            // No subscription of ours is behind it: what is in it is taken as it stands.
            _ if topic.is_existing() => true,
            Provision::Ensure | Provision::Verify => {
                groups::is_raw(&account, &topic, &group).await?
            }
            Provision::Never => account.config.raw,
        };
        if !is_raw {
            tracing::warn!(%topic, %group, "The subscription is not raw: messages are taken out of their notifications");
        }
        let queue = Queue {
            url: groups::require_url(&account, &topic, &group).await?,
            notified_by: match is_raw {
                true => None,
                false => Some(account.topic_arn(&topic).await?),
            },
        };
        Ok(Self {
            account,
            topic,
            group,
            options,
            door: Door::new("sns-sqs subscriber"),
            queue,
            taking: tokio::sync::Mutex::default(),
            leases: Mutex::new(Leases::new()),
        })
    }

    /// Waits in whole seconds: the service knows no others.
    pub(super) async fn receive(
        self: &Arc<Self>,
        max: NonZeroUsize,
        wait: Duration,
    ) -> Result<Vec<Delivery>> {
        let until = Instant::now() + wait;
        let _one = self.taking.lock().await;
        loop {
            self.check_open()?;
            let left = until.saturating_duration_since(Instant::now());
            match self.take(max, left.min(POLL_MAX)).await {
                Ok(taken) if taken.is_empty() && Instant::now() < until => {}
                Err(error) if error.kind() == Kind::NotFound => self.recreate(error).await?,
                taken => return taken,
            }
        }
    }

    /// One call in a task of its own, which nobody can cancel. What it brings to nobody goes back.
    async fn take(self: &Arc<Self>, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        let (hand_over, handed_over) = oneshot::channel();
        let seat = self.clone();
        tokio::spawn(async move {
            let Ok(_inside) = seat.door.enter().await else {
                return;
            };
            let taken = seat.poll(max, wait).await;
            if let Err(Ok(left)) = hand_over.send(taken) {
                seat.hand_back(left).await;
            }
        });
        tokio::select! {
            biased;
            closed = self.closing() => Err(closed),
            taken = handed_over => taken.unwrap_or_else(|_| {
                self.check_open()?;
                Err(Error::new(Kind::Unavailable, "the runtime ended the call").during("receive"))
            }),
        }
    }

    /// The queue is gone: somebody deleted it.
    async fn recreate(&self, missing: Error) -> Result<()> {
        self.leases().lose();
        match self.options.provision {
            Provision::Ensure if !self.topic.is_existing() => {
                tracing::warn!(topic = %self.topic, group = %self.group, "The queue is gone and is made again; what it held is lost");
                topics::create(&self.account, &self.topic).await?;
                groups::create(&self.account, &self.topic, &self.group).await.map(drop)
            }
            Provision::Ensure | Provision::Verify | Provision::Never => {
                Err(missing.with("topic", &self.topic).with("group", &self.group))
            }
        }
    }

    /// Leaves once; what is held goes back at once.
    pub(crate) async fn leave(&self) {
        if !self.door.shut() {
            return;
        }
        self.door.emptied(LEAVING_TIME).await;
        let held = self.leases().drain(Instant::now());
        self.release(held).await;
    }

    /// Whether a hand-over is ours, by our own clock.
    pub(super) fn holds(&self, token: &AckToken) -> bool {
        self.check_open().is_ok() && self.leases().handle(token, Instant::now()).is_some()
    }

    pub(super) fn check_open(&self) -> Result<()> {
        self.door.check()?;
        self.account.door.check()
    }

    pub(super) fn leases(&self) -> MutexGuard<'_, Leases> {
        // Each change of it is whole.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn closing(&self) -> Error {
        tokio::select! {
            closed = self.door.shutting() => closed,
            closed = self.account.door.shutting() => closed,
        }
    }
}
