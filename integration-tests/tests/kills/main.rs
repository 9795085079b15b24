//! Kills a governed process with `kill -9` at every named gap of the protocol, on Redis, and joins
//! what is left: the recorder's notes, the ledger, and the broker.
//!
//! A trial is one gap. Three workers in a row are killed there, each while it also recovers what the
//! one before it left; a fourth one finishes. The seed, which chooses at which occurrence each dies,
//! is printed; `WINGMAN_SEED` chooses the same ones again.

mod broker;
mod doctored;
mod evidence;
mod faults;
mod fenced;
mod judge;
mod mutants;
mod scene;
mod worker;

use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use wingman_governance::ledger::Gap;

use self::broker::Broker;
use self::evidence::Evidence;
use self::judge::judge;
use self::scene::Scene;
use self::worker::Worker;

/// Workers that are killed in a trial.
const KILLS: u32 = 3;
/// Works that each producer publishes.
const WORKS: u32 = 6;
/// Each worker dies at one of so many occurrences of its gap.
const OCCURRENCES: u64 = 8;
/// The longest wait for everything to settle.
const SETTLED_WITHIN: Duration = Duration::from_secs(40);

#[allow(clippy::print_stdout, reason = "the seed must be known to run a failure again")]
fn main() {
    let arguments = Arguments::from_args();
    let seed = seed();
    if !arguments.list {
        println!("WINGMAN_SEED={seed}");
    }
    let kill = |gap: Gap| {
        let run = move || killed_at(gap, seed).map_err(Failed::from);
        Trial::test(format!("redis::killed at {gap}"), run)
    };
    let mut trials: Vec<Trial> = Gap::ALL.into_iter().map(kill).collect();
    trials.extend(faults::trials());
    trials.extend(fenced::trials());
    trials.extend(mutants::trials());
    trials.extend(doctored::trials());
    libtest_mimic::run(&arguments, trials).exit();
}

fn killed_at(gap: Gap, seed: u64) -> Result<(), String> {
    let mut scene = Scene::new(gap.as_str(), Broker::selected(), WORKS);
    scene.publish_foreign("foreign-before");
    let mut producers = Vec::new();
    for number in 0..KILLS {
        producers.push(format!("governed-{number}"));
        let occurrence = 1 + (seed >> (8 * number)) % OCCURRENCES;
        let stop_at = Some((gap, u32::try_from(occurrence).expect("it is small")));
        let mut worker = scene.worker(&producers, stop_at);
        let reached = worker.wait_for(&format!("at {gap}"));
        worker.kill();
        scene.heard(&mut worker);
        reached.map_err(|why| explain(&mut scene, &why))?;
    }
    scene.publish_foreign("foreign-after");
    let evidence = finish(&mut scene, &producers)?;
    let expected = usize::try_from((KILLS + 2) * WORKS).expect("it is small");
    if evidence.works.len() != expected {
        return Err(format!("{} works were accepted, not {expected}", evidence.works.len()));
    }
    left_its_mark(gap, &evidence)
}

/// Whether the kills hit what they were aimed at: where one leaves a mark, the mark is there.
fn left_its_mark(gap: Gap, evidence: &Evidence) -> Result<(), String> {
    let marks = match gap {
        Gap::AdmitAfterCommit
        | Gap::IntentAfterCommit
        | Gap::CallDone
        | Gap::ResultAfterCommit
        | Gap::FinishBeforeCommit => evidence.abandoned,
        Gap::RelayAfterPublish => evidence.repeated(),
        Gap::Received
        | Gap::AdmitBeforeCommit
        | Gap::FinishAfterCommit
        | Gap::Acked
        | Gap::RelayBeforePublish
        | Gap::CheckpointBeforeWrite
        | Gap::CheckpointAfterWrite => return Ok(()),
    };
    let expected = usize::try_from(KILLS).expect("it is small");
    if marks < expected {
        return Err(format!("{KILLS} kills left {marks} marks"));
    }
    Ok(())
}

/// Lets a last worker finish everything, and judges what there is then.
fn finish(scene: &mut Scene, producers: &[String]) -> Result<Evidence, String> {
    let worker = scene.worker(producers, None);
    judged(scene, worker)
}

/// Waits until a worker has published and everything is settled, stops it, and judges what there is.
fn judged(scene: &mut Scene, mut worker: Worker) -> Result<Evidence, String> {
    let settled = worker.wait_for("published").and_then(|()| {
        scene.heard(&mut worker);
        scene.wait_until_settled(SETTLED_WITHIN)
    });
    let stopped = worker.stop();
    settled.and(stopped).map_err(|why| explain(scene, &why))?;
    verdict(scene)
}

/// Judges what there is.
fn verdict(scene: &mut Scene) -> Result<Evidence, String> {
    let evidence = scene.evidence();
    let faults = judge(&evidence);
    if !faults.is_empty() {
        return Err(explain(scene, &faults.join("\n")));
    }
    scene.broker.forget(&scene.namespace);
    Ok(evidence)
}

fn explain(scene: &mut Scene, why: &str) -> String {
    let (folder, namespace) = (scene.keep(), &scene.namespace);
    format!("{why}\nledger, notes and logs: {}; on Redis: {namespace}", folder.display())
}

fn seed() -> u64 {
    match std::env::var("WINGMAN_SEED") {
        Ok(text) => text.parse().expect("WINGMAN_SEED is a whole number"),
        Err(_) => std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |since| since.as_nanos() as u64),
    }
}
