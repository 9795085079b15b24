//! Many kills at places and occurrences that the seed chooses: docs/kills.md.

use std::collections::BTreeMap;
use std::process::exit;
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};
use wingman_conformance::Choices;

use super::brokers::Broker;
use super::gaps::{Kill, kill, occurrences, places};

/// Kills in a row on one ledger.
const KILLS_EACH: u64 = 5;

/// Kills that were survived, by broker and place.
type Tally = Arc<Mutex<BTreeMap<(&'static str, &'static str), u32>>>;

/// Makes so many kills on each broker, prints how many there were at each place, and ends.
#[allow(clippy::print_stdout, reason = "the counts are the result")]
pub(super) fn run(arguments: &Arguments, brokers: &[Arc<dyn Broker>], seed: u64, kills: u64) -> ! {
    let tally = Tally::default();
    let rounds = |broker| {
        let tally = &tally;
        let starts = (0..kills).step_by(KILLS_EACH as usize);
        starts.map(move |from| {
            round(broker, seed, from..kills.min(from + KILLS_EACH), Arc::clone(tally))
        })
    };
    let trials = brokers.iter().flat_map(rounds).collect();
    let conclusion = libtest_mimic::run(arguments, trials);
    for ((broker, place), count) in &*tally.lock().expect("trials do not panic while they count") {
        println!("{broker} {place}: {count}");
    }
    exit(if conclusion.has_failed() { 101 } else { 0 });
}

fn round(
    broker: &Arc<dyn Broker>,
    seed: u64,
    numbers: std::ops::Range<u64>,
    tally: Tally,
) -> Trial {
    let name = format!("{}::kills {} to {}", broker.name(), numbers.start + 1, numbers.end);
    let scene = format!("seeded-{}", numbers.start);
    let kills: Vec<Kill> = numbers.map(|number| chosen(seed, number)).collect();
    let broker = Arc::clone(broker);
    Trial::test(name, move || {
        kill(&scene, Arc::clone(&broker), &kills).map_err(Failed::from)?;
        let mut tally = tally.lock().expect("trials do not panic while they count");
        for (place, _) in kills {
            *tally.entry((broker.name(), place)).or_default() += 1;
        }
        Ok(())
    })
}

/// The kill of this number, by the seed alone.
fn chosen(seed: u64, number: u64) -> Kill {
    let choices = Choices::new(seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    // The first choices of neighbours would be each other's second.
    let choices = Choices::new(choices.below(u64::MAX));
    let places: Vec<_> = places().collect();
    let place = places[choices.below(places.len() as u64) as usize];
    (place, 1 + choices.below(u64::from(occurrences(place))) as u32)
}
