//! Opens a subscription: checks it, starts a pump for each topic, then its loop.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::following::Follower;
use super::leases::LeaseKeeper;
use super::settling::Settling;
use super::signals::Signals;
use super::status::{Reporter, SubscriptionStatus};
use super::{Control, Subscription, SubscriptionOptions};
use crate::bus::Bus;
use crate::bus::dispatch::{Dispatch, Generations, Parts, Source};
use crate::error::{Error, Kind, Result};
use crate::pump::Pump;
use crate::transport::SubscriberOptions;

/// The most deliveries that one `receive` asks for.
const BATCH_MAX: usize = 256;

/// Opens it. Returns once each topic is open, or is being tried again in the background.
pub(crate) async fn open(bus: &Bus, options: SubscriptionOptions) -> Result<Subscription> {
    let capabilities = bus.capabilities();
    options
        .check(&capabilities)
        .map_err(|error| error.during("subscribe").with("group", &options.group))?;
    let clock = bus.clock().clone();
    let signals = Arc::new(Signals::default());
    let leases = Arc::new(LeaseKeeper::start(clock.clone(), Arc::clone(&signals))?);
    let (status, status_seen) = watch::channel(SubscriptionStatus::new(options.topics.len()));
    let status = Arc::new(status);
    let follower = Arc::new(Follower::new(bus, &options)?);
    let (stop, stopped) = watch::channel(false);
    // Dropping `stop` at an error ends the pumps that opened.
    let sources = start_pumps(bus, &options, &leases, &status, &stopped).await?;

    let (finished_in, finished) = watch::channel(None);
    let control = Arc::new(Control {
        topics: options.topics.clone(),
        lease: options.lease,
        group: options.group.clone(),
        signals: Arc::clone(&signals),
        status: status_seen,
        finished,
        leases: Arc::clone(&leases),
    });
    let drain_grace = options.drain_grace;
    tracing::info!(group = %options.group, topics = ?options.topics, "Subscribed");
    let dispatch = Dispatch::new(Parts {
        retries_at_broker: options.retries_at_broker(&capabilities),
        options,
        clock,
        follower,
        sources,
        leases,
        signals,
        status,
        stop,
    });
    tokio::spawn(dispatch.run(finished_in));
    Ok(Subscription { control, drain_grace })
}

/// Starts a pump for each topic, and waits until each has tried to open once.
async fn start_pumps(
    bus: &Bus,
    options: &SubscriptionOptions,
    leases: &Arc<LeaseKeeper>,
    status: &Arc<watch::Sender<SubscriptionStatus>>,
    stopped: &watch::Receiver<bool>,
) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let mut firsts = Vec::new();
    for (index, topic) in options.topics.iter().enumerate() {
        let (pumped_in, pumped) = mpsc::channel(1);
        let pump = Pump {
            transport: Arc::clone(bus.transport()),
            topic: topic.clone(),
            group: options.group.clone(),
            options: SubscriberOptions {
                provision: options.provision,
                start: options.start,
                lease: options.lease,
                ordered: options.ordered,
            },
            batch_max: batch_max(options),
            clock: bus.clock().clone(),
            leases: Arc::clone(leases),
            reporter: Reporter { status: Arc::clone(status), topic: topic.clone(), index },
            stopped: stopped.clone(),
            pumped: pumped_in,
        };
        let (first_in, first) = oneshot::channel();
        tokio::spawn(pump.run(first_in));
        sources.push(Source {
            pumped,
            settling: Settling::new(bus.clock().clone()),
            generations: Generations::default(),
        });
        firsts.push(first);
    }
    for first in firsts {
        first.await.unwrap_or_else(|_| Err(ended()))?;
    }
    Ok(sources)
}

fn batch_max(options: &SubscriptionOptions) -> NonZeroUsize {
    let max = NonZeroUsize::MIN.saturating_add(BATCH_MAX - 1);
    options.in_flight_max.min(max)
}

fn ended() -> Error {
    Error::new(Kind::Internal, "a pump's task ended before its time")
}

impl Subscription {
    pub(crate) const fn control(&self) -> &Arc<Control> {
        &self.control
    }
}
