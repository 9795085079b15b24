//! R2 with each of its two fences taken away: a ledger that takes what is late, and a worker that acts
//! outside without looking at its lease. The join must name what comes of it, on the real broker.
//!
//! Neither needs a door in what is shipped. The ledger is made to forget in its own file that another
//! process took over; the worker is one whose lease is an hour by its own clock and over by the ledger's.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use rusqlite::{Connection, params};
use wingman_governance::ledger::Gap;
use wingman_tests::kills::BEFORE_RETURN;

use super::SETTLED_WITHIN;
use super::brokers::Broker;
use super::judge::judge;
use super::scene::Scene;
use super::worker::Worker;

/// What is not fenced off comes out well within this.
const NAMED_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A lease that no trial outlives.
const LONG_LEASE: (&str, &str) = ("--lease-seconds", "3600");

type Run = fn(&mut Scene) -> Result<(), String>;

pub(super) fn trials(broker: &Arc<dyn Broker>) -> Vec<Trial> {
    let mutant = |mutant: &'static str, run: Run| {
        let name = format!("{}::mutant {mutant} is caught", broker.name());
        let broker = Arc::clone(broker);
        Trial::test(name, move || {
            let mut scene = Scene::new(mutant, broker, 1);
            let caught = run(&mut scene);
            scene.broker.forget(&scene.namespace);
            caught.map_err(Failed::from)
        })
    };
    vec![
        mutant("ledger-takes-what-is-late", late_results_count),
        mutant("worker-trusts-its-lease", the_lease_is_not_looked_at),
    ]
}

/// The woken finish is taken: a second outcome, and a second body under the output's id.
fn late_results_count(scene: &mut Scene) -> Result<(), String> {
    let mut sleeper = asleep(scene, BEFORE_RETURN, None)?;
    let begun = Begun::read(&scene.ledger())?;
    finish_elsewhere(scene)?;
    begun.write_back(&scene.ledger())?;
    sleeper.signal("CONT")?;
    let named = wait_until_named(scene, &["has 2 outcome stamps", "on the broker in 2 bodies"]);
    sleeper.stop().and(named)
}

/// The woken call is made, although another worker has made it since. What it brings is late.
fn the_lease_is_not_looked_at(scene: &mut Scene) -> Result<(), String> {
    let mut sleeper = asleep(scene, Gap::IntentAfterCommit.as_str(), Some(LONG_LEASE))?;
    end_leases(&scene.ledger())?;
    finish_elsewhere(scene)?;
    sleeper.signal("CONT")?;
    scene.wait_for_late_stamp()?;
    let named = wait_until_named(scene, &["stands 2 times, not 1"]);
    sleeper.stop().and(named)
}

/// A worker that was stopped there.
fn asleep(
    scene: &Scene,
    place: &str,
    flaw: Option<(&'static str, &'static str)>,
) -> Result<Worker, String> {
    let mut sleeper = scene.flawed_worker(&["governed".to_owned()], Some((place, 1)), flaw);
    sleeper.wait_for(&format!("at {place}"))?;
    sleeper.suspend()?;
    scene.let_go_on();
    Ok(sleeper)
}

/// Another worker does all that there is to do.
fn finish_elsewhere(scene: &mut Scene) -> Result<(), String> {
    let mut other = scene.worker(&["governed".to_owned()], None);
    other.wait_for("published")?;
    scene.heard(&mut other);
    scene.wait_until_settled(SETTLED_WITHIN)?;
    other.stop()
}

fn wait_until_named(scene: &Scene, words: &[&str]) -> Result<(), String> {
    let deadline = Instant::now() + NAMED_WITHIN;
    loop {
        let faults = judge(&scene.evidence());
        let is_named = |words: &&str| faults.iter().any(|fault| fault.contains(words));
        if words.iter().all(is_named) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(format!("{words:?} are not among {faults:?} after {NAMED_WITHIN:?}"));
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// The row of an execution that was begun and has not ended.
struct Begun {
    id: Vec<u8>,
    body: String,
}

impl Begun {
    /// The only one there is.
    fn read(ledger: &str) -> Result<Self, String> {
        let one = "SELECT id, body FROM executions WHERE open = 1";
        let read = open(ledger)?
            .query_one(one, (), |row| Ok(Self { id: row.get("id")?, body: row.get("body")? }));
        read.map_err(|error| error.to_string())
    }

    /// Makes the ledger forget that the execution went on: who took over (R2), and which ids its
    /// outputs took (R1, which would keep a second finish out by itself).
    fn write_back(&self, ledger: &str) -> Result<(), String> {
        let connection = open(ledger)?;
        let again = "UPDATE executions SET open = 1, body = ?2 WHERE id = ?1";
        let outputs = "DELETE FROM recorded WHERE body ->> 'cause' = lower(hex(?1))";
        let changed = connection
            .execute(again, params![self.id, self.body])
            .and_then(|again| Ok((again, connection.execute(outputs, [&self.id])?)));
        match changed.map_err(|error| error.to_string())? {
            (1, 1..) => Ok(()),
            changed => Err(format!("the ledger has another shape: {changed:?} rows changed")),
        }
    }
}

/// Ends every lease by the ledger's clock, whatever its holder believes.
fn end_leases(ledger: &str) -> Result<(), String> {
    let end = "UPDATE workers SET body = json_set(body, '$.expires_millis', 1)";
    match open(ledger)?.execute(end, ()).map_err(|error| error.to_string())? {
        1 => Ok(()),
        changed => Err(format!("{changed} leases were ended")),
    }
}

fn open(ledger: &str) -> Result<Connection, String> {
    Connection::open(ledger.trim_start_matches("sqlite://")).map_err(|error| error.to_string())
}
