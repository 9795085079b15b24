//! Governed executions against the bare database.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::measure::{ROUNDS, Rates};
use crate::{bare, executions};

/// Executions that a profiler sees.
const PROFILED: usize = 20_000;
const BARE: usize = 0;
const GOVERNED: usize = 1;

pub(crate) async fn table() -> String {
    let mut text = "| in flight | bare, executions/s | governed, executions/s (of bare) |\n\
                    |---|---|---|\n"
        .to_owned();
    for in_flight in [1, 16, 128, 512] {
        // About half a second a round.
        let executions = (in_flight * 1_500).min(20_000);
        let mut rates = Rates::<2>::new();
        for _ in 0..ROUNDS {
            let (bare, governed) = round(in_flight, executions).await;
            rates.add(BARE, executions, bare);
            rates.add(GOVERNED, executions, governed);
        }
        let (bare, governed) = (rates.cell(BARE, None), rates.cell(GOVERNED, Some(BARE)));
        text.push_str(&format!("| {in_flight} | {bare} | {governed} |\n"));
    }
    text
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
