//! What a subscription tells of itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::error::Error;
use crate::name::TopicName;

/// How a subscription is doing.
#[derive(Debug, Clone)]
pub struct SubscriptionStatus {
    /// What it is about.
    pub state: SubscriptionState,
    /// Whether every one of its topics is connected.
    pub connected: bool,
    /// How much it holds and has done.
    pub counts: Counts,
    /// The last thing that went wrong; it may be mended since.
    pub last_error: Option<Arc<Error>>,
    topics_connected: Vec<bool>,
}

/// What a subscription is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubscriptionState {
    /// It takes deliveries and runs handlers, or waits for its broker.
    Running,
    /// It starts no handler until it is resumed; what it holds stays leased.
    Paused,
    /// It takes nothing more and finishes or hands back what it holds.
    Draining,
    /// Its gate is closed: it starts nothing and settles nothing.
    GateClosed,
    /// It ended.
    Stopped,
}

/// Numbers of a subscription. The first group is now, the second since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Deliveries that the pumps brought and the loop has not taken up.
    pub waiting: usize,
    /// Deliveries behind the head of their lane.
    pub queued: usize,
    /// Heads that are being judged, and runs that are being recorded.
    pub judging: usize,
    /// Handlers that are running.
    pub running: usize,
    /// Heads that wait for a retry, or for their gate.
    pub held: usize,
    /// Deliveries whose outputs or dead letters are being published.
    pub following: usize,
    /// Deliveries whose settlement the broker has not confirmed.
    pub settling: usize,
    /// Bytes of all of these except the first.
    pub bytes: usize,

    /// Deliveries that the broker handed over.
    pub received: u64,
    /// Deliveries acked.
    pub acked: u64,
    /// Runs that failed and are tried again.
    pub retried: u64,
    /// Deliveries given up on.
    pub dead_lettered: u64,
    /// Deliveries acked without a run, because the handler does not take their type.
    pub skipped: u64,
    /// Deliveries handed back without a run.
    pub released: u64,
    /// Deliveries whose lease was lost, or whose settlement came too late; they come again.
    pub stale: u64,
    /// Settlements that failed for another reason; the deliveries come again.
    pub unsettled: u64,
}

impl Counts {
    /// Deliveries held, in whatever stage.
    pub fn in_flight(&self) -> usize {
        let heads = self.judging + self.running + self.held + self.following;
        self.waiting + self.queued + heads + self.settling
    }

    /// Whether nothing is held but heads that wait for time to pass, and what is behind them.
    pub fn is_idle(&self) -> bool {
        self.in_flight() == self.held + self.queued
    }
}

impl SubscriptionStatus {
    pub(crate) fn new(topics: usize) -> Self {
        Self {
            state: SubscriptionState::Running,
            connected: false,
            counts: Counts::default(),
            last_error: None,
            topics_connected: vec![false; topics],
        }
    }

    fn connect(&mut self, topic: usize, connected: bool) {
        self.topics_connected[topic] = connected;
        self.connected = self.topics_connected.iter().all(|connected| *connected);
    }
}

/// Where the pump of one topic reports.
#[derive(Debug)]
pub(crate) struct Reporter {
    pub(crate) status: Arc<watch::Sender<SubscriptionStatus>>,
    pub(crate) topic: TopicName,
    pub(crate) index: usize,
}

impl Reporter {
    pub(crate) fn connected(&self) {
        tracing::info!(topic = %self.topic, "The subscription is connected");
        self.status.send_modify(|status| status.connect(self.index, true));
    }

    pub(crate) fn disconnected(&self, error: Error, failures: u32, wait: Duration) {
        tracing::warn!(topic = %self.topic, %error, failures, ?wait, "The subscription lost its broker and tries again");
        self.status.send_modify(|status| {
            status.connect(self.index, false);
            status.last_error = Some(Arc::new(error));
        });
    }

    pub(crate) fn received(&self, deliveries: usize) {
        self.status.send_modify(|status| {
            status.counts.waiting += deliveries;
            status.counts.received += deliveries as u64;
        });
    }
}
