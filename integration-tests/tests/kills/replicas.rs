//! Several processes on one SQLite file at once, under load, and one of them is killed.

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};

use super::brokers::Broker;
use super::scene::Scene;
use super::{explain, judged};

/// Works of each producer: one producer is everybody's, and each process has its own.
const LOAD: u32 = 12;

pub(super) fn trials(broker: &Arc<dyn Broker>) -> Vec<Trial> {
    let trial = |replicas: usize| {
        let name = format!("{}::{replicas} replicas, one killed", broker.name());
        let broker = Arc::clone(broker);
        Trial::test(name, move || one_is_killed(broker, replicas).map_err(Failed::from))
    };
    [2, 3].into_iter().map(trial).collect()
}

fn one_is_killed(broker: Arc<dyn Broker>, replicas: usize) -> Result<(), String> {
    let mut scene = Scene::new(&format!("replicas-{replicas}"), broker, LOAD);
    scene.publish_foreign("foreign");
    let own = |it: usize| [format!("own-{it}"), "shared".to_owned()];
    let mut workers: Vec<_> = (0..replicas).map(|it| scene.worker(&own(it), None)).collect();
    let mut victim = workers.remove(0);
    let reached = victim.wait_for(&format!("recorded own-0-{}", LOAD / 2));
    victim.kill();
    scene.heard(&mut victim);
    reached.map_err(|why| explain(&mut scene, &why))?;
    let last = workers.pop().expect("there are at least two");
    for worker in &mut workers {
        worker.wait_for("published").map_err(|why| explain(&mut scene, &why))?;
        scene.heard(worker);
    }
    let evidence = judged(&mut scene, last)?;
    for worker in &mut workers {
        worker.stop()?;
    }
    if evidence.joined < replicas {
        return Err(format!("{} processes joined, not {replicas}", evidence.joined));
    }
    Ok(())
}
