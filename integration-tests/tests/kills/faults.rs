//! What else may happen to the broker of a governed process: it restarts, it dies, it is not there
//! yet, it does not know us.

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};

use super::brokers::{Broker, Own};
use super::scene::Scene;
use super::{finish, judged};

/// Works that are under way while the broker goes.
const LOAD: u32 = 24;

type Run = fn(&Arc<dyn Broker>) -> Result<(), String>;

pub(super) fn trials(broker: &Arc<dyn Broker>) -> Vec<Trial> {
    let trial = |name: &str, run: Run| {
        let (name, broker) = (format!("{}::{name}", broker.name()), Arc::clone(broker));
        Trial::test(name, move || run(&broker).map_err(Failed::from))
    };
    vec![
        trial("restarted under load", |it| goes_under_load(it.name(), &["restart"])),
        trial("ended by kill -9 under load", |it| goes_under_load(it.name(), &["kill", "up"])),
        trial("down at start", |it| down_at_start(it.name())),
        trial("refuses the credentials", refuses_the_credentials),
    ]
}

fn goes_under_load(name: &'static str, commands: &[&str]) -> Result<(), String> {
    let own = Own::new(name)?;
    own.run("up")?;
    let mut scene = Scene::new(commands[0], own.broker()?, LOAD);
    let producers = ["load".to_owned()];
    let mut worker = scene.worker(&producers, None);
    worker.wait_for(&format!("recorded load-{}", LOAD / 2))?;
    for command in commands {
        own.run(command)?;
    }
    judged(&mut scene, worker).map(drop)
}

/// It keeps trying and says so; what was published meanwhile goes out when the broker is there.
fn down_at_start(name: &'static str) -> Result<(), String> {
    let own = Own::new(name)?;
    let mut scene = Scene::new("down", own.broker()?, LOAD);
    scene.url = Some(scene.broker.url_impatient());
    let mut worker = scene.worker(&["early".to_owned()], None);
    worker.wait_for(&format!("recorded early-{}", LOAD - 1))?;
    scene.wait_for_complaint("cannot be reached")?;
    own.run("up")?;
    judged(&mut scene, worker).map(drop)
}

/// It stops and says so, without the password.
fn refuses_the_credentials(broker: &Arc<dyn Broker>) -> Result<(), String> {
    let mut scene = Scene::new("credentials", Arc::clone(broker), 1);
    scene.url = Some(broker.url_refused());
    let mut worker = scene.worker(&["nobody".to_owned()], None);
    let status = worker.ended()?;
    let complaints = scene.complaints();
    if status.success() || complaints.is_empty() || complaints.contains("hunter2") {
        return Err(format!("it ended with {status} and said {complaints:?}"));
    }
    // With the right ones the same ledger and the same works go through.
    scene.url = None;
    finish(&mut scene, &["nobody".to_owned()]).map(drop)
}
