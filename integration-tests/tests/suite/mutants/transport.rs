//! A broker whose transport is sabotaged: opening, topology, capabilities.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use wingman_conformance::{Backend, Faults, Lacks, Timing};
use wingman_core::Result;
use wingman_core::bus::dead_letter;
use wingman_core::clock::Clock;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    Admin, Capabilities, Created, Product, Provision, Publisher, PublisherOptions, StartPosition,
    Subscriber, SubscriberOptions, Support, TopicInfo, Transport,
};

use super::memory;
use super::mutation::Mutation;
use super::publisher::SabotagedPublisher;
use super::subscriber::SabotagedSubscriber;

/// A broker, seen through sabotaged transports.
#[derive(Debug)]
pub(super) struct SabotagedBackend {
    broker: Arc<dyn Backend>,
    mutation: Mutation,
}

impl SabotagedBackend {
    /// A memory broker of its own.
    pub(super) fn new(mutation: Mutation) -> Self {
        Self::around(Arc::new(memory::small()), mutation)
    }

    pub(super) fn around(broker: Arc<dyn Backend>, mutation: Mutation) -> Self {
        Self { broker, mutation }
    }
}

#[async_trait]
impl Backend for SabotagedBackend {
    fn name(&self) -> &str {
        self.broker.name()
    }

    async fn connect(&self) -> Result<Arc<dyn Transport>> {
        let inner = self.broker.connect().await?;
        Ok(Arc::new(SabotagedTransport { inner, mutation: self.mutation }))
    }

    fn clock(&self) -> Clock {
        self.broker.clock()
    }

    fn timing(&self) -> Timing {
        self.broker.timing()
    }

    fn faults(&self) -> Faults {
        self.broker.faults()
    }

    fn lacks(&self) -> Lacks {
        self.broker.lacks()
    }

    async fn restart(&self) -> Result<()> {
        self.broker.restart().await
    }

    async fn cut(&self) -> Result<()> {
        self.broker.cut().await
    }
}

#[derive(Debug)]
struct SabotagedTransport {
    inner: Arc<dyn Transport>,
    mutation: Mutation,
}

impl SabotagedTransport {
    fn provision(&self, asked: Provision) -> Provision {
        let creates = match asked {
            Provision::Ensure => true,
            Provision::Verify => self.mutation == Mutation::VerifyCreates,
            Provision::Never => self.mutation == Mutation::NeverCreates,
        };
        if creates { Provision::Ensure } else { asked }
    }

    fn group(&self, group: &GroupName) -> Result<GroupName> {
        static COPIES: AtomicU64 = AtomicU64::new(0);
        if self.mutation == Mutation::GroupsShare {
            GroupName::new("shared")
        } else if self.mutation == Mutation::ConsumersGetCopies {
            let copy = COPIES.fetch_add(1, Ordering::Relaxed);
            GroupName::new(format!("{group}-{copy}"))
        } else {
            Ok(group.clone())
        }
    }
}

#[async_trait]
impl Transport for SabotagedTransport {
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.inner.capabilities();
        if self.mutation == Mutation::OversizeIsSent {
            // It pretends to take less than it does.
            capabilities.limits.payload_bytes_max /= 2;
        }
        let denied = |denies: Mutation, truth: Support| {
            if self.mutation == denies { Support::Unsupported } else { truth }
        };
        capabilities.delayed_retry = denied(Mutation::RetryIsDenied, capabilities.delayed_retry);
        capabilities.attempt_count =
            denied(Mutation::AttemptsAreDenied, capabilities.attempt_count);
        capabilities.replay = denied(Mutation::ReplayIsDenied, capabilities.replay);
        capabilities
    }

    async fn publisher(
        &self,
        topic: &TopicName,
        options: PublisherOptions,
    ) -> Result<Box<dyn Publisher>> {
        let provision = self.provision(options.provision);
        let inner = self.inner.publisher(topic, PublisherOptions { provision }).await?;
        let is_letter_box = topic.as_str().ends_with(dead_letter::SUFFIX);
        let mutation = match self.mutation {
            Mutation::DeadLettersAreDropped if !is_letter_box => Mutation::Nothing,
            other => other,
        };
        Ok(Box::new(SabotagedPublisher::new(inner, mutation)))
    }

    async fn subscriber(
        &self,
        topic: &TopicName,
        group: &GroupName,
        options: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        let group = self.group(group)?;
        let admin = self.inner.admin()?;
        if self.mutation == Mutation::OpeningMovesTheGroup {
            admin.delete_group(topic, &group).await?;
        }
        let asked = options.lease;
        let holds = [Mutation::LeasesNeverEnd, Mutation::ClosingKeepsDeliveries];
        let options = SubscriberOptions {
            provision: self.provision(options.provision),
            lease: if holds.contains(&self.mutation) { asked * 1_000 } else { asked },
            ..options
        };
        let inner = self.inner.subscriber(topic, &group, options).await?;
        let to_end = self.inner.publisher(topic, PublisherOptions::default()).await?;
        let fixes_late =
            self.mutation == Mutation::LatestIsFixedLate && options.start == StartPosition::Latest;
        let late_start = fixes_late.then(|| (admin, topic.clone(), group));
        let mutation = self.mutation;
        Ok(Box::new(SabotagedSubscriber::new(inner, mutation, asked, to_end, late_start)))
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        let inner = self.inner.admin()?;
        if self.mutation == Mutation::LagIsZero { Ok(Arc::new(NoLag(inner))) } else { Ok(inner) }
    }

    async fn ping(&self) -> Result<()> {
        self.inner.ping().await
    }

    async fn product(&self) -> Result<Product> {
        self.inner.product().await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }

    fn native(&self) -> &dyn Any {
        self.inner.native()
    }
}

/// An admin that says that nothing waits.
#[derive(Debug)]
struct NoLag(Arc<dyn Admin>);

#[async_trait]
impl Admin for NoLag {
    async fn create_topic(&self, topic: &TopicName) -> Result<Created> {
        self.0.create_topic(topic).await
    }

    async fn create_group(
        &self,
        topic: &TopicName,
        group: &GroupName,
        start: StartPosition,
    ) -> Result<Created> {
        self.0.create_group(topic, group, start).await
    }

    async fn delete_topic(&self, topic: &TopicName) -> Result<bool> {
        self.0.delete_topic(topic).await
    }

    async fn delete_group(&self, topic: &TopicName, group: &GroupName) -> Result<bool> {
        self.0.delete_group(topic, group).await
    }

    async fn inspect(&self, topic: &TopicName) -> Result<Option<TopicInfo>> {
        self.0.inspect(topic).await
    }

    async fn lag(&self, topic: &TopicName, group: &GroupName) -> Result<Option<u64>> {
        self.0.lag(topic, group).await.map(|_| Some(0))
    }
}
