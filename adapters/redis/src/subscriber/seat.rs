//! A subscriber's place in its group, across the links that it has one after the other.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use wingman_core::clock::Clock;
use wingman_core::driver::Door;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Delivery, Provision, StartPosition, SubscriberOptions};
use wingman_core::{Error, Kind, Result};

use super::SideKeys;
use super::link::{Link, SharedLink, leave};
use super::take::{Look, Taking};
use crate::admin::topology;
use crate::transport::ServerLink;

#[derive(Debug)]
pub(crate) struct Seat {
    pub(super) server: Arc<ServerLink>,
    pub(super) topic: TopicName,
    pub(super) group: GroupName,
    pub(super) options: SubscriberOptions,
    pub(super) keys: SideKeys,
    pub(super) clock: Clock,
    gate: Door,
    /// One `receive` at a time.
    taking: tokio::sync::Mutex<Taking>,
    current: Mutex<Option<SharedLink>>,
}

impl Seat {
    pub(crate) fn new(
        server: Arc<ServerLink>,
        topic: TopicName,
        group: GroupName,
        options: SubscriberOptions,
    ) -> Self {
        Self {
            keys: SideKeys::new(&topic, group.as_str()),
            server,
            topic,
            group,
            options,
            clock: Clock::system(),
            gate: Door::new("redis subscriber"),
            taking: tokio::sync::Mutex::default(),
            current: Mutex::default(),
        }
    }

    /// Opens the first link.
    pub(crate) async fn join(&self) -> Result<()> {
        let mut taking = self.taking.lock().await;
        self.link(&mut taking).await.map(drop)
    }

    pub(super) async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        let until = Instant::now() + wait;
        let mut taking = self.taking.lock().await;
        loop {
            self.check_open()?;
            let looked = tokio::select! {
                biased;
                closed = self.closing() => return Err(closed),
                looked = self.look(&mut taking, max) => looked?,
            };
            let (link, again) = match looked {
                Look::Taken(deliveries) => return Ok(deliveries),
                Look::Nothing { link, again } => (link, again),
            };
            if Instant::now() >= until {
                return Ok(Vec::new());
            }
            tokio::select! {
                biased;
                closed = self.closing() => return Err(closed),
                () = link.connection.health().lost() => return Err(self.lost()),
                () = link.wake.woken() => {}
                () = tokio::time::sleep_until(again.min(until)) => {}
            }
        }
    }

    /// One look, on a link that works.
    async fn look(&self, taking: &mut Taking, max: NonZeroUsize) -> Result<Look> {
        let link = self.link(taking).await?;
        let looked = taking.look(self, &link, max).await;
        match looked {
            Err(error) if error.kind() == Kind::NotFound => {
                self.forget(&link);
                self.recreate(error).await?;
                // The ownership may have outlived the group.
                *taking = Taking::after(&link.consumer);
                let again = Instant::now();
                Ok(Look::Nothing { link, again })
            }
            Err(error) if link.is_lost() => Err(self.lost().because(error)),
            looked => looked,
        }
    }

    /// The link, opened again if it was lost.
    async fn link(&self, taking: &mut Taking) -> Result<SharedLink> {
        if let Some(link) = self.current() {
            if !link.is_lost() {
                return Ok(link);
            }
            self.forget(&link);
            *taking = Taking::after(&link.consumer);
        }
        let link = Arc::new(Link::open(self, taking.before()).await?);
        // One that was closed meanwhile does not come back.
        self.check_open()?;
        *self.current_slot() = Some(link.clone());
        Ok(link)
    }

    /// The group is gone: somebody deleted it, or flushed the server.
    async fn recreate(&self, missing: Error) -> Result<()> {
        match self.options.provision {
            Provision::Ensure => {
                tracing::warn!(topic = %self.topic, group = %self.group, "The group is gone and is created again, from the oldest message that is left");
                let connection = self.server.connector.shared().await?;
                if self.topic.is_existing() {
                    topology::require(&connection, &self.topic, None).await?;
                } else {
                    topology::create_topic(&connection, &self.topic).await?;
                }
                // From the oldest: what came since it went must not be lost.
                let start = StartPosition::Earliest;
                topology::create_group(&connection, &self.topic, &self.group, start).await.map(drop)
            }
            Provision::Verify | Provision::Never => {
                Err(missing.with("topic", &self.topic).with("group", &self.group))
            }
        }
    }

    /// Leaves the group once; what is held goes back at once.
    pub(crate) async fn leave(&self) {
        if !self.gate.shut() {
            return;
        }
        let Some(link) = self.current_slot().take() else {
            return;
        };
        if !link.is_lost() {
            leave(self, &link.connection, &link.consumer).await;
        } else if let Ok(connection) = self.server.connector.shared().await {
            leave(self, &connection, &link.consumer).await;
        }
    }

    pub(super) fn check_open(&self) -> Result<()> {
        self.gate.check()?;
        self.server.gate.check()
    }

    /// The link that tokens may be of.
    pub(super) fn current(&self) -> Option<SharedLink> {
        self.current_slot().clone()
    }

    async fn closing(&self) -> Error {
        tokio::select! {
            closed = self.gate.shutting() => closed,
            closed = self.server.gate.shutting() => closed,
        }
    }

    fn forget(&self, link: &SharedLink) {
        let mut current = self.current_slot();
        if current.as_ref().is_some_and(|one| Arc::ptr_eq(one, link)) {
            *current = None;
        }
    }

    fn current_slot(&self) -> std::sync::MutexGuard<'_, Option<SharedLink>> {
        // One pointer: whole at any time.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lost(&self) -> Error {
        Error::new(Kind::Unavailable, "the connection to the server was lost")
            .during("receive")
            .with("topic", &self.topic)
            .with("group", &self.group)
    }
}
