//! The same kills with a driver that is broken on purpose: each must be caught on the real broker.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use wingman_governance::ledger::Gap;

use super::WORKS;
use super::brokers::Broker;
use super::judge::judge;
use super::scene::Scene;

/// What is lost does not settle, however long one waits.
const WAIT: Duration = Duration::from_secs(4);

pub(super) fn trials(broker: &Arc<dyn Broker>) -> Vec<Trial> {
    let mutant = |broken: &'static str, said: &'static str| {
        let name = format!("{}::mutant {broken} is caught", broker.name());
        let broker = Arc::clone(broker);
        Trial::test(name, move || is_caught(broker, broken, said).map_err(Failed::from))
    };
    vec![
        mutant("acks-first", "never acted on"),
        mutant("sends-nothing", "recorded as published and not on the broker"),
    ]
}

fn is_caught(broker: Arc<dyn Broker>, broken: &str, said: &str) -> Result<(), String> {
    let mut scene = Scene::new(broken, broker, WORKS);
    scene.publish_foreign("foreign");
    let producers = ["governed".to_owned()];
    let gap = Gap::AdmitBeforeCommit;
    let stop_at = Some((gap.as_str(), 1));
    let mut worker = scene.broken_worker(&producers, stop_at, Some(broken));
    let reached = worker.wait_for(&format!("at {gap}"));
    worker.kill();
    scene.heard(&mut worker);
    reached?;
    let mut worker = scene.broken_worker(&producers, None, Some(broken));
    worker.wait_for("published")?;
    scene.heard(&mut worker);
    // Its result is not what is judged here.
    let settled = scene.wait_until_settled(WAIT);
    worker.stop()?;
    let faults = judge(&scene.evidence());
    scene.broker.forget(&scene.namespace);
    if faults.iter().any(|fault| fault.contains(said)) {
        return Ok(());
    }
    Err(format!("{said:?} is not among {faults:?}; waiting ended with {settled:?}"))
}
