//! What a case makes on the broker: noted where it is asked for, so that it can be removed whatever
//! becomes of the case.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Admin, Capabilities, Created, Product, Provision, Publisher, PublisherOptions, StartPosition,
    Subscriber, SubscriberOptions, TopicInfo, Transport,
};
use wingman_core::{Kind, Result};

/// How soon what could not be removed is tried again.
const AGAIN: Duration = Duration::from_millis(100);

/// Topics, with their groups, that may exist because of one case.
#[derive(Debug, Default)]
pub(crate) struct Footprint(Mutex<BTreeMap<TopicName, BTreeSet<GroupName>>>);

impl Footprint {
    /// A connection whose doings are noted here.
    pub(crate) fn note(self: &Arc<Self>, transport: Arc<dyn Transport>) -> Arc<dyn Transport> {
        Arc::new(Noted { transport, footprint: self.clone() })
    }

    /// The topics.
    pub(crate) fn topics(&self) -> Vec<TopicName> {
        self.made().keys().cloned().collect()
    }

    /// Removes everything; returns what could not be, with the reason. What is in use is tried again
    /// for as long as this: a consumer that was dropped may take a moment to leave.
    pub(crate) async fn erase(&self, transport: &dyn Transport, within: Duration) -> Vec<String> {
        let made = std::mem::take(&mut *self.made());
        let admin = match transport.admin() {
            Ok(admin) => admin,
            Err(error) => return made.keys().map(|topic| format!("{topic}: {error}")).collect(),
        };
        let deadline = Instant::now() + within;
        let mut left = Vec::new();
        for (topic, groups) in made {
            while let Err(error) = erase(&*admin, &topic, &groups).await {
                let is_final = matches!(error.kind(), Kind::Forbidden | Kind::Unauthenticated);
                if is_final || Instant::now() >= deadline {
                    left.push(format!("{topic}: {error}"));
                    break;
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
        left
    }

    fn topic(&self, topic: &TopicName) {
        self.made().entry(topic.clone()).or_default();
    }

    fn group(&self, topic: &TopicName, group: &GroupName) {
        self.made().entry(topic.clone()).or_default().insert(group.clone());
    }

    fn made(&self) -> std::sync::MutexGuard<'_, BTreeMap<TopicName, BTreeSet<GroupName>>> {
        // Names of things: whole at any time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Not every broker lists the groups of a topic, to delete them with it.
async fn erase(admin: &dyn Admin, topic: &TopicName, groups: &BTreeSet<GroupName>) -> Result<()> {
    for group in groups {
        match admin.delete_group(topic, group).await {
            Err(error) if error.kind() != Kind::NotFound => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    admin.delete_topic(topic).await.map(drop)
}

/// Notes before it asks: an answer may be lost.
#[derive(Debug)]
struct Noted {
    transport: Arc<dyn Transport>,
    footprint: Arc<Footprint>,
}

#[async_trait]
impl Transport for Noted {
    fn capabilities(&self) -> Capabilities {
        self.transport.capabilities()
    }

    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>> {
        if options.provision == Provision::Ensure {
            self.footprint.topic(topic);
        }
        self.transport.publisher(topic, options).await
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        if options.provision == Provision::Ensure {
            self.footprint.group(topic, group);
        }
        self.transport.subscriber(topic, group, options).await
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        let (admin, footprint) = (self.transport.admin()?, self.footprint.clone());
        Ok(Arc::new(NotedAdmin { admin, footprint }))
    }

    async fn ping(&self) -> Result<()> {
        self.transport.ping().await
    }

    async fn product(&self) -> Result<Product> {
        self.transport.product().await
    }

    async fn close(&self) -> Result<()> {
        self.transport.close().await
    }

    fn native(&self) -> &dyn Any {
        self.transport.native()
    }
}

#[derive(Debug)]
struct NotedAdmin {
    admin: Arc<dyn Admin>,
    footprint: Arc<Footprint>,
}

#[async_trait]
impl Admin for NotedAdmin {
    async fn create_topic(&self, topic: &TopicName) -> Result<Created> {
        self.footprint.topic(topic);
        self.admin.create_topic(topic).await
    }

    async fn create_group(
        &self,
        topic: &TopicName,
        group: &GroupName,
        start: StartPosition,
    ) -> Result<Created> {
        self.footprint.group(topic, group);
        self.admin.create_group(topic, group, start).await
    }

    async fn delete_topic(&self, topic: &TopicName) -> Result<bool> {
        self.admin.delete_topic(topic).await
    }

    async fn delete_group(&self, topic: &TopicName, group: &GroupName) -> Result<bool> {
        self.admin.delete_group(topic, group).await
    }

    async fn inspect(&self, topic: &TopicName) -> Result<Option<TopicInfo>> {
        self.admin.inspect(topic).await
    }

    async fn lag(&self, topic: &TopicName, group: &GroupName) -> Result<Option<u64>> {
        self.admin.lag(topic, group).await
    }
}
