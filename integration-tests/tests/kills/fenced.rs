//! R2: a worker stands still past its lease in the middle of a handler, another one finishes its work,
//! and it wakes. What it still has to say is late, and it makes no call that the other one made.

use libtest_mimic::{Failed, Trial};
use wingman_governance::ledger::Gap;

use super::broker::Broker;
use super::scene::Scene;
use super::{SETTLED_WITHIN, WORKS, explain, verdict};

pub(super) fn trials() -> Vec<Trial> {
    // Before the call is made, and before the handler goes on. Both lie between two transactions: a
    // process that is stopped within one keeps SQLite's lock, and everybody waits for it.
    let gaps = [Gap::IntentAfterCommit, Gap::ResultAfterCommit];
    let fenced = |gap: Gap| {
        let run = move || wakes_too_late(gap).map_err(Failed::from);
        Trial::test(format!("redis::stopped at {gap} and woken late"), run)
    };
    gaps.into_iter().map(fenced).collect()
}

fn wakes_too_late(gap: Gap) -> Result<(), String> {
    let mut scene = Scene::new(&format!("fenced-{gap}"), Broker::selected(), WORKS);
    scene.publish_foreign("foreign");
    let done = sleep_and_wake(&mut scene, gap);
    done.map_err(|why| explain(&mut scene, &why))?;
    verdict(&mut scene).map(drop)
}

fn sleep_and_wake(scene: &mut Scene, gap: Gap) -> Result<(), String> {
    let producers = ["governed".to_owned()];
    let mut sleeper = scene.worker(&producers, Some((gap.as_str(), 1)));
    sleeper.wait_for(&format!("at {gap}"))?;
    sleeper.signal("STOP")?;
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
