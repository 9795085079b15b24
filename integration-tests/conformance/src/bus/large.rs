//! Dead letters that the broker does not take as large as they are (T6).

use wingman_core::Kind;

use super::actors::{Asker, answers, answers_in_little_room, asked, is_ordered, stop};
use super::journal::{Note, What};
use super::script::{Play, Script};
use crate::environment::Environment;
use crate::expect::{Verdict, equal, fails, holds};
use crate::harness::{GivenUp, Why};

/// Beside the message there is room for where it was and the least of a reason, not for three of these.
const ROOM_BYTES: usize = 1_024;
const REASON: &str = "a reason that has its length: \
    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A script that gives up the first event after three attempts, and finishes the others.
fn fails_the_first(on: &Environment) -> Script {
    Script::new(on, |run| match run.body.as_str() {
        "k-000" => Play::Fail(REASON),
        _ => Play::Finish,
    })
}

/// The room for dead letters of the first event.
fn room(beside_bytes: usize) -> Verdict<usize> {
    Ok(asked("k", 0)?.to_message()?.size_bytes() + beside_bytes)
}

pub(super) async fn a_letter_too_large_says_less_and_keeps_its_bytes(on: &Environment) -> Verdict {
    let seen = given_up(on, room(ROOM_BYTES)?).await?;
    equal("the bytes", &b"\"k-000\""[..], &seen.payload[..])?;
    equal("why", Why::Exhausted, seen.why)?;
    equal("reasons", vec![REASON[..64].to_owned()], seen.reasons)
}

pub(super) async fn the_ledger_keeps_every_reason(on: &Environment) -> Verdict {
    let seen = given_up(on, room(ROOM_BYTES)?).await?;
    equal("reasons", vec![REASON.to_owned(); 3], seen.reasons)
}

pub(super) async fn the_ledger_keeps_what_the_broker_refuses(on: &Environment) -> Verdict {
    let seen = given_up(on, room(0)?).await?;
    equal("the bytes", &b"\"k-000\""[..], &seen.payload[..])
}

/// The dead letter of an event, where there is so much room; the next one of its key is handled.
async fn given_up(on: &Environment, bytes_max: usize) -> Verdict<GivenUp> {
    let script = fails_the_first(on);
    let process = answers_in_little_room(on, &script, bytes_max).await?;
    let asker = Asker::new(on).await?;
    asker.ask("k", 0..2).await?;
    let seen = asker.given_up(on, 1).await?.remove(0);
    script.until_count(What::Ended, 4).await?;
    stop(on, process).await?;
    Ok(seen)
}

pub(super) async fn a_refused_letter_ends_the_subscription_and_stays(on: &Environment) -> Verdict {
    let script = fails_the_first(on);
    let process = answers_in_little_room(on, &script, room(0)?).await?;
    let asker = Asker::new(on).await?;
    asker.ask("k", 0..2).await?;
    let closed = tokio::time::timeout(on.timing().patience, process.subscription().closed()).await;
    let closed = closed.unwrap_or(Ok(()));
    let error = fails("a subscription whose dead letter is refused", Kind::Oversize, closed)?;
    equal("the topic that it names", Some(asker.topic.as_str()), error.context("topic"))?;
    holds("a position", error.context("position").is_some(), &error)?;
    stop(on, process).await?;
    // Somebody made room.
    let again = fails_the_first(on);
    let process = answers(on, &again).await?;
    let seen = asker.given_up(on, 1).await?.remove(0);
    equal("the bytes", &b"\"k-000\""[..], &seen.payload[..])?;
    let behind = "k-001";
    let early = script.bodies(What::Ended).iter().any(|body| body == behind);
    holds("what stands behind it to wait", !(early && is_ordered(on)), "a run of it")?;
    let is_end = |note: &Note| note.what == What::Ended && note.body == behind;
    again.until("what stands behind it", |notes| early || notes.iter().any(is_end)).await?;
    stop(on, process).await
}
