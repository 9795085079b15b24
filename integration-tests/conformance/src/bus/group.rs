//! Groups: each gets everything, whatever becomes of it in another.

use super::actors::{Asker, start, stop, work};
use super::journal::What;
use super::script::{Play, Script};
use crate::environment::Environment;
use crate::expect::{Verdict, delivered};

pub(super) async fn every_handler_gets_every_event(on: &Environment) -> Verdict {
    let (one, two) =
        (Script::new(on, |_| Play::Finish), Script::new(on, |_| Play::GiveUp("this one cannot")));
    let first = start(on, work(on, "one", &one)).await?;
    let second = start(on, work(on, "two", &two)).await?;
    let asker = Asker::new(on).await?;
    for key in ["a", "b"] {
        asker.ask(key, 0..5).await?;
    }
    let expected: Vec<_> = ["a", "b"]
        .into_iter()
        .flat_map(|key| (0..5).map(move |number| super::actors::body(key, number)))
        .collect();
    for script in [&one, &two] {
        script.until_count(What::Ended, expected.len()).await?;
        script.nothing().await?;
        let mut ended = script.bodies(What::Ended);
        ended.sort();
        delivered("runs of one handler", expected.clone(), ended)?;
    }
    stop(on, first).await?;
    stop(on, second).await
}
