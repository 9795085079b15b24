//! The messages of one call of the driver, and who waits for them.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Job;
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result, Retry};
use crate::message::Message;
use crate::transport::Receipt;

/// Messages and who waits for them, in the same order.
#[derive(Default)]
pub(super) struct Batch {
    messages: Vec<Message>,
    bytes: usize,
    waiting: VecDeque<(oneshot::Sender<Result<Receipt>>, Timestamp)>,
}

impl Batch {
    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The bytes of all that were put in.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, job: Job) {
        self.bytes = self.bytes.saturating_add(job.message.size_bytes());
        self.messages.push(job.message);
        self.waiting.push_back((job.reply, job.deadline));
    }

    /// When the first of them has to be answered.
    pub(super) fn first_deadline(&self) -> Option<Timestamp> {
        self.waiting.iter().map(|(_, deadline)| *deadline).min()
    }

    /// Answers those whose time is over; none of them is at the broker.
    pub(super) fn expire(&mut self, now: Timestamp) {
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
    pub(super) fn answer(
        &mut self,
        results: Result<Vec<Result<Receipt>>>,
        last: bool,
    ) -> Option<Duration> {
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
