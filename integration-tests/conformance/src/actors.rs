//! Who acts in a case: a producer and a consumer whose every wait is bounded.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use wingman_core::message::Message;
use wingman_core::transport::{AckToken, Delivery, Publisher, Receipt, Settle, Subscriber};
use wingman_core::{Kind, Result};

use crate::backend::Timing;
use crate::expect::{Failure, Verdict, equal};

/// The most that a consumer asks for at once.
const BATCH: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// A publisher whose messages must be confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Producer(pub(crate) Arc<dyn Publisher>);

impl Producer {
    pub(crate) fn new(publisher: Box<dyn Publisher>) -> Self {
        Self(publisher.into())
    }

    /// Publishes in batches that any broker takes; all must be confirmed.
    pub(crate) async fn send(&self, messages: &[Message]) -> Verdict<Vec<Receipt>> {
        let mut receipts = Vec::with_capacity(messages.len());
        for batch in messages.chunks(10) {
            let results = self.0.publish(batch).await?;
            equal("results of one publish", batch.len(), results.len())?;
            for result in results {
                receipts.push(result?);
            }
        }
        Ok(receipts)
    }

    /// Publishes unkeyed messages with these payloads.
    pub(crate) async fn send_bodies<B: AsRef<str>>(&self, bodies: &[B]) -> Verdict {
        let message = |body: &B| Message::new(Bytes::copy_from_slice(body.as_ref().as_bytes()));
        let messages: Vec<_> = bodies.iter().map(message).collect();
        self.send(&messages).await.map(drop)
    }
}

/// A subscriber that waits no longer than the backend's timing.
#[derive(Debug, Clone)]
pub(crate) struct Consumer {
    pub(crate) subscriber: Arc<dyn Subscriber>,
    timing: Timing,
}

impl Consumer {
    pub(crate) fn new(subscriber: Box<dyn Subscriber>, timing: Timing) -> Self {
        Self { subscriber: subscriber.into(), timing }
    }

    /// Exactly this many deliveries, within the backend's patience.
    pub(crate) async fn take(&self, count: usize) -> Verdict<Vec<Delivery>> {
        let deadline = Instant::now() + self.timing.patience;
        let mut taken: Vec<Delivery> = Vec::new();
        while taken.len() < count {
            let max = at_most(count - taken.len());
            let wait = deadline.saturating_duration_since(Instant::now());
            let more = self.receive(max, wait).await?;
            if more.is_empty() && Instant::now() >= deadline {
                let seen = bodies(&taken);
                let why = format!("expected {count} deliveries, seen {}: {seen:?}", seen.len());
                return Err(Failure::new(why));
            }
            taken.extend(more);
        }
        Ok(taken)
    }

    /// Exactly one delivery.
    pub(crate) async fn take_one(&self) -> Verdict<Delivery> {
        let mut taken = self.take(1).await?;
        taken.pop().ok_or_else(|| Failure::new("expected a delivery, seen none"))
    }

    /// Fails if anything comes within this time.
    pub(crate) async fn nothing_for(&self, time: Duration) -> Verdict {
        let deadline = Instant::now() + time;
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            let came = self.receive(BATCH, wait).await?;
            equal("deliveries that must not come", Vec::new(), bodies(&came))?;
            if Instant::now() >= deadline {
                return Ok(());
            }
        }
    }

    /// Fails if anything comes while the suite believes that it could.
    pub(crate) async fn nothing(&self) -> Verdict {
        self.nothing_for(self.timing.quiet).await
    }

    /// Everything that comes until nothing does; each is acked. So many must come, and are waited for
    /// with patience.
    pub(crate) async fn drain(&self, count: usize) -> Verdict<Vec<Delivery>> {
        let mut all = Vec::new();
        let (deadline, patience) =
            (Instant::now() + self.timing.case, Instant::now() + self.timing.patience);
        while Instant::now() < deadline {
            let left = patience.saturating_duration_since(Instant::now());
            let is_waited_for = all.len() < count && !left.is_zero();
            let wait = if is_waited_for { left } else { self.timing.quiet };
            let more = self.receive(BATCH, wait).await?;
            if more.is_empty() && !is_waited_for {
                return Ok(all);
            }
            self.ack(&more).await?;
            all.extend(more);
        }
        Err(Failure::new("expected an end of deliveries, seen none"))
    }

    /// Settles everything; all must be accepted.
    pub(crate) async fn ack(&self, deliveries: &[Delivery]) -> Verdict {
        for delivery in deliveries {
            self.settle(delivery, Settle::Ack).await?;
        }
        Ok(())
    }

    /// Settles one delivery.
    pub(crate) async fn settle(&self, delivery: &Delivery, how: Settle) -> Result<()> {
        let batch = [(delivery.token.clone(), how)];
        only(self.subscriber.settle(&batch).await?)
    }

    /// Extends one lease.
    pub(crate) async fn extend(&self, token: &AckToken, by: Duration) -> Result<()> {
        only(self.subscriber.extend(std::slice::from_ref(token), by).await?)
    }

    /// Receives again and again while the broker is away, as the bus does; within its patience.
    pub(crate) async fn receive_through_outage(&self) -> Verdict<Vec<Delivery>> {
        let deadline = Instant::now() + self.timing.patience;
        loop {
            match self.subscriber.receive(BATCH, self.timing.quiet).await {
                Ok(deliveries) => return Ok(deliveries),
                Err(error) if error.kind() == Kind::Unavailable && Instant::now() < deadline => {
                    // A driver may say so at once while the broker is away.
                    tokio::time::sleep(self.timing.quiet / 10).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Verdict<Vec<Delivery>> {
        let deliveries = self.subscriber.receive(max, wait).await?;
        if deliveries.len() > max.get() {
            let seen = deliveries.len();
            return Err(Failure::new(format!("expected at most {max} deliveries, seen {seen}")));
        }
        Ok(deliveries)
    }
}

/// Payloads as text, in order.
pub(crate) fn bodies(deliveries: &[Delivery]) -> Vec<String> {
    let body = |delivery: &Delivery| String::from_utf8_lossy(&delivery.message.payload).into();
    deliveries.iter().map(body).collect()
}

/// Payloads as text, sorted.
pub(crate) fn sorted(deliveries: &[Delivery]) -> Vec<String> {
    let mut bodies = bodies(deliveries);
    bodies.sort();
    bodies
}

/// `a-000` and so on.
pub(crate) fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}-{number:03}")).collect()
}

pub(crate) fn at_most(max: usize) -> NonZeroUsize {
    NonZeroUsize::new(max).unwrap_or(NonZeroUsize::MIN)
}

fn only(mut results: Vec<Result<()>>) -> Result<()> {
    let one = results.pop().unwrap_or_else(|| {
        let why = "no result for one token";
        Err(wingman_core::Error::new(Kind::Internal, why))
    });
    if results.is_empty() {
        one
    } else {
        let why = "more results than tokens";
        Err(wingman_core::Error::new(Kind::Internal, why))
    }
}
