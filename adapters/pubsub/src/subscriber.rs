//! Receiving for one group: a stream of its subscription, read by a task, and what it brought.

mod feed;
mod held;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use wingman_core::driver::Door;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{AckToken, Delivery, Settle, Subscriber};
use wingman_core::{Error, Kind, Result};

use self::feed::Feed;
pub(crate) use self::held::position;
use crate::admin::subscription_is_there;
use crate::transport::{Link, subscription_path};

/// How long a stream may be silent before the service is asked whether its subscription is there: the
/// client opens lost streams again by itself, and tells nobody.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// A consumer of a group that leaves when it is dropped.
#[derive(Debug)]
pub(crate) struct PubsubSubscriber(Arc<Seat>);

/// What the subscriber and its transport share of it.
#[derive(Debug)]
pub(crate) struct Seat {
    link: Arc<Link>,
    subscription: String,
    ordered: bool,
    door: Door,
    /// One `receive` at a time.
    taking: tokio::sync::Mutex<()>,
    /// The stream of now; a failed one is replaced by the next `receive`.
    feed: Mutex<Arc<Feed>>,
}

impl PubsubSubscriber {
    /// Opens the stream; it connects when it is read first.
    pub(crate) async fn open(
        link: Arc<Link>,
        topic: &TopicName,
        group: &GroupName,
        ordered: bool,
    ) -> Result<Self> {
        let subscription = subscription_path(&link.config.project, topic, group)?;
        let feed = Feed::start(&link, &subscription, ordered).await?;
        Ok(Self(Arc::new(Seat {
            link,
            subscription,
            ordered,
            door: Door::new("pubsub subscriber"),
            taking: tokio::sync::Mutex::default(),
            feed: Mutex::new(feed),
        })))
    }

    pub(crate) fn seat(&self) -> &Arc<Seat> {
        &self.0
    }
}

impl Seat {
    fn check_open(&self) -> Result<()> {
        self.door.check()?;
        self.link.door.check()
    }

    async fn closing(&self) -> Error {
        tokio::select! {
            closed = self.door.shutting() => closed,
            closed = self.link.door.shutting() => closed,
        }
    }

    fn feed(&self) -> Arc<Feed> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The stream of now; one that failed is told of once, and replaced then.
    async fn working_feed(&self) -> Result<Arc<Feed>> {
        let feed = self.feed();
        if let Some(error) = feed.failure() {
            return Err(error.with("subscription", &self.subscription));
        }
        if !feed.is_over() {
            return Ok(feed);
        }
        let feed = Feed::start(&self.link, &self.subscription, self.ordered).await?;
        *self.feed.lock().unwrap_or_else(PoisonError::into_inner) = feed.clone();
        Ok(feed)
    }

    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        let until = Instant::now() + wait;
        let _one = self.taking.lock().await;
        loop {
            self.check_open()?;
            let feed = self.working_feed().await?;
            let (taken, again) = feed.take(max);
            if !taken.is_empty() {
                return Ok(taken);
            }
            if Instant::now() >= until {
                return self.look_after(&feed).await.map(|()| Vec::new());
            }
            let again = again.map_or(until, |again| until.min(Instant::now() + again));
            tokio::select! {
                biased;
                closed = self.closing() => return Err(closed),
                () = feed.woken() => {}
                () = tokio::time::sleep_until(again) => {}
            }
        }
    }

    /// Asks for the subscription of a stream that has been silent.
    async fn look_after(&self, feed: &Feed) -> Result<()> {
        if !feed.is_silent_for(SILENCE_MAX) {
            return Ok(());
        }
        let there = tokio::select! {
            closed = self.closing() => return Err(closed),
            there = subscription_is_there(&self.link, &self.subscription) => there,
        };
        there.map_err(|error| error.with("subscription", &self.subscription))
    }

    /// Ends the stream; what is held goes to other consumers of the group.
    pub(crate) async fn leave(&self) {
        self.door.shut();
        let feed = self.feed();
        feed.stop();
        // The service may be away: leases end by themselves then.
        let _ = tokio::time::timeout(self.link.config.reply_time(), feed.ended()).await;
    }
}

#[async_trait]
impl Subscriber for PubsubSubscriber {
    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        self.0.receive(max, wait).await
    }

    async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>> {
        self.0.check_open()?;
        Ok(self.0.feed().settle(batch))
    }

    async fn extend(&self, tokens: &[AckToken], _by: Duration) -> Result<Vec<Result<()>>> {
        self.0.check_open()?;
        let unsupported = || {
            let why = "the client renews the lease of each delivery until it is settled, at most \
                       for hold_seconds_max";
            Error::new(Kind::Unsupported, why).during("extend")
        };
        Ok(tokens.iter().map(|_| Err(unsupported())).collect())
    }

    fn holds(&self, token: &AckToken) -> bool {
        self.0.check_open().is_ok() && self.0.feed().holds(token)
    }

    async fn close(&self) -> Result<()> {
        self.0.leave().await;
        Ok(())
    }
}

impl Drop for PubsubSubscriber {
    fn drop(&mut self) {
        self.0.feed().stop();
    }
}
