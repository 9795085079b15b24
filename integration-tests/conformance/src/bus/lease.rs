//! Leases are kept alive while handlers work.

use super::actors::{Asker, answers, start, stop, work};
use super::journal::What;
use super::script::{Play, Script};
use crate::environment::Environment;
use crate::expect::{Verdict, equal};

pub(super) async fn a_slow_handler_is_not_run_twice(on: &Environment) -> Verdict {
    let script = Script::new(on, |_| Play::Wait);
    let lease = on.options(on.timing().lease).lease;
    let mut processes = Vec::new();
    for _ in 0..2 {
        let mut short = work(on, "answers", &script);
        short.lease = lease;
        processes.push(start(on, short).await?);
    }
    Asker::new(on).await?.ask("k", 0..1).await?;
    script.until_count(What::Started, 1).await?;
    script.nothing_for(lease * 3).await?;
    script.let_go();
    script.until_count(What::Ended, 1).await?;
    script.nothing_for(lease + on.timing().quiet).await?;
    for process in processes {
        stop(on, process).await?;
    }
    equal("runs", 1, script.bodies(What::Started).len())?;
    let later = Script::new(on, |_| Play::Finish);
    let process = answers(on, &later).await?;
    later.nothing().await?;
    stop(on, process).await
}
