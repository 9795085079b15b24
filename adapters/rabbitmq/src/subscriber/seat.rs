//! A subscriber's place in its group, across the links that it has one after the other.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::maybe_done;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::options::BasicAckOptions;
use lapin::{Consumer, message::Delivery as Native};
use tokio::time::Instant;
use wingman_core::clock::Clock;
use wingman_core::driver::Door;
use wingman_core::message::HeadersBuilder;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{AckToken, Delivery, Provision, Settle, SubscriberOptions};
use wingman_core::{Error, Kind, Result};

use super::link::Link;
use super::shelf::{Ack, Known};
use crate::admin::topology::{self, Standing};
use crate::codec;
use crate::error::{Doing, has_failed_inside};
use crate::transport::{Server, begin, bounded};

/// How soon a queue that was being made is likely to run.
const QUEUE_STARTS_WITHIN: Duration = Duration::from_millis(100);

/// The headers of some hundred messages share one allocation.
const HEADERS_BYTES: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Seat {
    pub(super) server: Arc<Server>,
    pub(super) topic: TopicName,
    pub(super) group: GroupName,
    pub(super) options: SubscriberOptions,
    clock: Clock,
    door: Door,
    /// One `receive` at a time.
    taking: tokio::sync::Mutex<Taking>,
    current: Mutex<Option<Arc<Link>>>,
}

/// What only `receive` has.
#[derive(Debug)]
struct Taking {
    consumer: Option<Consumer>,
    standing: Standing,
    /// Of the link before.
    known: Known,
    headers: HeadersBuilder,
}

impl Seat {
    pub(crate) fn new(
        server: Arc<Server>,
        topic: TopicName,
        group: GroupName,
        options: SubscriberOptions,
    ) -> Self {
        let taking = Taking {
            consumer: None,
            standing: Standing::Found,
            known: Known::default(),
            headers: HeadersBuilder::with_room_for_many(HEADERS_BYTES),
        };
        Self {
            server,
            topic,
            group,
            options,
            clock: Clock::system(),
            door: Door::new("rabbitmq subscriber"),
            taking: tokio::sync::Mutex::new(taking),
            current: Mutex::default(),
        }
    }

    /// Opens the first link. A queue that somebody else is just making is listed before it runs, and
    /// the server then ends the connection of whoever consumes it: that is tried again.
    pub(crate) async fn join(&self, standing: Standing) -> Result<()> {
        let mut taking = self.taking.lock().await;
        taking.standing = standing;
        let until = Instant::now() + self.server.config.reply_time();
        loop {
            match self.open(&mut taking).await {
                Err(error) if has_failed_inside(&error) && Instant::now() < until => {
                    tokio::time::sleep(QUEUE_STARTS_WITHIN).await;
                }
                opened => return opened.map(drop),
            }
        }
    }

    pub(super) async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        let until = Instant::now() + wait;
        let mut taking = self.taking.lock().await;
        loop {
            self.check_open()?;
            let link = tokio::select! {
                biased;
                closed = self.closing() => return Err(closed),
                link = self.link(&mut taking) => link?,
            };
            self.collect(&link, &mut taking)?;
            let now = self.clock.now();
            let (taken, due) = {
                let mut shelf = link.shelf();
                (shelf.take(max, now), shelf.next_due())
            };
            if !taken.is_empty() {
                return Ok(taken);
            }
            if Instant::now() >= until {
                return Ok(taken);
            }
            let again = due.map_or(until, |due| until.min(Instant::now() + (due - now)));
            let Some(consumer) = &mut taking.consumer else {
                continue;
            };
            tokio::select! {
                biased;
                closed = self.closing() => return Err(closed),
                came = consumer.next() => self.arrived(&link, &mut taking, came)?,
                () = link.woken() => {}
                () = tokio::time::sleep_until(again) => {}
            }
        }
    }

    /// Takes over what came, without waiting.
    fn collect(&self, link: &Arc<Link>, taking: &mut Taking) -> Result<()> {
        while let Some(consumer) = &mut taking.consumer
            && let Some(came) = consumer.next().now_or_never()
        {
            self.arrived(link, taking, came)?;
        }
        Ok(())
    }

    /// Takes over one message, or the end of the consumer.
    fn arrived(
        &self,
        link: &Arc<Link>,
        taking: &mut Taking,
        came: Option<lapin::Result<Native>>,
    ) -> Result<()> {
        match came {
            Some(Ok(native)) => {
                self.keep(link, &mut taking.headers, native);
                Ok(())
            }
            Some(Err(error)) => {
                self.forget(link, taking);
                Err(self.lost().because(error))
            }
            None if link.is_lost() => {
                self.forget(link, taking);
                Err(self.lost())
            }
            // Cancelled by the server: the queue is gone, or its node is.
            None => {
                self.forget(link, taking);
                Ok(())
            }
        }
    }

    fn keep(&self, link: &Link, headers: &mut HeadersBuilder, native: Native) {
        let is_ours = !self.topic.is_existing();
        let read = codec::decode(headers, &native.properties, native.data, is_ours);
        let now = self.clock.now();
        link.shelf().arrived(native.delivery_tag, native.redelivered, read, now);
    }

    /// The link, opened again if it was lost.
    async fn link(&self, taking: &mut Taking) -> Result<Arc<Link>> {
        if let Some(link) = self.current() {
            if !link.is_lost() {
                return Ok(link);
            }
            self.forget(&link, taking);
        }
        match self.open(taking).await {
            Err(error) if error.kind() == Kind::NotFound => self.recreate(taking, error).await,
            // Our own consumer may not have been missed yet.
            Err(error) if error.kind() == Kind::Unsupported => {
                Err(Error::new(Kind::Unavailable, "the queue is still consumed by somebody else")
                    .during("receive")
                    .because(error))
            }
            opened => opened,
        }
    }

    async fn open(&self, taking: &mut Taking) -> Result<Arc<Link>> {
        let (link, consumer) = Link::open(self, taking.standing, &mut taking.known).await?;
        // One that was closed meanwhile does not come back.
        self.check_open()?;
        taking.consumer = Some(consumer);
        *self.current_slot() = Some(link.clone());
        Ok(link)
    }

    /// The queue is gone: somebody deleted it.
    async fn recreate(&self, taking: &mut Taking, missing: Error) -> Result<Arc<Link>> {
        match self.options.provision {
            Provision::Ensure if !self.topic.is_existing() => {
                tracing::warn!(topic = %self.topic, group = %self.group, "The queue is gone and is made again: what it held is lost");
                let (server, ordered) = (&self.server, self.options.ordered);
                topology::create_topic(server, &self.topic).await?;
                let made = topology::create_group(server, &self.topic, &self.group, ordered);
                taking.standing = made.await?.1;
                self.open(taking).await
            }
            Provision::Ensure | Provision::Verify | Provision::Never => Err(missing),
        }
    }

    /// Ends hand-overs. Acks are written in order; what else there is waits here.
    pub(super) async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>> {
        self.check_open()?;
        let Some(link) = self.current().filter(|link| !link.is_lost()) else {
            return Ok(batch.iter().map(|_| Err(stale())).collect());
        };
        let now = self.clock.now();
        let (settled, mut acking) = {
            let mut shelf = link.shelf();
            let settle = |(token, how): &(AckToken, Settle)| shelf.settle(token, *how, now);
            let settled: Vec<bool> = batch.iter().map(settle).collect();
            let is_acked = |((_, how), settled): &(&(AckToken, Settle), &bool)| {
                **settled && *how == Settle::Ack
            };
            let acked = batch.iter().zip(&settled).filter(is_acked);
            let acked: Vec<u64> = acked.map(|((token, _), _)| token.position).collect();
            let ack = |Ack { tag, all_before }: Ack| {
                let options = BasicAckOptions { multiple: all_before };
                Box::pin(maybe_done(link.channel.basic_ack(tag, options)))
            };
            let mut acking: Vec<_> = shelf.acks(&acked).into_iter().map(ack).collect();
            // Under the shelf, so that no ack overtakes one that says less; the client only lines up
            // what it is to write.
            begin(acking.iter_mut());
            (settled, acking)
        };
        if batch.iter().zip(&settled).any(|((_, how), settled)| *settled && *how != Settle::Ack) {
            link.wake();
        }
        let written = async {
            for ack in &mut acking {
                ack.as_mut().await;
            }
            let mut results = acking.iter_mut().map(|ack| ack.as_mut().take_output());
            results.find_map(|result| result.and_then(lapin::Result::err)).map_or(Ok(()), Err)
        };
        let time = self.server.config.reply_time();
        let written = bounded(time, (Doing::Writing, "settle"), written).await;
        if !acking.is_empty() {
            link.acked();
        }
        let result = |((_, how), settled): (&(AckToken, Settle), bool)| match (how, &written) {
            (_, _) if !settled => Err(stale()),
            // Whether the server has it, only a redelivery tells.
            (Settle::Ack, Err(error)) => Err(error.repeat()),
            (Settle::Ack | Settle::Retry { .. } | Settle::Release, _) => Ok(()),
        };
        Ok(batch.iter().zip(settled).map(result).collect())
    }

    /// Whether a token is of the link that we have and not settled.
    pub(super) fn holds(&self, token: &AckToken) -> bool {
        let link = self.current().filter(|link| !link.is_lost());
        self.check_open().is_ok() && link.is_some_and(|link| link.shelf().holds(token))
    }

    /// Leaves the group once; what is held goes back at once, in its order.
    pub(crate) async fn leave(&self) {
        if !self.door.shut() {
            return;
        }
        let Some(link) = self.current_slot().take() else {
            return;
        };
        link.shelf().ended();
        // A server that does not answer ends it with the connection.
        let _ = tokio::time::timeout(self.server.config.reply_time(), link.close()).await;
    }

    pub(super) fn check_open(&self) -> Result<()> {
        self.door.check()?;
        self.server.door.check()
    }

    async fn closing(&self) -> Error {
        tokio::select! {
            closed = self.door.shutting() => closed,
            closed = self.server.door.shutting() => closed,
        }
    }

    /// The link that tokens may be of.
    fn current(&self) -> Option<Arc<Link>> {
        self.current_slot().clone()
    }

    /// Its channel ends with it, and everything that is not settled goes back.
    fn forget(&self, link: &Arc<Link>, taking: &mut Taking) {
        if let Some(mut consumer) = taking.consumer.take() {
            // What was sent ahead and not looked at is to be known, too.
            while let Some(Some(Ok(native))) = consumer.next().now_or_never() {
                self.keep(link, &mut taking.headers, native);
            }
        }
        taking.known = link.shelf().ended();
        let mut current = self.current_slot();
        if current.as_ref().is_some_and(|one| Arc::ptr_eq(one, link)) {
            *current = None;
        }
    }

    fn current_slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<Link>>> {
        // One pointer: whole at any time.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lost(&self) -> Error {
        Error::new(Kind::Unavailable, "the channel to the server was lost")
            .during("receive")
            .with("topic", &self.topic)
            .with("group", &self.group)
    }
}

fn stale() -> Error {
    let why = "the delivery was settled, or it is not of this subscriber's channel";
    Error::new(Kind::StaleLease, why).during("settle")
}
