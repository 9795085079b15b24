//! Kills a governed process with `kill -9` at every named gap of the protocol, on Redis, and joins
//! what is left: the recorder's notes, the ledger, and the broker.
//!
//! The seed, which chooses at which occurrence of its gap each process dies, is printed;
//! `WINGMAN_SEED` chooses the same ones again.

mod broker;
mod doctored;
mod evidence;
mod faults;
mod fenced;
mod gaps;
mod judge;
mod mutants;
mod scene;
mod worker;

use std::time::Duration;

use libtest_mimic::Arguments;

use self::evidence::Evidence;
use self::judge::judge;
use self::scene::Scene;
use self::worker::Worker;

/// Works that each producer publishes.
const WORKS: u32 = 6;
/// The longest wait for everything to settle.
const SETTLED_WITHIN: Duration = Duration::from_secs(40);

#[allow(clippy::print_stdout, reason = "the seed must be known to run a failure again")]
fn main() {
    let arguments = Arguments::from_args();
    let seed = seed();
    if !arguments.list {
        println!("WINGMAN_SEED={seed}");
    }
    let mut trials = gaps::trials(seed);
    trials.extend(faults::trials());
    trials.extend(fenced::trials());
    trials.extend(mutants::trials());
    trials.extend(doctored::trials());
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
