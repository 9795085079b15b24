//! Ending hand-overs and renewing their leases, ten in a call, a result for each.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry as ChangeEntry,
    DeleteMessageBatchRequestEntry as DeleteEntry,
};
use futures_util::future::join_all;
use tokio::time::Instant;
use wingman_core::transport::{AckToken, Delivery, Settle};
use wingman_core::{Error, Kind, Result};

use super::poll::{seconds, whole_seconds};
use super::seat::Seat;
use crate::error::{Doing, from_code, from_native, stale};

/// Entries of one call (SQS API, "DeleteMessageBatch").
const CALL_ENTRIES_MAX: usize = 10;
const SETTLE: &str = "settle";

/// What is to happen to a hand-over that is ours.
struct Change {
    /// In the caller's batch.
    place: usize,
    handle: Arc<str>,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Delete,
    /// Hidden from others for so long from now on.
    Hide(Duration),
}

impl Seat {
    pub(super) async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>> {
        let _inside = self.door.enter().await?;
        self.check_open()?;
        let (tokens, hows): (Vec<_>, Vec<_>) =
            batch.iter().map(|(token, how)| (token, *how)).unzip();
        let results = self
            .change(SETTLE, &tokens, |place| match hows[place] {
                Settle::Ack => What::Delete,
                Settle::Release => What::Hide(Duration::ZERO),
                Settle::Retry { after } => What::Hide(whole_seconds(after)),
            })
            .await;
        let mut leases = self.leases();
        for (token, result) in tokens.iter().zip(&results) {
            let is_over = match result {
                Ok(()) => true,
                Err(error) => error.kind() == Kind::StaleLease,
            };
            if is_over {
                leases.end(token);
            }
        }
        Ok(results)
    }

    pub(super) async fn extend(
        &self,
        tokens: &[AckToken],
        by: Duration,
    ) -> Result<Vec<Result<()>>> {
        let _inside = self.door.enter().await?;
        self.check_open()?;
        let by = whole_seconds(by);
        let asked = Instant::now();
        let tokens: Vec<_> = tokens.iter().collect();
        let results = self.change("extend", &tokens, |_| What::Hide(by)).await;
        let mut leases = self.leases();
        for (token, result) in tokens.iter().zip(&results) {
            match result {
                // From when it was asked: the service began to count at the earliest then.
                Ok(()) => leases.extend(token, asked, by),
                Err(error) if error.kind() == Kind::StaleLease => leases.end(token),
                Err(_) => {}
            }
        }
        Ok(results)
    }

    /// Gives back what nobody waited for.
    pub(super) async fn hand_back(&self, deliveries: Vec<Delivery>) {
        let handles: Vec<_> = {
            let mut leases = self.leases();
            let mut over = |delivery: Delivery| {
                leases.end(&delivery.token);
                delivery.token.handle
            };
            deliveries.into_iter().filter_map(&mut over).collect()
        };
        self.release(handles).await;
    }

    /// Shows messages to others again. What does not work ends with its lease.
    pub(super) async fn release(&self, handles: Vec<Arc<str>>) {
        let what = What::Hide(Duration::ZERO);
        let changes: Vec<_> = (handles.into_iter().enumerate())
            .map(|(place, handle)| Change { place, handle, what })
            .collect();
        for (_, result) in self.call_all("close", &changes).await {
            if let Err(error) = result {
                tracing::debug!(%error, topic = %self.topic, group = %self.group, "A message was not given back and comes back when its lease ends");
            }
        }
    }

    /// Changes what is ours; the rest is stale without asking.
    async fn change(
        &self,
        operation: &'static str,
        tokens: &[&AckToken],
        what: impl Fn(usize) -> What,
    ) -> Vec<Result<()>> {
        let mut results: Vec<_> = tokens.iter().map(|_| Err(stale(operation))).collect();
        let mut changes = Vec::with_capacity(tokens.len());
        let mut named = HashSet::new();
        let now = Instant::now();
        let time_max = self.account.limits().delay_max;
        for (place, token) in tokens.iter().enumerate() {
            // One that the batch names twice is settled by then.
            let handle = self.leases().handle(token, now).filter(|_| named.insert(token.sequence));
            match (handle, what(place)) {
                (Some(_), What::Hide(time)) if time_max.is_some_and(|max| time > max) => {
                    let why = "SQS hides a message for at most 12 hours";
                    let error = Error::new(Kind::Unsupported, why).during(operation);
                    results[place] = Err(error.with("seconds", time.as_secs()));
                }
                (Some(handle), what) => changes.push(Change { place, handle, what }),
                (None, _) => {}
            }
        }
        for (place, result) in self.call_all(operation, &changes).await {
            results[place] = result;
        }
        results
    }

    /// All changes, each with its place; deletions first.
    async fn call_all(
        &self,
        operation: &'static str,
        changes: &[Change],
    ) -> Vec<(usize, Result<()>)> {
        let (deleted, hidden): (Vec<_>, Vec<_>) =
            changes.iter().partition(|change| matches!(change.what, What::Delete));
        let mut results = Vec::with_capacity(changes.len());
        for changes in [deleted, hidden] {
            let calls = changes.chunks(CALL_ENTRIES_MAX).map(|part| async move {
                let said = self.call(operation, part).await;
                part.iter().map(|change| change.place).zip(said).collect::<Vec<_>>()
            });
            results.extend(join_all(calls).await.into_iter().flatten());
        }
        results
    }

    /// One call; all of its changes are of one kind.
    async fn call(&self, operation: &'static str, part: &[&Change]) -> Vec<Result<()>> {
        let failed = match part.iter().all(|change| matches!(change.what, What::Delete)) {
            true => self.delete(operation, part).await,
            false => self.hide(operation, part).await,
        };
        let mut results: Vec<Result<()>> = part.iter().map(|_| Ok(())).collect();
        match failed {
            Ok(failed) => {
                for entry in failed {
                    let place = entry.id().parse().ok();
                    if let Some(result) = place.and_then(|place: usize| results.get_mut(place)) {
                        *result = Err(refused(operation, &entry));
                    }
                }
            }
            // The whole queue is gone, and the hand-overs with it.
            Err(error) if error.kind() == Kind::NotFound => {
                results.iter_mut().for_each(|result| *result = Err(stale(operation)));
            }
            Err(error) => results.iter_mut().for_each(|result| *result = Err(error.repeat())),
        }
        results
    }
}

impl Seat {
    async fn delete(
        &self,
        operation: &'static str,
        part: &[&Change],
    ) -> Result<Vec<BatchResultErrorEntry>> {
        let mut call = self.account.clients.sqs.delete_message_batch().queue_url(&self.queue.url);
        for (number, change) in part.iter().enumerate() {
            let entry = DeleteEntry::builder().id(number.to_string());
            call = call.entries(entry.receipt_handle(&*change.handle).build().map_err(unbuilt)?);
        }
        let answer = call.send().await;
        answer
            .map(|answer| answer.failed)
            .map_err(|error| from_native(Doing::Writing, operation, error))
    }

    async fn hide(
        &self,
        operation: &'static str,
        part: &[&Change],
    ) -> Result<Vec<BatchResultErrorEntry>> {
        let sqs = &self.account.clients.sqs;
        let mut call = sqs.change_message_visibility_batch().queue_url(&self.queue.url);
        for (number, change) in part.iter().enumerate() {
            let time = match change.what {
                What::Hide(time) => time,
                What::Delete => Duration::ZERO,
            };
            let entry = ChangeEntry::builder().id(number.to_string());
            let entry = entry.receipt_handle(&*change.handle).visibility_timeout(seconds(time));
            call = call.entries(entry.build().map_err(unbuilt)?);
        }
        let answer = call.send().await;
        answer
            .map(|answer| answer.failed)
            .map_err(|error| from_native(Doing::Writing, operation, error))
    }
}

fn unbuilt(error: BuildError) -> Error {
    Error::new(Kind::Internal, "the client refused an entry").because(error)
}

/// An entry is a handle and a time within what the service takes: a value that it refuses is a
/// handle that is over.
fn refused(operation: &'static str, entry: &BatchResultErrorEntry) -> Error {
    let status = if entry.sender_fault() { 400 } else { 500 };
    let error = from_code(Doing::Writing, operation, entry.code(), entry.message(), status);
    match error.kind() {
        Kind::Rejected => stale(operation).because(error),
        _ => error,
    }
}
