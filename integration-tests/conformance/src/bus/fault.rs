//! The broker restarts, or its connections are cut, while handlers work: nothing is lost (T1).

use std::collections::BTreeSet;
use std::time::Duration;

use super::actors::{Asker, answers, asked, body, is_ordered, start, stop, work};
use super::journal::{What, one_at_a_time};
use super::script::{Play, Script};
use crate::environment::Environment;
use crate::expect::{Verdict, delivered, equal, holds};
use crate::harness::Process;

pub(super) async fn a_restart_under_load_loses_nothing(on: &Environment) -> Verdict {
    const EVENTS: usize = 120;
    const KEYS: usize = 10;
    let script = Script::new(on, |_| Play::Finish);
    let (process, lease) = short_lease(on, &script).await?;
    let asker = Asker::new(on).await?;
    let mut expected = BTreeSet::new();
    for number in 0..EVENTS {
        let key = format!("k{}", number % KEYS);
        expected.insert(body(&key, number));
        let event = asked(&key, number)?;
        if number == EVENTS / 3 || number == EVENTS / 2 {
            let (restarted, published) =
                tokio::join!(on.backend().restart(), asker.publish(&event));
            restarted?;
            published?;
        } else {
            asker.publish(&event).await?;
        }
    }
    script
        .until("every event that was confirmed to be handled", |notes| {
            let ended = notes.iter().filter(|note| note.what == What::Ended);
            ended.map(|note| &note.body).collect::<BTreeSet<_>>().len() == EVENTS
        })
        .await
        // Where it stands tells a broker that brings nothing from a consumer that is not back.
        .map_err(|failure| failure.with(process.subscription().status()))?;
    script.rest_for(lease + on.timing().quiet).await?;
    stop(on, process).await?;
    if is_ordered(on) {
        one_at_a_time(&script.notes())?;
    }
    let mut ended = ended_first(on, &script);
    ended.sort();
    delivered("what was handled", expected.into_iter().collect(), ended)
}

pub(super) async fn a_cut_in_mid_run_loses_nothing_and_its_outcome_counts(
    on: &Environment,
) -> Verdict {
    let script = Script::new(on, |run| match run.body.as_str() {
        "k-000" => Play::Wait,
        _ => Play::Finish,
    });
    let (process, lease) = short_lease(on, &script).await?;
    Asker::new(on).await?.ask("k", 0..3).await?;
    script.until_count(What::Started, 1).await?;
    on.backend().cut().await?;
    script.let_go();
    script
        .until("the key to be handled to its end", |notes| {
            let mut ended = notes.iter().filter(|note| note.what == What::Ended);
            ended.any(|note| note.body == "k-002")
        })
        .await?;
    script.rest_for(lease + on.timing().quiet).await?;
    stop(on, process).await?;
    one_at_a_time(&script.notes())?;
    let ended = ended_first(on, &script);
    let expected: Vec<_> = (0..3).map(|number| body("k", number)).collect();
    equal("what was handled", expected, ended)?;
    let next = Script::new(on, |_| Play::Finish);
    let process = answers(on, &next).await?;
    next.nothing().await?;
    stop(on, process).await?;
    holds("nothing left for the next process", next.notes().is_empty(), next.notes())
}

/// A process whose deliveries come again soon after they were lost, and how soon.
async fn short_lease(on: &Environment, script: &Script) -> Verdict<(Box<dyn Process>, Duration)> {
    let mut short = work(on, "answers", script);
    short.lease = on.options(on.timing().lease).lease;
    let lease = short.lease;
    Ok((start(on, short).await?, lease))
}

/// What was handled, in order. What was settled too late comes again to the plain bus, which runs
/// it again: at least once. A ledger knows its outcome, so there every run counts (G3).
fn ended_first(on: &Environment, script: &Script) -> Vec<String> {
    let mut ended = script.bodies(What::Ended);
    if !on.offer().governed {
        let mut seen = BTreeSet::new();
        ended.retain(|body| seen.insert(body.clone()));
    }
    ended
}
