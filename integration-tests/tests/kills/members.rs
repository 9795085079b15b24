//! Members of the groups come and go under load, and hardly wait for what is being handled: what a key's
//! partition or owner was given up with in mid-handler is delivered to the next one meanwhile. Governed,
//! no two works of a key are acted on at once, and no call is made twice.

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};

use super::brokers::Broker;
use super::scene::Scene;
use super::worker::Worker;
use super::{explain, judged};

/// Works of the producer that all share, and of each other one.
const WORKS: u32 = 12;
/// How long a call takes: far longer than a group that changes waits.
const SLOW: (&str, &str) = ("--slow-millis", "150");
/// Calls that are noted between a member's coming and another one's going: far fewer than it brings.
const CALLS_BETWEEN: usize = 4;

pub(super) fn trial(broker: &Arc<dyn Broker>) -> Trial {
    let name = format!("{}::members come and go", broker.name());
    let broker = Arc::clone(broker);
    Trial::test(name, move || come_and_go(broker).map_err(Failed::from))
}

fn come_and_go(broker: Arc<dyn Broker>) -> Result<(), String> {
    let mut scene = Scene::new("members", broker, WORKS);
    scene.url = Some(scene.broker.url_hasty());
    scene.publish_foreign("foreign");
    let changed = change(&mut scene);
    let last = changed.map_err(|why| explain(&mut scene, &why))?;
    judged(&mut scene, last).map(drop)
}

/// Two members at any time, the older of which leaves, or is killed, when a new one has come.
fn change(scene: &mut Scene) -> Result<Worker, String> {
    let mut older = join(scene, 0)?;
    for number in 1..=4 {
        let newer = join(scene, number)?;
        scene.wait_for_calls(CALLS_BETWEEN)?;
        if number % 2 == 0 {
            older.kill();
        } else {
            older.stop()?;
        }
        scene.heard(&mut older);
        older = newer;
    }
    Ok(older)
}

/// A member that has begun, and publishes works of its own.
fn join(scene: &Scene, number: u32) -> Result<Worker, String> {
    let mut worker = scene.flawed_worker(&[format!("own-{number}")], None, Some(SLOW));
    worker.wait_for("ready")?;
    Ok(worker)
}
