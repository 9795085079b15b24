//! The bus: everything between a driver and handlers that is the same for every broker. Publish
//! batching, retry, lanes by key, lease keep-alive, dead letters, back-pressure and drain.

mod apart;
pub(crate) mod backoff;
mod dispatch;
mod options;
mod program;
mod publishing;
mod queue;
mod schedule;
pub(crate) mod subscription;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use backoff::Backoff;
pub use options::{BusOptions, PublishOptions};
pub use program::Handlers;
pub use queue::Queue;
pub use schedule::RetrySchedule;
pub use subscription::{
    Counts, Declared, DrainReport, Mapping, Place, Subscription, SubscriptionOptions,
    SubscriptionState, SubscriptionStatus, dead_letter,
};

use self::apart::Taker;
use self::program::Registration;
use self::publishing::{Job, TopicPublisher};
use self::subscription::Control;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::event::CloudEvent;
use crate::message::Message;
use crate::name::{GroupName, Namespace, TopicName};
use crate::transport::{Capabilities, Receipt, Transport};

/// What subscriptions get to end in when the bus is closed.
const CLOSE_GRACE: Duration = Duration::from_secs(10);

/// Publishes events and runs handlers on one transport. Cloning shares it.
#[derive(Clone)]
pub struct Bus {
    inner: Arc<Inner>,
    namespace: Namespace,
}

struct Inner {
    transport: Arc<dyn Transport>,
    options: BusOptions,
    /// `None` once the bus is closed.
    publishers: Mutex<Option<HashMap<TopicName, Publishing>>>,
    subscriptions: Mutex<Vec<Arc<Control>>>,
    registered: Mutex<Vec<Registration>>,
}

/// The queue and the task of a topic.
struct Publishing {
    jobs: mpsc::Sender<Job>,
    task: JoinHandle<()>,
}

impl Bus {
    /// A bus with the default options.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self::with_options(transport, BusOptions::default())
    }

    /// A bus.
    pub fn with_options(transport: Arc<dyn Transport>, options: BusOptions) -> Self {
        Self {
            namespace: options.namespace.clone(),
            inner: Arc::new(Inner {
                transport,
                options,
                publishers: Mutex::new(Some(HashMap::new())),
                subscriptions: Mutex::default(),
                registered: Mutex::default(),
            }),
        }
    }

    /// The same bus, with another namespace in front of the topics and groups that it derives.
    #[must_use]
    pub fn namespace(mut self, namespace: Namespace) -> Self {
        self.namespace = namespace;
        self
    }

    /// The transport.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.inner.transport
    }

    /// Where it reads the time.
    pub fn clock(&self) -> &Clock {
        &self.inner.options.clock
    }

    /// What the transport can do.
    pub fn capabilities(&self) -> Capabilities {
        self.inner.transport.capabilities()
    }

    /// The topic of an event type: its route, or its name, in the namespace.
    ///
    /// # Errors
    /// [`Kind::InvalidName`] if the type cannot be a topic's name and no route says otherwise.
    pub fn topic_of(&self, event_type: &str) -> Result<TopicName> {
        let route = self.inner.options.routes.get(event_type);
        self.namespace.topic(route.map_or(event_type, String::as_str))
    }

    /// The group of a handler: its name, in the namespace.
    ///
    /// # Errors
    /// [`Kind::InvalidName`].
    pub fn group_of(&self, handler: &str) -> Result<GroupName> {
        self.namespace.group(handler)
    }

    /// Where the dead letters of a topic go: `NAME.dead-letters`, in the namespace. What may not stand
    /// in a name of ours is replaced in a team's, and a digest of it tells it apart.
    ///
    /// # Errors
    /// [`Kind::InvalidName`] if the namespace leaves no room for it.
    pub fn dead_letters_of(&self, topic: &TopicName) -> Result<TopicName> {
        dead_letter::topic_of(topic, &self.namespace)
    }

    /// Publishes an event to the topic of its type, in binary mode. `Ok` means that the broker has
    /// it (T1), for the groups that there are: [`Bus::start`] makes those of a program's handlers.
    ///
    /// # Errors
    /// Those of [`Bus::topic_of`], [`CloudEvent::to_message`] and [`Bus::publish_message`].
    pub async fn publish(&self, event: &CloudEvent) -> Result<Receipt> {
        let topic = self.topic_of(event.ty())?;
        self.publish_message(&topic, event.to_message()?).await
    }

    /// Publishes a message. Concurrent calls for one topic share calls of the driver. Messages of one
    /// key are in the order of the calls (T3); of those without a key, one that is tried again may come
    /// behind later ones, unless [`PublishOptions::calls_max`] is 1. What certainly did not happen is
    /// tried again by [`PublishOptions`].
    ///
    /// # Errors
    /// - [`Kind::Unknown`]: the broker did not confirm; it may or may not have the message.
    /// - [`Kind::Timeout`]: the message could not be sent in time; the broker does not have it.
    /// - [`Kind::Closed`]: the bus is closed. [`Kind::Overloaded`]: too many topics.
    /// - Whatever the driver says is permanent, such as [`Kind::Oversize`].
    pub async fn publish_message(&self, topic: &TopicName, message: Message) -> Result<Receipt> {
        let jobs = self.jobs(topic)?;
        let (reply, receipt) = oneshot::channel();
        let deadline = self.clock().now() + self.inner.options.publish.timeout;
        let job = Job { message, reply, deadline };
        jobs.send(job).await.map_err(|_| closed("publish"))?;
        drop(jobs);
        receipt.await.unwrap_or_else(|_| {
            Err(Error::new(Kind::Unknown, "the publisher's task ended before its answer")
                .during("publish"))
        })
    }

    /// Subscribes a handler. Returns once the broker was asked: while it is down, the subscription
    /// keeps trying in the background and says so in its status.
    ///
    /// # Errors
    /// - [`Kind::Configuration`], [`Kind::Unsupported`]: the options, or this backend, do not
    ///   allow it; among them a retry schedule that an ordered subscription may not hold, and a
    ///   team's queue that another group of this bus takes from, where the queue is the group.
    /// - Whatever the driver says is permanent: [`Kind::NotFound`], [`Kind::Forbidden`], …
    /// - [`Kind::Closed`]: the bus is closed.
    pub async fn subscribe(&self, subscription: SubscriptionOptions) -> Result<Subscription> {
        if lock(&self.inner.publishers).is_none() {
            return Err(closed("subscribe"));
        }
        let (group, capabilities) = (subscription.group.clone(), self.capabilities());
        Taker::new(group.as_str(), &subscription)
            .apart_from_running(&self.subscriptions(), &capabilities)?;
        let subscription = subscription::open(self, subscription).await?;
        let control = Arc::clone(subscription.control());
        let mut all = lock(&self.inner.subscriptions);
        all.retain(|control| !control.has_ended());
        // Another one may have come while this one was opened.
        Taker::running(&control).apart_from_running(&all, &capabilities)?;
        all.push(control);
        drop(all);
        Ok(subscription)
    }

    /// Drains every subscription with a grace of 10 s, then flushes what is being published and
    /// closes the transport. Idempotent.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn close(&self) -> Result<()> {
        let subscriptions = std::mem::take(&mut *lock(&self.inner.subscriptions));
        join_all(subscriptions.iter().map(|control| control.drain(CLOSE_GRACE))).await;
        let publishers = lock(&self.inner.publishers).take();
        for Publishing { jobs, task } in publishers.into_iter().flat_map(HashMap::into_values) {
            // The task ends once it has answered everything that is queued.
            drop(jobs);
            if task.await.is_err() {
                tracing::error!("A publisher's task panicked");
            }
        }
        self.inner.transport.close().await
    }

    /// The subscriptions that have not ended.
    pub(crate) fn subscriptions(&self) -> Vec<Arc<Control>> {
        let mut all = lock(&self.inner.subscriptions);
        all.retain(|control| !control.has_ended());
        all.clone()
    }

    fn jobs(&self, topic: &TopicName) -> Result<mpsc::Sender<Job>> {
        let mut publishers = lock(&self.inner.publishers);
        let publishers = publishers.as_mut().ok_or_else(|| closed("publish"))?;
        if let Some(publishing) = publishers.get(topic) {
            return Ok(publishing.jobs.clone());
        }
        let options = self.inner.options.publish.clone();
        if publishers.len() >= options.topics_max {
            return Err(Error::new(Kind::Overloaded, "more topics than `topics_max`")
                .during("publish")
                .with("topics_max", options.topics_max));
        }
        let (jobs, queue) = mpsc::channel(options.queue_messages_max.get());
        let (transport, clock) = (Arc::clone(self.transport()), self.clock().clone());
        let publisher = TopicPublisher::new(topic.clone(), transport, options, clock, queue);
        let task = tokio::spawn(publisher.run());
        publishers.insert(topic.clone(), Publishing { jobs: jobs.clone(), task });
        Ok(jobs)
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus")
            .field("transport", &self.inner.transport)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

fn closed(operation: &'static str) -> Error {
    Error::new(Kind::Closed, "the bus is closed").during(operation)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
