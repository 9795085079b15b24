//! How much is held at once (T4), and that nothing starts in a pause.

use std::num::NonZeroUsize;

use super::actors::{Asker, answers, start, stop, work};
use super::journal::What;
use super::script::{Play, Script};
use crate::environment::Environment;
use crate::expect::{Verdict, equal, holds};

pub(super) async fn what_is_in_flight_stays_bounded(on: &Environment) -> Verdict {
    const AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).unwrap();
    const KEYS: usize = 40;
    let script = Script::new(on, |_| Play::Wait);
    let mut narrow = work(on, "answers", &script);
    narrow.in_flight_max = AT_ONCE;
    let process = start(on, narrow).await?;
    let asker = Asker::new(on).await?;
    for key in 0..KEYS {
        asker.ask(&format!("k{key}"), 0..1).await?;
    }
    script.until_count(What::Started, AT_ONCE.get()).await?;
    script.nothing().await?;
    let counts = process.subscription().status().counts;
    equal("handlers at once", AT_ONCE.get(), counts.running)?;
    // Two batches wait besides, each at most as large as what may be in flight.
    let most = AT_ONCE.get() as u64 * 3;
    let expected = format!("at most {most} deliveries taken");
    holds(&expected, counts.received <= most, counts)?;
    script.let_go();
    script.until_count(What::Ended, KEYS).await?;
    script.nothing().await?;
    stop(on, process).await?;
    equal("runs", KEYS, script.bodies(What::Started).len())
}

pub(super) async fn a_pause_starts_nothing_and_loses_nothing(on: &Environment) -> Verdict {
    let script = Script::new(on, |_| Play::Finish);
    let process = answers(on, &script).await?;
    let asker = Asker::new(on).await?;
    asker.ask("k", 0..1).await?;
    script.until_count(What::Ended, 1).await?;
    process.pause();
    asker.ask("k", 1..4).await?;
    script.nothing().await?;
    process.resume();
    script.until_count(What::Ended, 4).await?;
    script.nothing().await?;
    stop(on, process).await?;
    let expected: Vec<_> = (0..4).map(|number| super::actors::body("k", number)).collect();
    equal("runs", expected, script.bodies(What::Started))
}
