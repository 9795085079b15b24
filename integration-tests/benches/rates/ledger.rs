//! Governed executions against the bare database.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::measure::{Rates, rounds};
use crate::{bare, executions};

/// Executions that a profiler sees.
const PROFILED: usize = 20_000;
const BARE: usize = 0;
const GOVERNED: usize = 1;

pub(crate) struct Measured {
    pub(crate) table: String,
    /// The rate of the bare side with the most in flight.
    pub(crate) bare: f64,
}

pub(crate) async fn measure() -> Measured {
    let mut bare_rate = f64::INFINITY;
    let mut text = "| in flight | bare, executions/s | governed, executions/s (of bare) |\n\
                    |---|---|---|\n"
        .to_owned();
    for in_flight in [1, 16, 128, 512] {
        // About half a second a round.
        let executions = (in_flight * 1_500).min(20_000);
        let mut rates = Rates::<2>::new();
        for _ in rounds() {
            let (bare, governed) = round(in_flight, executions).await;
            rates.add(BARE, executions, bare);
            rates.add(GOVERNED, executions, governed);
        }
        bare_rate = rates.median(BARE);
        let (bare, governed) = (rates.cell(BARE, None), rates.cell(GOVERNED, Some(BARE)));
        text.push_str(&format!("| {in_flight} | {bare} | {governed} |\n"));
    }
    Measured { table: text, bare: bare_rate }
}

/// The bare side writes what the governed one left, so that it comes second.
async fn round(in_flight: usize, executions: usize) -> (Duration, Duration) {
    let folder = TempDir::new().unwrap();
    let started = Instant::now();
    executions::run(folder.path(), in_flight, executions).await;
    let governed = started.elapsed();
    let replay = bare::Replay::of(&folder.path().join("ledger.db"));
    (replay.run(&folder.path().join("bare.db")), governed)
}

pub(crate) async fn profile(in_flight: usize) {
    let folder = TempDir::new().unwrap();
    executions::run(folder.path(), in_flight, PROFILED).await;
}
