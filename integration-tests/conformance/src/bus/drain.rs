//! A process that ends loses nothing: what runs ends or is cancelled, what waits goes to the next.

use super::actors::{Asker, SOON, answers, body, is_ordered, stop};
use super::journal::What;
use super::order;
use super::script::{Play, Script};
use crate::environment::Environment;
use crate::expect::{Verdict, equal, holds};

pub(super) async fn a_drain_ends_what_runs_and_hands_back_what_waits(on: &Environment) -> Verdict {
    let (leaving, next) = (Script::new(on, |_| Play::Wait), Script::new(on, |_| Play::Finish));
    // All five are there before anybody asks: a broker may hand out nothing more of a key while one
    // of it is held.
    stop(on, answers(on, &leaving).await?).await?;
    Asker::new(on).await?.ask("k", 0..5).await?;
    let process = answers(on, &leaving).await?;
    leaving.until_count(What::Started, 1).await?;
    // Where a key's messages come one by one, the other four wait at the broker.
    if on.hands_out_ahead() {
        let queued = process.subscription().wait_until(|it| it.counts.queued == 4);
        let in_time = tokio::time::timeout(on.timing().patience, queued).await;
        holds("four events to wait behind the first", in_time.is_ok(), in_time)?;
    }
    let grace = on.timing().patience;
    let ((), gone) = tokio::join!(process.stop(grace), async {
        // It must wait for the handler, and take no other one up.
        let nothing = leaving.nothing().await;
        leaving.let_go();
        nothing
    });
    gone?;
    let ended = leaving.bodies(What::Ended);
    equal("runs before the end", vec![body("k", 0)], ended)?;
    let process = answers(on, &next).await?;
    next.until_count(What::Ended, 4).await?;
    next.nothing().await?;
    stop(on, process).await?;
    let rest: Vec<_> = (1..5).map(|number| body("k", number)).collect();
    equal("runs of the next process", rest, next.bodies(What::Started))
}

/// Where nothing goes to the next process soon, or is ordered at all.
pub(super) async fn ends_what_runs(on: &Environment) -> Verdict {
    if !is_ordered(on) {
        return order::is_refused(on).await;
    }
    let leaving = Script::new(on, |_| Play::Wait);
    let process = answers(on, &leaving).await?;
    Asker::new(on).await?.ask("k", 0..1).await?;
    leaving.until_count(What::Started, 1).await?;
    let ((), gone) = tokio::join!(process.stop(on.timing().patience), async {
        let nothing = leaving.nothing().await;
        leaving.let_go();
        nothing
    });
    gone?;
    equal("runs before the end", vec![body("k", 0)], leaving.bodies(What::Ended))
}

pub(super) async fn a_grace_that_ends_cancels_and_the_next_process_runs_it(
    on: &Environment,
) -> Verdict {
    let (leaving, next) = (Script::new(on, |_| Play::Hang), Script::new(on, |_| Play::Finish));
    let process = answers(on, &leaving).await?;
    Asker::new(on).await?.ask("k", 0..2).await?;
    leaving.until_count(What::Started, 1).await?;
    let stopping = tokio::time::timeout(on.timing().patience, process.stop(SOON)).await;
    holds("an end soon after the grace", stopping.is_ok(), stopping)?;
    let cancelled = leaving.bodies(What::Cancelled);
    equal("runs cancelled before the end", vec![body("k", 0)], cancelled)?;
    let process = answers(on, &next).await?;
    next.until_count(What::Ended, 2).await?;
    next.nothing().await?;
    stop(on, process).await?;
    let both: Vec<_> = (0..2).map(|number| body("k", number)).collect();
    equal("runs of the next process", both, next.bodies(What::Started))?;
    leaving.nothing().await
}
