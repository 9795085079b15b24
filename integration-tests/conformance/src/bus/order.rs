//! Order by key: one at a time, a failing head holds its key and nothing else.

use wingman_core::Kind;

use super::actors::{Asker, answers, body, start, stop, work};
use super::journal::{Note, What, in_order, one_at_a_time};
use super::script::{Play, Script};
use crate::environment::Environment;
use crate::expect::{Verdict, delivered, fails, holds};

const KEYS: usize = 10;
const EVENTS_PER_KEY: usize = 10;

pub(super) async fn a_failing_head_holds_its_key_and_no_other(on: &Environment) -> Verdict {
    let script = Script::new(on, |run| match (run.body.as_str(), run.attempt) {
        ("k0-000", 1) => Play::Fail("not yet"),
        ("k0-000", 2) => Play::Wait,
        _ => Play::Finish,
    });
    let process = answers(on, &script).await?;
    let all = ask_all(&Asker::new(on).await?).await?;
    let others = (KEYS - 1) * EVENTS_PER_KEY;
    script
        .until("every other key to go on while the head tries again", |notes| {
            let tries_again = |note: &Note| note.body == "k0-000" && note.attempt == 2;
            let ended = notes.iter().filter(|note| note.what == What::Ended);
            let gone_on = ended.filter(|note| note.key() != "k0").count();
            notes.iter().any(tries_again) && gone_on == others
        })
        .await?;
    script.nothing().await?;
    let mut started = script.bodies(What::Started);
    started.retain(|body| body.starts_with("k0") && body != "k0-000");
    holds("nothing to overtake the head", started.is_empty(), started)?;
    script.let_go();
    script.until_count(What::Ended, all.len() + 1).await?;
    stop(on, process).await?;
    let mut expected = all;
    expected.insert(0, body("k0", 0));
    expected.sort();
    happened_in_order(&script, expected)
}

pub(super) async fn competing_processes_share_and_run_each_event_once(on: &Environment) -> Verdict {
    let script = Script::new(on, |_| Play::Finish);
    let one = answers(on, &script).await?;
    let two = answers(on, &script).await?;
    let mut all = ask_all(&Asker::new(on).await?).await?;
    script.until_count(What::Ended, all.len()).await?;
    script.nothing().await?;
    stop(on, one).await?;
    stop(on, two).await?;
    all.sort();
    happened_in_order(&script, all)
}

/// Without order by key an ordered subscription is refused, and no silent disorder.
pub(super) async fn is_refused(on: &Environment) -> Verdict {
    let script = Script::new(on, |_| Play::Finish);
    let mut ordered = work(on, "answers", &script);
    ordered.ordered = true;
    let bus = on.bus().await?;
    let started = on.harness().start(bus, ordered).await;
    fails("an ordered subscription", Kind::Unsupported, started)?;
    let process = start(on, work(on, "answers", &script)).await?;
    stop(on, process).await
}

/// Ten events of each of ten keys, one of each key after the other; returns their bodies.
async fn ask_all(asker: &Asker) -> Verdict<Vec<String>> {
    let mut bodies = Vec::new();
    for number in 0..EVENTS_PER_KEY {
        for key in 0..KEYS {
            let key = format!("k{key}");
            asker.ask(&key, number..number + 1).await?;
            bodies.push(body(&key, number));
        }
    }
    Ok(bodies)
}

fn happened_in_order(script: &Script, expected: Vec<String>) -> Verdict {
    let mut ended = script.bodies(What::Ended);
    ended.sort();
    delivered("runs", expected, ended)?;
    let notes = script.notes();
    one_at_a_time(&notes)?;
    in_order(&notes)
}
