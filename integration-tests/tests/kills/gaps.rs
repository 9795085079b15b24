//! A trial for each gap. Three workers in a row are killed there, each while it also recovers what the
//! one before it left; a fourth one finishes.

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use wingman_governance::ledger::Gap;
use wingman_tests::kills::AFTER_UNDO;

use super::brokers::Broker;
use super::evidence::Evidence;
use super::scene::Scene;
use super::{WORKS, explain, finish};

/// Workers that are killed in a trial.
const KILLS: usize = 3;
/// Each dies at one of so many occurrences of its gap; fewer where works are undone, which are few.
const OCCURRENCES: u32 = 8;
const UNDO_OCCURRENCES: u32 = 2;
/// Places that a batch passes at once: under load there are as few as there are steps from a work to its end.
const BATCH_OCCURRENCES: u32 = 3;
const BATCHES: [Gap; 4] =
    [Gap::Received, Gap::Acked, Gap::RelayBeforePublish, Gap::RelayAfterPublish];

/// A place, and at which of its occurrences.
pub(super) type Kill = (&'static str, u32);
/// What kills at a place leave behind, counted.
type Marks = fn(&Evidence) -> usize;

pub(super) fn trials(broker: &Arc<dyn Broker>, seed: u64) -> Vec<Trial> {
    let trial = |place: &'static str| {
        // A byte of the seed for each kill.
        let bytes = seed.to_le_bytes();
        let kills: Vec<Kill> = bytes[..KILLS]
            .iter()
            .map(|byte| (place, 1 + u32::from(*byte) % occurrences(place)))
            .collect();
        let name = format!("{}::killed at {place}", broker.name());
        let broker = Arc::clone(broker);
        Trial::test(name, move || kill(place, broker, &kills).map_err(Failed::from))
    };
    places().map(trial).collect()
}

/// Where processes are killed.
pub(super) fn places() -> impl Iterator<Item = &'static str> {
    Gap::ALL.into_iter().map(Gap::as_str).chain([AFTER_UNDO])
}

/// At how many occurrences of a place a process may be killed.
pub(super) fn occurrences(place: &str) -> u32 {
    if place == AFTER_UNDO {
        UNDO_OCCURRENCES
    } else if BATCHES.iter().any(|gap| gap.as_str() == place) {
        BATCH_OCCURRENCES
    } else {
        OCCURRENCES
    }
}

/// Where a kill leaves a mark, the mark is looked for: it shows that the kill hit. Which of the marks.
fn mark_of(place: &str) -> Option<usize> {
    let abandoned = [
        Gap::AdmitAfterCommit,
        Gap::IntentAfterCommit,
        Gap::CallDone,
        Gap::ResultAfterCommit,
        Gap::FinishBeforeCommit,
    ];
    if abandoned.iter().any(|gap| gap.as_str() == place) {
        Some(0)
    } else if place == Gap::RelayAfterPublish.as_str() {
        Some(1)
    } else {
        (place == AFTER_UNDO).then_some(2)
    }
}

/// Kills a worker at each place in a row, lets a last one finish, and judges what there is.
pub(super) fn kill(name: &str, broker: Arc<dyn Broker>, kills: &[Kill]) -> Result<(), String> {
    let mut scene = Scene::new(name, broker, WORKS);
    scene.publish_foreign("foreign-before");
    let mut producers = Vec::new();
    for (number, (place, occurrence)) in kills.iter().enumerate() {
        producers.push(format!("governed-{number}"));
        let mut worker = scene.worker(&producers, Some((place, *occurrence)));
        let reached = worker.wait_for(&format!("at {place}"));
        worker.kill();
        scene.heard(&mut worker);
        reached.map_err(|why| explain(&mut scene, &format!("{kills:?}: {why}")))?;
    }
    scene.publish_foreign("foreign-after");
    let evidence = finish(&mut scene, &producers)?;
    let works = (kills.len() + 2) * WORKS as usize;
    expect("accepted works", evidence.works.len(), works)?;
    let all: [Marks; 3] = [|it| it.abandoned, Evidence::published_again, Evidence::undone_again];
    for (index, marks) in all.into_iter().enumerate() {
        let left = kills.iter().filter(|(place, _)| mark_of(place) == Some(index)).count();
        expect("marks of kills", marks(&evidence), left)?;
    }
    Ok(())
}

fn expect(what: &str, found: usize, expected: usize) -> Result<(), String> {
    (found >= expected).then_some(()).ok_or_else(|| format!("{found} {what}, not {expected}"))
}
