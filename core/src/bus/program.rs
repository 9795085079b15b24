//! The ten-line program: handlers by name, run until a signal. Bus only: no ledger, no contracts.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;

use super::apart::Taker;
use super::{Bus, Subscription, SubscriptionOptions};
use crate::error::{Error, Kind, Result};
use crate::handler::{Handler, IntoHandler};

/// What running handlers get to end in, when the program ends.
const GRACE: Duration = Duration::from_secs(30);

type Adjust = Box<dyn FnOnce(&mut SubscriptionOptions) -> Result<()> + Send>;

/// A handler that [`Bus::start`] will subscribe.
pub(super) struct Registration {
    name: String,
    handler: Arc<dyn Handler>,
    adjust: Adjust,
}

/// Handlers that [`Bus::start`] subscribed. Dropped, they are drained in the background.
#[derive(Debug)]
#[must_use = "handlers run until this is dropped"]
pub struct Handlers {
    subscriptions: Vec<Subscription>,
}

impl Handlers {
    /// Lets them run until `shutdown` is ready or one of them ends; then drains all of them, with a
    /// grace of 30 s.
    ///
    /// # Errors
    /// Whatever ended a subscription for good; the others are drained first.
    pub async fn run_until(self, shutdown: impl Future) -> Result<()> {
        let ended = {
            let mut ends: FuturesUnordered<_> =
                self.subscriptions.iter().map(Subscription::closed).collect();
            tokio::select! {
                _ = pin!(shutdown) => Ok(()),
                ended = ends.next() => ended.unwrap_or(Ok(())),
            }
        };
        join_all(self.subscriptions.iter().map(|subscription| subscription.drain(GRACE))).await;
        ended
    }
}

impl Bus {
    /// Adds a handler for [`Bus::start`]. Its name is its group; it subscribes to the topics
    /// of the types that it takes.
    pub fn handle<A>(&self, name: &str, handler: impl IntoHandler<A>) -> &Self {
        self.handle_with(name, handler, |_| {})
    }

    /// As [`Bus::handle`], with other options than the defaults. A handler that takes any event
    /// gets its topics here.
    pub fn handle_with<A>(
        &self,
        name: &str,
        handler: impl IntoHandler<A>,
        adjust: impl FnOnce(&mut SubscriptionOptions) + Send + 'static,
    ) -> &Self {
        let adjust: Adjust = Box::new(|options| {
            adjust(options);
            Ok(())
        });
        self.register(name, handler.into_handler(), adjust)
    }

    pub(super) fn register(&self, name: &str, handler: Arc<dyn Handler>, adjust: Adjust) -> &Self {
        let registration = Registration { name: name.to_owned(), handler, adjust };
        super::lock(&self.inner.registered).push(registration);
        self
    }

    /// Subscribes the handlers that were added. From here on each has its group, so that what is
    /// published is kept for it; before, a broker may keep nothing (a [`Receipt`] says
    /// [`NoGroup`] where the broker tells).
    ///
    /// # Errors
    /// - [`Kind::Configuration`]: no handler, two of one name or of one group, or one without topics.
    /// - Those of [`Bus::subscribe`]; the handlers before are drained first.
    ///
    /// [`Receipt`]: crate::transport::Receipt
    /// [`NoGroup`]: crate::transport::Confirmed::NoGroup
    pub async fn start(&self) -> Result<Handlers> {
        Ok(Handlers { subscriptions: self.subscribe_registered().await? })
    }

    /// [`Bus::start`] and [`Handlers::run_until`], for programs that publish nothing themselves.
    ///
    /// # Errors
    /// Those of both.
    pub async fn run_until(&self, shutdown: impl Future) -> Result<()> {
        self.start().await?.run_until(shutdown).await
    }

    async fn subscribe_registered(&self) -> Result<Vec<Subscription>> {
        let registered = std::mem::take(&mut *super::lock(&self.inner.registered));
        if registered.is_empty() {
            let text = "there is no handler: add one with `handle` first";
            return Err(Error::new(Kind::Configuration, text));
        }
        let mut all: Vec<(String, SubscriptionOptions)> = Vec::new();
        for registration in registered {
            let name = registration.name.clone();
            let options = self.options_of(registration)?;
            for (other_name, other) in &all {
                if *other_name == name {
                    let text = "two handlers have one name: each would get a part of the messages";
                    return Err(Error::new(Kind::Configuration, text).with("handler", name));
                }
                // A team's group may take several of its topics, by a handler each.
                let taker = Taker::new(&name, &options);
                taker.apart_from(&Taker::new(other_name, other), &self.capabilities())?;
            }
            all.push((name, options));
        }
        // One after the other: an error drops, and so drains, those before it.
        let mut subscriptions = Vec::new();
        for (_, options) in all {
            subscriptions.push(self.subscribe(options).await?);
        }
        Ok(subscriptions)
    }

    fn options_of(&self, registration: Registration) -> Result<SubscriptionOptions> {
        let Registration { name, handler, adjust } = registration;
        let consumes = handler.signature().consumes;
        let mut topics = consumes.iter().map(|ty| self.topic_of(ty)).collect::<Result<Vec<_>>>()?;
        topics.sort_unstable();
        topics.dedup();
        let mut options = SubscriptionOptions::new(topics, self.group_of(&name)?, handler);
        adjust(&mut options).map_err(|error| error.with("handler", &name))?;
        if options.topics.is_empty() {
            let text = "this handler takes any event: name its topics with `handle_with`";
            return Err(Error::new(Kind::Configuration, text).with("handler", &name));
        }
        Ok(options)
    }
}
