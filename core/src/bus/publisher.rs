//! Publishes to one topic: batches what concurrent callers bring, retries what did not happen.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::PublishOptions;
use super::backoff::seed;
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Kind, Result, Retry};
use crate::message::Message;
use crate::name::TopicName;
use crate::transport::{Publisher, PublisherOptions, Receipt, Transport};

/// A message that waits for its receipt.
pub(super) struct Job {
    pub(super) message: Message,
    pub(super) reply: oneshot::Sender<Result<Receipt>>,
    pub(super) deadline: Timestamp,
}

/// The one task that publishes to a topic, so that order of calls is order of messages.
pub(super) struct TopicPublisher {
    pub(super) topic: TopicName,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) options: PublishOptions,
    pub(super) clock: Clock,
    pub(super) jobs: mpsc::Receiver<Job>,
}

impl TopicPublisher {
    /// Runs until every sender is gone and everything queued has its answer.
    pub(super) async fn run(mut self) {
        let mut opened = None;
        let mut carried = None;
        while let Some(first) = match carried.take() {
            Some(job) => Some(job),
            None => self.jobs.recv().await,
        } {
            let batch = self.gather(first, &mut carried).await;
            self.send(batch, &mut opened).await;
        }
        if let Some(publisher) = opened
            && let Err(error) = publisher.close().await
        {
            tracing::warn!(topic = %self.topic, %error, "Closing a publisher failed");
        }
    }

    /// A batch that starts with `first`; what would pass the byte limit is carried over.
    async fn gather(&mut self, first: Job, carried: &mut Option<Job>) -> Batch {
        let limits = self.transport.capabilities().limits;
        let count_max = self.options.batch_messages_max.get().min(limits.batch_messages_max).max(1);
        let mut batch = Batch::default();
        let mut bytes = first.message.size_bytes();
        batch.push(first);
        let linger_end = self.clock.now() + self.options.linger;
        while batch.messages.len() < count_max && bytes < self.options.batch_bytes_max {
            let next = match self.jobs.try_recv() {
                Ok(job) => Some(job),
                Err(_) if self.options.linger.is_zero() => {
                    // Callers that were just answered are about to bring their next: one moment for them
                    // saves a round trip to the broker.
                    tokio::task::yield_now().await;
                    self.jobs.try_recv().ok()
                }
                Err(_) => tokio::select! {
                    job = self.jobs.recv() => job,
                    () = self.clock.sleep_until(linger_end) => None,
                },
            };
            let Some(job) = next else { break };
            bytes = bytes.saturating_add(job.message.size_bytes());
            if bytes > self.options.batch_bytes_max {
                *carried = Some(job);
                break;
            }
            batch.push(job);
        }
        batch
    }

    /// Tries a batch until each message has its answer. One call at a time: a retry goes before
    /// anything newer.
    async fn send(&self, mut batch: Batch, opened: &mut Option<Box<dyn Publisher>>) {
        let seed = seed();
        for attempt in 1.. {
            batch.expire(self.clock.now());
            if batch.messages.is_empty() {
                return;
            }
            let results = self.try_once(&batch.messages, opened).await;
            let last = attempt >= self.options.attempts_max;
            let Some(asked) = batch.answer(results, last) else {
                return;
            };
            let wait = self.options.backoff.delay(attempt, seed).max(asked);
            tracing::debug!(topic = %self.topic, attempt, ?wait, "Publishing is tried again");
            self.clock.sleep(wait).await;
        }
    }

    async fn try_once(
        &self,
        messages: &[Message],
        opened: &mut Option<Box<dyn Publisher>>,
    ) -> Result<Vec<Result<Receipt>>> {
        let publisher = match opened {
            Some(publisher) => publisher,
            None => {
                let options = PublisherOptions { provision: self.options.provision };
                let open = self.transport.publisher(&self.topic, options);
                let publisher = tokio::select! {
                    publisher = open => publisher?,
                    () = self.clock.sleep(self.options.timeout) => return Err(self.unopened()),
                };
                opened.insert(publisher)
            }
        };
        let results = tokio::select! {
            results = publisher.publish(messages) => results,
            () = self.clock.sleep(self.options.timeout) => {
                return Ok(messages.iter().map(|_| Err(self.unanswered())).collect());
            }
        };
        if matches!(&results, Err(error) if error.kind() == Kind::Closed) {
            *opened = None;
        }
        match results {
            Ok(results) if results.len() != messages.len() => {
                Err(Error::new(Kind::Internal, "the driver did not answer for each message"))
            }
            results => results,
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

/// Messages and who waits for them, in the same order.
#[derive(Default)]
struct Batch {
    messages: Vec<Message>,
    waiting: VecDeque<(oneshot::Sender<Result<Receipt>>, Timestamp)>,
}

impl Batch {
    fn push(&mut self, job: Job) {
        self.messages.push(job.message);
        self.waiting.push_back((job.reply, job.deadline));
    }

    /// Answers those whose time is over; none of them is at the broker.
    fn expire(&mut self, now: Timestamp) {
        if self.waiting.iter().all(|(_, deadline)| *deadline > now) {
            return;
        }
        let late = || {
            Err(Error::new(Kind::Timeout, "the message could not be sent in time")
                .during("publish")
                .retrying(Retry::Temporary { after: None }))
        };
        self.keep(|_, deadline| (deadline <= now).then(late));
    }

    /// Answers what is decided and keeps what should be tried again; returns the longest wait that
    /// the broker asked for, or `None` if nothing is left.
    fn answer(&mut self, results: Result<Vec<Result<Receipt>>>, last: bool) -> Option<Duration> {
        let results = match results {
            Ok(results) => results,
            Err(error) => self.messages.iter().map(|_| Err(error.repeat())).collect(),
        };
        let mut results = results.into_iter();
        let mut asked = Duration::ZERO;
        self.keep(|_, _| {
            let error = match results.next()? {
                Ok(receipt) => return Some(Ok(receipt)),
                Err(error) => error,
            };
            match error.retry() {
                Retry::Temporary { .. } if last => Some(Err(error.retrying(Retry::Exhausted))),
                Retry::Temporary { after } => {
                    asked = asked.max(after.unwrap_or_default());
                    None
                }
                Retry::Permanent | Retry::Ambiguous | Retry::Exhausted => Some(Err(error)),
            }
        });
        (!self.messages.is_empty()).then_some(asked)
    }

    /// Asks for each message, in order, whether it is answered now; keeps the others in order.
    fn keep(&mut self, mut answer: impl FnMut(&Message, Timestamp) -> Option<Result<Receipt>>) {
        let waiting = &mut self.waiting;
        self.messages.retain(|message| {
            let Some((reply, deadline)) = waiting.pop_front() else {
                return false;
            };
            match answer(message, deadline) {
                // A caller that went away does not want the answer.
                Some(result) => {
                    let _ = reply.send(result);
                    false
                }
                None => {
                    waiting.push_back((reply, deadline));
                    true
                }
            }
        });
    }
}
