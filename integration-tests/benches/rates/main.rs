//! Rates as ratios against the bare client or the bare database in the same run: medians of rounds
//! that take turns. `cargo bench -p wingman-tests --bench rates` prints the tables of
//! `docs/benchmarks.md`; with WINGMAN_REDIS_URL set, those of Redis too. With `-- profile N` it runs
//! the governed side alone, N in flight, for a profiler to look at.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on panics")]
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

mod bare;
mod bus;
mod governed;

use std::time::Instant;

/// Rounds of each side; odd, so that there is a middle one.
const ROUNDS: usize = 5;
/// Executions that a profiler sees.
const PROFILED: usize = 20_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "profile") {
        let in_flight = arguments[at + 1].parse().unwrap();
        let folder = tempfile::TempDir::new().unwrap();
        runtime.block_on(governed::run(folder.path(), in_flight, PROFILED));
        return;
    }
    println!("## Governed executions against the bare database\n");
    println!("| in flight | bare, executions/s | governed, executions/s | ratio |");
    println!("|---|---|---|---|");
    for in_flight in [1, 16, 128, 512] {
        runtime.block_on(ledger_row(in_flight));
    }
    if let Ok(url) = std::env::var("WINGMAN_REDIS_URL") {
        println!("\n## Bus against the raw Redis client\n");
        println!("| what | raw, messages/s | bus, messages/s | ratio |");
        println!("|---|---|---|---|");
        runtime.block_on(bus::table(&url));
    }
}

async fn ledger_row(in_flight: usize) {
    // About half a second a round.
    let executions = (in_flight * 1_500).min(20_000);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let folder = tempfile::TempDir::new().unwrap();
        let started = Instant::now();
        governed::run(folder.path(), in_flight, executions).await;
        ours.push(executions as f64 / started.elapsed().as_secs_f64());
        let replay = bare::Replay::of(&folder.path().join("ledger.db"));
        bare.push(executions as f64 / replay.run(&folder.path().join("bare.db")).as_secs_f64());
    }
    print_row(&in_flight.to_string(), &mut bare, &mut ours);
}

/// One line of a table: medians, and the median of the ratios of each round's pair.
fn print_row(name: &str, bare: &mut [f64], ours: &mut [f64]) {
    let mut ratios: Vec<f64> =
        ours.iter().zip(bare.iter()).map(|(ours, bare)| ours / bare).collect();
    let (bare, ours, ratio) = (median(bare), median(ours), median(&mut ratios));
    println!("| {name} | {bare:.0} | {ours:.0} | {ratio:.2} |");
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
