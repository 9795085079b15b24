//! The bus alone: no gate, and what is given up goes to the topic of dead letters.

use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use wingman_core::bus::dead_letter::{self, Cause, DeadLetter};
use wingman_core::bus::{Bus, Subscription};
use wingman_core::name::TopicName;
use wingman_core::transport::{Delivery, Settle, SubscriberOptions};
use wingman_core::{Error, Kind, Result};

use super::{GivenUp, Harness, Process, Why, Work};

/// The most dead letters that are read at once.
const BATCH: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// The bus without a gate.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainBus;

#[async_trait]
impl Harness for PlainBus {
    fn name(&self) -> &str {
        "bus"
    }

    fn is_governed(&self) -> bool {
        false
    }

    async fn start(&self, bus: Bus, work: Work) -> Result<Box<dyn Process>> {
        let subscription = bus.subscribe(work.subscription(&bus)?).await?;
        Ok(Box::new(PlainProcess { subscription }))
    }

    async fn given_up(
        &self,
        bus: &Bus,
        topic: &TopicName,
        count: usize,
        within: Duration,
    ) -> Result<Vec<GivenUp>> {
        let deadline = Instant::now() + within;
        let topic = bus.dead_letters_of(topic)?;
        let group = bus.group_of(dead_letter::GROUP)?;
        let ordered = bus.transport().capabilities().order_by_key.is_supported();
        let options = SubscriberOptions { ordered, ..SubscriberOptions::default() };
        let subscriber = bus.transport().subscriber(&topic, &group, options).await?;
        let mut letters = Vec::new();
        while letters.len() < count && Instant::now() < deadline {
            let wait = deadline.saturating_duration_since(Instant::now());
            for delivery in subscriber.receive(BATCH, wait).await? {
                letters.push(read(&delivery)?);
                let acked = subscriber.settle(&[(delivery.token, Settle::Ack)]).await?;
                acked.into_iter().collect::<Result<Vec<_>>>()?;
            }
        }
        subscriber.close().await?;
        Ok(letters)
    }
}

#[derive(Debug)]
struct PlainProcess {
    subscription: Subscription,
}

#[async_trait]
impl Process for PlainProcess {
    fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    async fn stop(self: Box<Self>, grace: Duration) {
        self.subscription.drain(grace).await;
    }
}

fn read(delivery: &Delivery) -> Result<GivenUp> {
    let letter = DeadLetter::from_message(&delivery.message)?;
    let letter = letter.ok_or_else(|| {
        let text = "a message among the dead letters does not say why it is there";
        Error::new(Kind::Malformed, text)
    })?;
    let last = letter.attempts.last().map(|attempt| attempt.cause);
    Ok(GivenUp {
        why: last.map_or(Why::Other, why),
        reasons: (letter.attempts.into_iter()).map(|attempt| attempt.reason).collect(),
        payload: delivery.message.payload.clone(),
    })
}

fn why(cause: Cause) -> Why {
    match cause {
        Cause::Undecodable => Why::Undecodable,
        Cause::Unexpected => Why::Unexpected,
        Cause::Structural => Why::Structural,
        Cause::Environmental | Cause::Panicked | Cause::TimedOut => Why::Exhausted,
        Cause::Crashing | Cause::Unpublishable => Why::Other,
    }
}
