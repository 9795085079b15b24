//! Publishes to one topic: batches what concurrent callers bring, several calls of the driver at once, and retries
//! what did not happen. The messages of a key stay in order: none is sent while one before it has no answer.

mod batch;
mod call;
mod line;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::{mpsc, oneshot};

use self::batch::Batch;
use self::call::Caller;
use self::line::{KeyHash, Line};
use super::PublishOptions;
use crate::clock::{Clock, Timestamp};
use crate::error::Result;
use crate::message::Message;
use crate::name::TopicName;
use crate::transport::{Receipt, Transport};

/// A message that waits for its receipt.
pub(super) struct Job {
    pub(super) message: Message,
    pub(super) reply: oneshot::Sender<Result<Receipt>>,
    pub(super) deadline: Timestamp,
}

/// The one task that publishes to a topic: the order in which callers ask is the order of a key's messages.
pub(super) struct TopicPublisher {
    caller: Arc<Caller>,
    jobs: mpsc::Receiver<Job>,
    /// Whether more jobs may come.
    is_open: bool,
    line: Line,
    calls_max: usize,
    /// Calls of the driver; each ends with the keys that it had under way.
    calls: FuturesUnordered<BoxFuture<'static, Vec<KeyHash>>>,
}

impl TopicPublisher {
    pub(super) fn new(
        topic: TopicName,
        transport: Arc<dyn Transport>,
        options: PublishOptions,
        clock: Clock,
        jobs: mpsc::Receiver<Job>,
    ) -> Self {
        let limits = transport.capabilities().limits;
        let count_max = options.batch_messages_max.get().min(limits.batch_messages_max).max(1);
        let calls_max = options.calls_max.get();
        let calls_max = calls_max.min(limits.publish_calls_max.unwrap_or(calls_max)).max(1);
        let line = Line::new(calls_max, count_max, options.batch_bytes_max);
        let caller = Arc::new(Caller::new(topic, transport, options, clock));
        Self { caller, jobs, is_open: true, line, calls_max, calls: FuturesUnordered::new() }
    }

    /// Runs until every sender is gone and everything queued has its answer.
    pub(super) async fn run(mut self) {
        loop {
            if self.calls.len() < self.calls_max
                && let Some(batch) = self.gather().await
            {
                let keys = self.line.depart(&batch);
                let call = Arc::clone(&self.caller).send(batch);
                self.calls.push(Box::pin(async {
                    call.await;
                    keys
                }));
                // It is begun before the next batch is gathered.
                self.look().await;
            } else if !self.wait().await {
                break;
            }
        }
        self.caller.close().await;
    }

    /// A batch of what may be sent now, if there is anything, and of what comes in the moment in which it may
    /// have company.
    async fn gather(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        self.take_queued();
        let mut is_complete = self.line.board(&mut batch);
        if batch.is_empty() {
            return None;
        }
        let (clock, linger) = (self.caller.clock.clone(), self.caller.options.linger);
        let linger_end = clock.now() + linger;
        while !is_complete && !self.line.is_full() {
            if linger.is_zero() {
                // Callers that were just answered are about to bring their next: one moment for them
                // saves a round trip to the broker.
                tokio::task::yield_now().await;
                self.look().await;
                if !self.take_queued() {
                    break;
                }
            } else {
                tokio::select! {
                    biased;
                    Some(keys) = self.calls.next() => self.line.arrive(&keys),
                    job = self.jobs.recv() => match job {
                        Some(job) => self.line.join(job),
                        None => break,
                    },
                    () = clock.sleep_until(linger_end) => break,
                }
            }
            is_complete = self.line.board(&mut batch);
        }
        Some(batch)
    }

    /// Whether anything was queued.
    fn take_queued(&mut self) -> bool {
        let mut is_any = false;
        while !self.line.is_full()
            && let Ok(job) = self.jobs.try_recv()
        {
            self.line.join(job);
            is_any = true;
        }
        is_any
    }

    /// Polls the calls once.
    async fn look(&mut self) {
        tokio::select! {
            biased;
            Some(keys) = self.calls.next() => self.line.arrive(&keys),
            () = std::future::ready(()) => {}
        }
    }

    /// Waits until a call ends or a job comes; false when neither can be any more.
    async fn wait(&mut self) -> bool {
        tokio::select! {
            biased;
            Some(keys) = self.calls.next() => self.line.arrive(&keys),
            job = self.jobs.recv(), if self.is_open && !self.line.is_full() => match job {
                Some(job) => self.line.join(job),
                None => self.is_open = false,
            },
            else => return false,
        }
        true
    }
}
