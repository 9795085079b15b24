//! Failed attempts: when the next one comes, and what counts as one.

use std::time::Duration;

use wingman_core::Kind;

use super::actors::{Asker, SOON, answers, is_ordered, start, stop, work};
use super::journal::{Note, What};
use super::script::{Play, Script};
use crate::environment::Environment;
use crate::expect::{Verdict, equal, fails, holds};
use crate::harness::Work;

/// The first event runs twice before the second one of its key, where keys keep their order.
const TWICE_AND_ONCE: [&str; 3] = ["k-000", "k-000", "k-001"];

pub(super) async fn a_retry_delay_is_a_floor_and_attempts_count_up(on: &Environment) -> Verdict {
    let script = Script::new(on, |run| match run.attempt {
        1 | 2 => Play::Fail("not yet"),
        _ => Play::Finish,
    });
    let delay = on.timing().retry;
    let mut patient = work(on, "answers", &script);
    patient.retry = vec![delay, delay];
    let process = start(on, patient).await?;
    Asker::new(on).await?.ask("k", 0..1).await?;
    script.until_count(What::Ended, 3).await?;
    script.nothing().await?;
    stop(on, process).await?;
    let notes = script.notes();
    equal("attempts", vec![1, 2, 3], attempts(&notes))?;
    floors(&notes, delay)
}

/// A governor keeps in its ledger what waits long, and the key waits with it (R6).
pub(super) async fn a_retry_beyond_the_hold_waits_in_the_ledger(on: &Environment) -> Verdict {
    let script = Script::new(on, |run| match (run.body.as_str(), run.attempt) {
        ("k-000", 1) => Play::Fail("not yet"),
        ("k-000", _) => Play::Wait,
        _ => Play::Finish,
    });
    let patient = beyond_the_hold(on, &script);
    // The ledger reads a clock of its own, in whole milliseconds.
    let delay = patient.retry[0] - Duration::from_millis(1);
    let process = start(on, patient).await?;
    Asker::new(on).await?.ask("k", 0..2).await?;
    script.until_count(What::Started, 2).await?;
    let acked = process.subscription().wait_until(|it| it.counts.acked == 2);
    let in_time = tokio::time::timeout(on.timing().patience, acked).await.is_ok();
    let counts = process.subscription().status().counts;
    holds("the broker to be free of the head and what is behind it", in_time, counts)?;
    script.let_go();
    script.until_count(What::Ended, 3).await?;
    script.nothing().await?;
    stop(on, process).await?;
    is_twice_and_once(on, &script)?;
    let mut notes = script.notes();
    notes.retain(|note| note.body == "k-000");
    floors(&notes, delay)
}

/// The bus has nowhere to keep it; without order nothing waits with it, and the broker delays it.
pub(super) async fn is_refused(on: &Environment) -> Verdict {
    let script = Script::new(on, |_| Play::Finish);
    let bus = on.bus().await?;
    let started = on.harness().start(bus, beyond_the_hold(on, &script)).await;
    if !is_ordered(on) {
        return stop(on, started?).await;
    }
    fails("a retry beyond the hold", Kind::Configuration, started).map(drop)
}

fn beyond_the_hold(on: &Environment, script: &Script) -> Work {
    let hold_max = on.timing().retry / 2;
    Work { retry: vec![on.timing().retry], hold_max, ..work(on, "answers", script) }
}

pub(super) async fn a_panic_is_a_failed_attempt(on: &Environment) -> Verdict {
    let script = Script::new(on, |run| match (run.body.as_str(), run.attempt) {
        ("k-000", 1) => Play::Panic("this panic belongs to the case"),
        _ => Play::Finish,
    });
    let process = answers(on, &script).await?;
    Asker::new(on).await?.ask("k", 0..2).await?;
    script.until_count(What::Ended, 3).await?;
    script.nothing().await?;
    stop(on, process).await?;
    is_twice_and_once(on, &script)?;
    let mut notes = script.notes();
    notes.sort_by_key(|note| note.body.clone());
    equal("attempts", vec![1, 2, 1], attempts(&notes))
}

pub(super) async fn a_time_out_is_a_failed_attempt(on: &Environment) -> Verdict {
    let script = Script::new(on, |run| match (run.body.as_str(), run.attempt) {
        ("k-000", 1) => Play::Hang,
        _ => Play::Finish,
    });
    let mut hasty = work(on, "answers", &script);
    hasty.run_time_max = SOON * 5;
    let process = start(on, hasty).await?;
    Asker::new(on).await?.ask("k", 0..2).await?;
    script.until_count(What::Ended, 2).await?;
    script.nothing().await?;
    stop(on, process).await?;
    let cancelled = script.bodies(What::Cancelled);
    equal("cancelled", vec!["k-000".to_owned()], cancelled)?;
    is_twice_and_once(on, &script)
}

/// No run starts sooner than this after the one before it ended.
fn floors(notes: &[Note], delay: Duration) -> Verdict {
    for pair in notes.windows(2).filter(|pair| pair[0].what == What::Ended) {
        let waited = pair[1].at - pair[0].at;
        holds(&format!("a wait of at least {delay:?}"), waited >= delay, waited)?;
    }
    Ok(())
}

fn is_twice_and_once(on: &Environment, script: &Script) -> Verdict {
    let expected = TWICE_AND_ONCE.map(str::to_owned).to_vec();
    let mut runs = script.bodies(What::Started);
    if !is_ordered(on) {
        runs.sort();
    }
    equal("runs", expected, runs)
}

fn attempts(notes: &[Note]) -> Vec<u32> {
    let started = notes.iter().filter(|note| note.what == What::Started);
    started.map(|note| note.attempt).collect()
}
