//! What cannot be handled ends among the dead letters, with its bytes and reasons (T6).

use wingman_core::message::Message;

use super::actors::{Asker, answers, event, is_ordered, listens, stop};
use super::journal::What;
use super::script::{Play, Script};
use crate::environment::Environment;
use crate::expect::{Verdict, equal};
use crate::harness::{GivenUp, STRAY, TOLD, Why};

pub(super) async fn what_keeps_failing_is_given_up_with_every_reason(on: &Environment) -> Verdict {
    let script = Script::new(on, |run| match (run.body.as_str(), run.attempt) {
        ("k-000", 1) => Play::Fail("the first reason"),
        ("k-000", 2) => Play::Fail("the second reason"),
        ("k-000", _) => Play::Fail("the third reason"),
        _ => Play::Finish,
    });
    let process = answers(on, &script).await?;
    let asker = Asker::new(on).await?;
    asker.ask("k", 0..2).await?;
    let seen = asker.given_up(on, 1).await?;
    script.until_count(What::Ended, 4).await?;
    script.nothing().await?;
    stop(on, process).await?;
    let reasons = ["the first reason", "the second reason", "the third reason"];
    let expected = GivenUp {
        why: Why::Exhausted,
        reasons: reasons.map(str::to_owned).to_vec(),
        payload: "\"k-000\"".into(),
    };
    equal("what was given up", vec![expected], seen)?;
    let mut ended = script.bodies(What::Ended);
    if !is_ordered(on) {
        ended.sort();
    }
    equal("what the key goes on with", Some("k-001".to_owned()), ended.pop())
}

pub(super) async fn what_cannot_succeed_is_given_up_at_once(on: &Environment) -> Verdict {
    let script = Script::new(on, |_| Play::GiveUp("it cannot be"));
    let process = answers(on, &script).await?;
    let asker = Asker::new(on).await?;
    asker.ask("k", 0..1).await?;
    let seen = asker.given_up(on, 1).await?;
    script.nothing().await?;
    stop(on, process).await?;
    let expected = GivenUp {
        why: Why::Structural,
        reasons: vec!["it cannot be".to_owned()],
        payload: "\"k-000\"".into(),
    };
    equal("what was given up", vec![expected], seen)?;
    equal("runs", 1, script.bodies(What::Started).len())
}

pub(super) async fn what_is_no_event_is_quarantined_with_its_bytes(on: &Environment) -> Verdict {
    const BYTES: &[u8] = b"\xff\x00 {\"no\": event";
    let script = Script::new(on, |_| Play::Finish);
    let process = answers(on, &script).await?;
    let asker = Asker::new(on).await?;
    let message = Message::new(BYTES).with_key("k");
    asker.bus.publish_message(&asker.topic, message).await?;
    asker.ask("k", 0..1).await?;
    let seen = asker.given_up(on, 1).await?;
    script.until_count(What::Ended, 1).await?;
    script.nothing().await?;
    stop(on, process).await?;
    equal("why", Why::Undecodable, seen[0].why)?;
    equal("the bytes", BYTES, &seen[0].payload[..])?;
    let runs = script.bodies(What::Started);
    equal("runs", vec!["k-000".to_owned()], runs)
}

pub(super) async fn an_unexpected_type_is_not_handled_and_shown(on: &Environment) -> Verdict {
    let script = Script::new(on, |_| Play::Finish);
    let process = answers(on, &script).await?;
    let asker = Asker::new(on).await?;
    let stray = event(STRAY, "k", "stray")?.to_message()?;
    asker.bus.publish_message(&asker.topic, stray).await?;
    asker.ask("k", 0..1).await?;
    let seen = asker.given_up(on, 1).await?;
    script.until_count(What::Ended, 1).await?;
    script.nothing().await?;
    stop(on, process).await?;
    equal("why", Why::Unexpected, seen[0].why)?;
    equal("the bytes", &b"\"stray\""[..], &seen[0].payload[..])?;
    let runs = script.bodies(What::Started);
    equal("runs", vec!["k-000".to_owned()], runs)
}

/// Only one handler may publish this type, and it was not that handler (R12).
pub(super) async fn an_unrecorded_event_is_not_handled_and_shown(on: &Environment) -> Verdict {
    let script = Script::new(on, |_| Play::Finish);
    let process = listens(on, &script).await?;
    let asker = forge(on).await?;
    let (topic, within) = (asker.bus.topic_of(TOLD)?, on.timing().patience);
    let seen = on.harness().given_up(&asker.bus, &topic, 1, within).await?;
    script.nothing().await?;
    stop(on, process).await?;
    let seen: Vec<_> = seen.into_iter().map(|it| (it.why, it.payload)).collect();
    let expected = vec![(Why::Unrecorded, "\"forged\"".into())];
    equal("what was given up", expected, seen)?;
    equal("runs", 0, script.bodies(What::Started).len())
}

/// The plain bus knows no producers.
pub(super) async fn is_handled_unrecorded(on: &Environment) -> Verdict {
    let script = Script::new(on, |_| Play::Finish);
    let process = listens(on, &script).await?;
    forge(on).await?;
    script.until_count(What::Ended, 1).await?;
    stop(on, process).await?;
    let runs = script.bodies(What::Ended);
    equal("runs", vec!["forged".to_owned()], runs)
}

/// Publishes from outside what is of a handler's type.
async fn forge(on: &Environment) -> Verdict<Asker> {
    let asker = Asker::new(on).await?;
    asker.publish(&event(TOLD, "k", "forged")?).await?;
    Ok(asker)
}
