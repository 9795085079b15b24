//! The same kills with a driver that is broken on purpose: each must be caught on the real broker.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use wingman_core::name::{GroupName, TopicName};
use wingman_governance::ledger::Gap;

use super::WORKS;
use super::brokers::Broker;
use super::judge::judge;
use super::scene::Scene;

/// What is lost does not settle, however long one waits. What is not lost does, well within this.
const WAIT: Duration = Duration::from_secs(15);
/// The longest wait until everything is acked that has come in.
const ACKED_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);

const ACKS_FIRST: &str = "acks-first";

pub(super) fn trials(broker: &Arc<dyn Broker>) -> Vec<Trial> {
    let mutant = |broken: &'static str, said: &'static str| {
        let name = format!("{}::mutant {broken} is caught", broker.name());
        let broker = Arc::clone(broker);
        Trial::test(name, move || is_caught(broker, broken, said).map_err(Failed::from))
    };
    vec![
        mutant(ACKS_FIRST, "never acted on"),
        mutant("sends-nothing", "recorded as published and not on the broker"),
    ]
}

fn is_caught(broker: Arc<dyn Broker>, broken: &str, said: &str) -> Result<(), String> {
    let mut scene = Scene::new(broken, broker, WORKS);
    scene.publish_foreign("foreign");
    let producers = ["governed".to_owned()];
    let gap = Gap::AdmitBeforeCommit;
    let stop_at = Some((gap.as_str(), 1));
    let mut worker = scene.flawed_worker(&producers, stop_at, Some(("--broken", broken)));
    let mut reached = worker.wait_for(&format!("at {gap}"));
    if broken == ACKS_FIRST {
        // A broker may take acks in later than it answers.
        reached = reached.and_then(|()| wait_until_acked(&scene));
    }
    worker.kill();
    scene.heard(&mut worker);
    reached?;
    let mut worker = scene.flawed_worker(&producers, None, Some(("--broken", broken)));
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

fn wait_until_acked(scene: &Scene) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let lag = runtime.map_err(|error| error.to_string())?.block_on(async {
        let driver = wingman_adapters::open(scene.broker.url()).await?;
        let admin = driver.admin()?;
        let topic = TopicName::new(format!("{}.Work", scene.namespace))?;
        let group = GroupName::new(format!("{}.act", scene.namespace))?;
        let deadline = Instant::now() + ACKED_WITHIN;
        loop {
            let lag = admin.lag(&topic, &group).await?;
            if lag == Some(0) || Instant::now() >= deadline {
                driver.close().await?;
                return Ok(lag);
            }
            thread::sleep(LOOK_EVERY);
        }
    });
    match lag.map_err(|error: wingman_core::Error| error.to_string())? {
        Some(0) => Ok(()),
        lag => Err(format!("the lag of act is {lag:?} after {ACKED_WITHIN:?}")),
    }
}
