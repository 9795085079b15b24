//! What handlers emit: who caused it, and that it is the same however often it is made.

use wingman_core::event::{CloudEvent, extension};

use super::actors::{Asker, asked, listens, start, stop, tells, work};
use super::journal::What;
use super::script::{Play, Script};
use crate::environment::Environment;
use crate::expect::{Failure, Verdict, equal};
use crate::harness::{Process, TOLD};

pub(super) async fn outputs_inherit_tree_cause_and_key(on: &Environment) -> Verdict {
    let (telling, heard) = scripts(on);
    let (teller, listener) = (tells(on, &telling).await?, listens(on, &heard).await?);
    let mut question = asked("k", 0)?;
    question.set_extension(extension::CORRELATION, "tree")?;
    Asker::new(on).await?.publish(&question).await?;
    heard.until_count(What::Ended, 1).await?;
    heard.nothing().await?;
    stop(on, teller).await?;
    stop(on, listener).await?;
    let told = only(&heard)?;
    equal("the tree", "tree", told.correlation())?;
    equal("the key", Some("k"), told.partition_key())?;
    equal("the data", question.data.as_ref(), told.data.as_ref())?;
    let cause = told.extension(extension::CAUSATION);
    let cause = cause.ok_or_else(|| Failure::new("expected a cause, seen none"))?;
    equal("the id", format!("{cause}-0"), told.id().to_owned())
}

/// The process whose handler consumes it starts after it was emitted.
pub(super) async fn an_output_waits_for_its_consumer(on: &Environment) -> Verdict {
    let (teller, _, heard) = told_to_nobody(on).await?;
    let listener = listens(on, &heard).await?;
    heard.until_count(What::Ended, 1).await?;
    heard.nothing().await?;
    stop(on, teller).await?;
    stop(on, listener).await?;
    only(&heard).map(drop)
}

/// Where the broker keeps nothing for those who come later, and no ledger, or no word of it.
pub(super) async fn goes_to_whom_there_is(on: &Environment) -> Verdict {
    let (teller, asker, heard) = told_to_nobody(on).await?;
    let listener = listens(on, &heard).await?;
    asker.ask("k", 1..2).await?;
    heard.until_count(What::Ended, 1).await?;
    heard.nothing().await?;
    stop(on, teller).await?;
    stop(on, listener).await?;
    equal("what was heard", vec!["k-001".to_owned()], heard.bodies(What::Ended))
}

/// A teller that has told something while nobody listened, whoever asked him, and the script of who is to listen.
async fn told_to_nobody(on: &Environment) -> Verdict<(Box<dyn Process>, Asker, Script)> {
    let (telling, heard) = scripts(on);
    let teller = tells(on, &telling).await?;
    let asker = Asker::new(on).await?;
    asker.ask("k", 0..1).await?;
    telling.until_count(What::Ended, 1).await?;
    telling.nothing().await?;
    Ok((teller, asker, heard))
}

/// An event that comes twice, as at least once allows, has one outcome, whichever process gets it
/// then (G3).
pub(super) async fn a_duplicate_is_not_run_again(on: &Environment) -> Verdict {
    let (first, second) = (Script::new(on, |_| Play::Finish), Script::new(on, |_| Play::Finish));
    let asker = Asker::new(on).await?;
    let process = start(on, work(on, "answers", &first)).await?;
    asker.ask("k", 0..1).await?;
    first.until_count(What::Ended, 1).await?;
    stop(on, process).await?;
    let process = start(on, work(on, "answers", &second)).await?;
    asker.ask("k", 0..2).await?;
    second.until_count(What::Ended, 1).await?;
    second.nothing().await?;
    stop(on, process).await?;
    let runs = second.bodies(What::Started);
    equal("runs after the first outcome", vec!["k-001".to_owned()], runs)
}

/// Where there is no ledger, or no next process soon.
pub(super) async fn repeats_within_a_process(on: &Environment) -> Verdict {
    if !on.offer().governed {
        return repeats_its_outputs(on).await;
    }
    let script = Script::new(on, |_| Play::Finish);
    let process = start(on, work(on, "answers", &script)).await?;
    let asker = Asker::new(on).await?;
    asker.ask("k", 0..1).await?;
    asker.ask("k", 0..2).await?;
    script.until_count(What::Ended, 2).await?;
    script.nothing().await?;
    stop(on, process).await?;
    let both = vec!["k-000".to_owned(), "k-001".to_owned()];
    equal("runs of one event and the next", both, script.bodies(What::Started))
}

/// Without a ledger it runs again, and what it emits shows that it is the same.
async fn repeats_its_outputs(on: &Environment) -> Verdict {
    let (telling, heard) = scripts(on);
    let (teller, listener) = (tells(on, &telling).await?, listens(on, &heard).await?);
    let asker = Asker::new(on).await?;
    asker.ask("k", 0..1).await?;
    asker.ask("k", 0..1).await?;
    heard.until_count(What::Ended, 2).await?;
    stop(on, teller).await?;
    stop(on, listener).await?;
    let mut ids: Vec<_> = heard.notes().iter().map(|note| note.event.id().to_owned()).collect();
    ids.dedup();
    equal("identities of what was told", 1, ids.len())
}

fn scripts(on: &Environment) -> (Script, Script) {
    let telling = Script::new(on, |_| Play::Tell(TOLD));
    (telling, Script::new(on, |_| Play::Finish))
}

fn only(heard: &Script) -> Verdict<CloudEvent> {
    let notes = heard.notes();
    equal("runs of the listener", 1, heard.bodies(What::Ended).len())?;
    let first = notes.first().map(|note| CloudEvent::clone(&note.event));
    first.ok_or_else(|| Failure::new("expected an event, seen none"))
}
