//! One call of the driver after the other until each message of a batch has its answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::batch::Batch;
use crate::bus::PublishOptions;
use crate::bus::backoff::seed;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result, Retry};
use crate::message::Message;
use crate::name::TopicName;
use crate::transport::{Publisher, PublisherOptions, Receipt, Transport};

/// What the calls for a topic share.
pub(super) struct Caller {
    topic: TopicName,
    transport: Arc<dyn Transport>,
    pub(super) options: PublishOptions,
    pub(super) clock: Clock,
    opened: Mutex<Option<Arc<dyn Publisher>>>,
}

impl Caller {
    pub(super) fn new(
        topic: TopicName,
        transport: Arc<dyn Transport>,
        options: PublishOptions,
        clock: Clock,
    ) -> Self {
        Self { topic, transport, options, clock, opened: Mutex::default() }
    }

    /// Tries a batch until each message has its answer.
    pub(super) async fn send(self: Arc<Self>, mut batch: Batch) {
        let seed = seed();
        batch.expire(self.clock.now());
        for attempt in 1.. {
            if batch.is_empty() {
                return;
            }
            let results = self.try_once(batch.messages()).await;
            let last = attempt >= self.options.attempts_max;
            let Some(asked) = batch.answer(results, last) else {
                return;
            };
            let wait = self.options.backoff.delay(attempt, seed).max(asked);
            tracing::debug!(topic = %self.topic, attempt, ?wait, "Publishing is tried again");
            self.wait(wait, &mut batch).await;
        }
    }

    /// Waits before the next try, and answers whose time is over meanwhile.
    async fn wait(&self, wait: Duration, batch: &mut Batch) {
        let end = self.clock.now() + wait;
        while let Some(deadline) = batch.first_deadline() {
            self.clock.sleep_until(deadline.min(end)).await;
            batch.expire(self.clock.now());
            if self.clock.now() >= end {
                return;
            }
        }
    }

    /// Closes the publisher, when no call is under way.
    pub(super) async fn close(&self) {
        if let Some(publisher) = self.opened.lock().await.take()
            && let Err(error) = publisher.close().await
        {
            tracing::warn!(topic = %self.topic, %error, "Closing a publisher failed");
        }
    }

    async fn try_once(&self, messages: &[Message]) -> Result<Vec<Result<Receipt>>> {
        let publisher = tokio::select! {
            publisher = self.publisher() => publisher?,
            () = self.clock.sleep(self.options.timeout) => return Err(self.unopened()),
        };
        let results = tokio::select! {
            results = publisher.publish(messages) => results,
            () = self.clock.sleep(self.options.timeout) => {
                return Ok(messages.iter().map(|_| Err(self.unanswered())).collect());
            }
        };
        match results {
            Err(error) if error.kind() == Kind::Closed => {
                self.forget(&publisher).await;
                Err(error)
            }
            Ok(results) if results.len() != messages.len() => {
                Err(Error::new(Kind::Internal, "the driver did not answer for each message"))
            }
            results => results,
        }
    }

    /// The publisher of all calls: the first one opens it, and the others wait for that.
    async fn publisher(&self) -> Result<Arc<dyn Publisher>> {
        let mut opened = self.opened.lock().await;
        if let Some(publisher) = &*opened {
            return Ok(Arc::clone(publisher));
        }
        let options = PublisherOptions { provision: self.options.provision };
        let publisher: Arc<dyn Publisher> =
            Arc::from(self.transport.publisher(&self.topic, options).await?);
        *opened = Some(Arc::clone(&publisher));
        Ok(publisher)
    }

    /// The next call opens another one, unless one did already.
    async fn forget(&self, closed: &Arc<dyn Publisher>) {
        let mut opened = self.opened.lock().await;
        if opened.as_ref().is_some_and(|opened| Arc::ptr_eq(opened, closed)) {
            *opened = None;
        }
    }

    fn unopened(&self) -> Error {
        Error::new(Kind::Timeout, "the publisher did not open in time")
            .during("publish")
            .with("topic", &self.topic)
            .retrying(Retry::Temporary { after: None })
    }

    fn unanswered(&self) -> Error {
        Error::new(Kind::Unknown, "the broker did not confirm in time")
            .during("publish")
            .with("topic", &self.topic)
    }
}
