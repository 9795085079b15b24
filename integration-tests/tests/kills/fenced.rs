//! R2: a worker stands still past its lease in the middle of a handler, another one finishes its work,
//! and it wakes. What it still has to say is late, and it makes no call that the other one made.

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use wingman_governance::ledger::Gap;
use wingman_tests::kills::BEFORE_RETURN;

use super::brokers::Broker;
use super::scene::Scene;
use super::{SETTLED_WITHIN, explain, verdict};

pub(super) fn trials(broker: &Arc<dyn Broker>) -> Vec<Trial> {
    // Before the call is made, before the handler goes on, and before it returns. All lie between two
    // transactions: a process that is stopped within one keeps SQLite's lock, and everybody waits for it.
    let (intent, result) = (Gap::IntentAfterCommit.as_str(), Gap::ResultAfterCommit.as_str());
    let fenced = |gap: &'static str| {
        let name = format!("{}::stopped at {gap} and woken late", broker.name());
        let broker = Arc::clone(broker);
        Trial::test(name, move || wakes_too_late(broker, gap).map_err(Failed::from))
    };
    [intent, result, BEFORE_RETURN].into_iter().map(fenced).collect()
}

fn wakes_too_late(broker: Arc<dyn Broker>, gap: &str) -> Result<(), String> {
    // One work under way: with more of them SIGSTOP may hit another thread of the process between its
    // look at the lease and its call, or while it holds a lock of SQLite's, and both are limits that the
    // README states. At the two gaps the writer itself stands still, but a process has more threads.
    let mut scene = Scene::new(&format!("fenced-{gap}"), broker, 1);
    let done = sleep_and_wake(&mut scene, gap);
    done.map_err(|why| explain(&mut scene, &why))?;
    verdict(&mut scene).map(drop)
}

fn sleep_and_wake(scene: &mut Scene, gap: &str) -> Result<(), String> {
    let producers = ["governed".to_owned()];
    let mut sleeper = scene.worker(&producers, Some((gap, 1)));
    sleeper.wait_for(&format!("at {gap}"))?;
    sleeper.suspend()?;
    scene.let_go_on();
    let mut other = scene.worker(&producers, None);
    other.wait_for("published")?;
    scene.heard(&mut other);
    scene.wait_until_settled(SETTLED_WITHIN)?;
    sleeper.signal("CONT")?;
    scene.wait_for_late_stamp()?;
    sleeper.stop()?;
    scene.heard(&mut sleeper);
    scene.wait_until_settled(SETTLED_WITHIN)?;
    other.stop()
}
