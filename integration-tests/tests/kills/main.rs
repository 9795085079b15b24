//! Kills a governed process with `kill -9` at every named gap of the protocol, on each selected broker,
//! and joins what is left: the recorder's notes, the ledger, and the broker.
//!
//! The seed, which chooses at which occurrence of its gap each process dies, is printed;
//! `WINGMAN_SEED` chooses the same ones again.

mod brokers;
mod campaign;
mod doctored;
mod evidence;
mod faults;
mod fenced;
mod gaps;
mod judge;
mod members;
mod mutants;
mod replicas;
mod scene;
mod unfenced;
mod worker;

use std::time::Duration;

use libtest_mimic::{Arguments, Trial};

use self::evidence::Evidence;
use self::judge::judge;
use self::scene::Scene;
use self::worker::Worker;

const NONE_SELECTED: &str = "these tests kill processes that work on a broker: run \
     `integration-tests/brokers.sh up`, then set WINGMAN_REDIS_URL and WINGMAN_KAFKA_URL, or one of \
     them, to what `integration-tests/brokers.sh urls` prints";
const TRIALS_AT_ONCE: usize = 6;
/// Works that each producer publishes.
const WORKS: u32 = 6;
/// The longest wait for everything to settle.
const SETTLED_WITHIN: Duration = Duration::from_secs(40);

#[allow(clippy::print_stdout, reason = "the seed must be known to run a failure again")]
fn main() {
    let mut arguments = Arguments::from_args();
    // Trials wait most of their time, for leases and sessions to run out.
    arguments.test_threads.get_or_insert(TRIALS_AT_ONCE);
    let seed = seed();
    if !arguments.list {
        println!("WINGMAN_SEED={seed}");
    }
    let brokers = brokers::selected();
    if let Ok(kills) = std::env::var("WINGMAN_KILLS") {
        let kills = kills.parse().expect("WINGMAN_KILLS is a whole number");
        campaign::run(&arguments, &brokers, seed, kills);
    }
    let mut trials = doctored::trials();
    if brokers.is_empty() {
        trials.push(Trial::test("brokers::selected", || Err(NONE_SELECTED.into())));
    }
    for broker in &brokers {
        trials.extend(gaps::trials(broker, seed));
        trials.extend(faults::trials(broker));
        trials.extend(fenced::trials(broker));
        trials.extend(replicas::trials(broker));
        trials.push(members::trial(broker));
        trials.extend(mutants::trials(broker));
        trials.extend(unfenced::trials(broker));
    }
    libtest_mimic::run(&arguments, trials).exit();
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
    let (folder, namespace, broker) = (scene.keep(), &scene.namespace, scene.broker.name());
    format!("{why}\nledger, notes and logs: {}; on {broker}: {namespace}", folder.display())
}

fn seed() -> u64 {
    match std::env::var("WINGMAN_SEED") {
        Ok(text) => text.parse().expect("WINGMAN_SEED is a whole number"),
        Err(_) => std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |since| since.as_nanos() as u64),
    }
}
