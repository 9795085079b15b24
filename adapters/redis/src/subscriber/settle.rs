//! Ending hand-overs and renewing their leases, each only while it still holds.

use std::time::Duration;

use redis::ScriptInvocation;
use wingman_core::transport::{AckToken, Settle};
use wingman_core::{Error, Kind, Result};

use super::entry::EntryId;
use super::link::{Link, SharedLink};
use super::scripts::{self, EXTEND, SETTLE};
use super::seat::Seat;
use crate::error::Doing;

/// Tokens in one call of a script, which holds up the server while it runs.
const CALL_TOKENS_MAX: usize = 500;
/// Beyond this the server's numbers are not exact any more; it is 285,000 years.
const DELAY_MILLIS_MAX: u64 = 1 << 53;

impl Seat {
    pub(super) fn lease_millis(&self) -> u64 {
        u64::try_from(self.options.lease.as_millis()).unwrap_or(DELAY_MILLIS_MAX)
    }

    /// Whether a token is of the link that we have; whether its lease has ended, only the server
    /// knows.
    pub(super) fn holds(&self, token: &AckToken) -> bool {
        let link = self.current();
        self.check_open().is_ok() && is_of(link.as_ref(), token)
    }

    pub(super) async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>> {
        self.check_open()?;
        let link = self.current();
        let mut results = Vec::with_capacity(batch.len());
        for part in batch.chunks(CALL_TOKENS_MAX) {
            let mut call = scripts::of(&SETTLE, &self.keys);
            let ours = self.begin(&mut call, link.as_ref(), part.iter().map(|(token, _)| token));
            let mine = || part.iter().filter(|(token, _)| is_of(link.as_ref(), token));
            let ids = || mine().map(|(token, _)| id(token));
            let (lowest, highest) = (ids().min(), ids().max());
            call.arg(lowest.unwrap_or_default().to_string());
            call.arg(highest.unwrap_or_default().to_string());
            for (token, how) in mine() {
                call.arg(id(token).to_string()).arg(token.lane);
                match how {
                    Settle::Ack => call.arg("ack"),
                    Settle::Release => call.arg("release"),
                    Settle::Retry { after } => call.arg(delay_millis(*after)),
                };
            }
            results.extend(run("settle", link.as_ref(), &call, ours).await);
        }
        let came_back = batch.iter().any(|(_, how)| !matches!(how, Settle::Ack));
        if let Some(link) = link.filter(|_| came_back) {
            link.gave_back();
        }
        Ok(results)
    }

    pub(super) async fn extend(
        &self,
        tokens: &[AckToken],
        by: Duration,
    ) -> Result<Vec<Result<()>>> {
        self.check_open()?;
        let Some(idle) = self.options.lease.checked_sub(by) else {
            // Others take what has been idle for the lease that the group agreed on.
            let why = "a lease is renewed for at most the time that the subscriber was opened with";
            return Err(Error::new(Kind::Configuration, why)
                .during("extend")
                .with("millis", by.as_millis())
                .with("millis_max", self.lease_millis()));
        };
        let link = self.current();
        let mut results = Vec::with_capacity(tokens.len());
        for part in tokens.chunks(CALL_TOKENS_MAX) {
            let mut call = scripts::of(&EXTEND, &self.keys);
            let ours = self.begin(&mut call, link.as_ref(), part.iter());
            call.arg(self.lease_millis()).arg(idle.as_millis() as u64);
            for token in part.iter().filter(|token| is_of(link.as_ref(), token)) {
                call.arg(id(token).to_string()).arg(token.lane);
            }
            results.extend(run("extend", link.as_ref(), &call, ours).await);
        }
        Ok(results)
    }

    /// The arguments that both scripts begin with; returns which tokens are of the link.
    fn begin<'a>(
        &self,
        call: &mut ScriptInvocation<'_>,
        link: Option<&SharedLink>,
        tokens: impl Iterator<Item = &'a AckToken>,
    ) -> Vec<bool> {
        call.arg(self.group.as_str());
        call.arg(link.map_or("", |link| &link.consumer));
        call.arg(u8::from(self.options.ordered));
        tokens.map(|token| is_of(link, token)).collect()
    }
}

/// Runs a script for the tokens that are ours; the others are stale without asking.
async fn run(
    operation: &'static str,
    link: Option<&SharedLink>,
    call: &ScriptInvocation<'_>,
    ours: Vec<bool>,
) -> Vec<Result<()>> {
    let Some(link) = link.filter(|_| ours.contains(&true)) else {
        return ours.iter().map(|_| Err(stale(operation))).collect();
    };
    let held: Result<Vec<bool>> = link.connection.script((Doing::Writing, operation), call).await;
    match held {
        Ok(held) => {
            let mut held = held.into_iter();
            let result = |is_ours: bool| match is_ours && held.next() == Some(true) {
                true => Ok(()),
                false => Err(stale(operation)),
            };
            ours.into_iter().map(result).collect()
        }
        Err(error) => {
            let result = |is_ours: &bool| match *is_ours && error.kind() != Kind::NotFound {
                true => Err(again(operation, &error)),
                // The whole group is gone, and the hand-over with it.
                false => Err(stale(operation)),
            };
            ours.iter().map(result).collect()
        }
    }
}

/// Tokens of a link that was lost are stale: its consumer's entries come back.
fn is_of(link: Option<&SharedLink>, token: &AckToken) -> bool {
    link.is_some_and(|link: &SharedLink| is_alive(link) && link.generation == token.generation)
}

fn is_alive(link: &Link) -> bool {
    !link.is_lost()
}

fn id(token: &AckToken) -> EntryId {
    EntryId { millis: token.position, sequence: token.sequence }
}

/// Rounded up: the delay is a floor.
fn delay_millis(after: Duration) -> u64 {
    let millis = u64::try_from(after.as_nanos().div_ceil(1_000_000));
    millis.unwrap_or(DELAY_MILLIS_MAX).min(DELAY_MILLIS_MAX)
}

fn stale(operation: &'static str) -> Error {
    let why = "the delivery was settled, its lease ended, or it is not of this subscriber";
    Error::new(Kind::StaleLease, why).during(operation)
}

/// The same error for each token of a call.
fn again(operation: &'static str, error: &Error) -> Error {
    Error::new(error.kind(), "the call failed")
        .during(operation)
        .retrying(error.retry())
        .because(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_rounded_up_and_bounded() {
        assert_eq!(delay_millis(Duration::ZERO), 0);
        assert_eq!(delay_millis(Duration::from_nanos(1)), 1);
        assert_eq!(delay_millis(Duration::from_millis(7)), 7);
        assert_eq!(delay_millis(Duration::MAX), DELAY_MILLIS_MAX);
    }
}
