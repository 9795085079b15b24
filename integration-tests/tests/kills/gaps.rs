//! A trial for each gap. Three workers in a row are killed there, each while it also recovers what the
//! one before it left; a fourth one finishes.

use libtest_mimic::{Failed, Trial};
use wingman_governance::ledger::Gap;
use wingman_tests::kills::AFTER_UNDO;

use super::broker::Broker;
use super::evidence::Evidence;
use super::scene::Scene;
use super::{WORKS, explain, finish};

/// Workers that are killed in a trial.
const KILLS: u32 = 3;
/// Each dies at one of so many occurrences of its gap; fewer where works are undone, which are few.
const OCCURRENCES: u32 = 8;
const UNDO_OCCURRENCES: u32 = 2;

/// What kills at a place leave behind, counted.
type Marks = fn(&Evidence) -> usize;

pub(super) fn trials(seed: u64) -> Vec<Trial> {
    let trial = |place: &'static str, occurrences: u32, marks: Option<Marks>| {
        let run = move || killed_at(place, seed, occurrences, marks).map_err(Failed::from);
        Trial::test(format!("redis::killed at {place}"), run)
    };
    let gaps = Gap::ALL.into_iter();
    let undo = trial(AFTER_UNDO, UNDO_OCCURRENCES, Some(Evidence::undone_again));
    gaps.map(|gap| trial(gap.as_str(), OCCURRENCES, marks_of(gap))).chain([undo]).collect()
}

/// Where a kill leaves a mark, the mark is looked for: it shows that the kill hit.
fn marks_of(gap: Gap) -> Option<Marks> {
    match gap {
        Gap::AdmitAfterCommit
        | Gap::IntentAfterCommit
        | Gap::CallDone
        | Gap::ResultAfterCommit
        | Gap::FinishBeforeCommit => Some(|evidence| evidence.abandoned),
        Gap::RelayAfterPublish => Some(Evidence::published_again),
        Gap::Received
        | Gap::AdmitBeforeCommit
        | Gap::FinishAfterCommit
        | Gap::Acked
        | Gap::RelayBeforePublish
        | Gap::CheckpointBeforeWrite
        | Gap::CheckpointAfterWrite => None,
    }
}

fn killed_at(place: &str, seed: u64, occurrences: u32, marks: Option<Marks>) -> Result<(), String> {
    let mut scene = Scene::new(place, Broker::selected(), WORKS);
    scene.publish_foreign("foreign-before");
    let mut producers = Vec::new();
    for kill in 0..KILLS {
        producers.push(format!("governed-{kill}"));
        // A byte of the seed for each kill.
        let occurrence = 1 + u32::from(seed.to_le_bytes()[kill as usize]) % occurrences;
        let mut worker = scene.worker(&producers, Some((place, occurrence)));
        let reached = worker.wait_for(&format!("at {place}"));
        worker.kill();
        scene.heard(&mut worker);
        reached.map_err(|why| explain(&mut scene, &why))?;
    }
    scene.publish_foreign("foreign-after");
    let evidence = finish(&mut scene, &producers)?;
    expect("accepted works", evidence.works.len(), (KILLS + 2) * WORKS)?;
    marks.map_or(Ok(()), |marks| expect("marks of kills", marks(&evidence), KILLS))
}

fn expect(what: &str, found: usize, expected: u32) -> Result<(), String> {
    let enough = u32::try_from(found).is_ok_and(|found| found >= expected);
    enough.then_some(()).ok_or_else(|| format!("{found} {what}, not {expected}"))
}
