//! Rates as ratios against the bare client or the bare database in the same run: medians of rounds in
//! which the sides take turns. `rates.sh` starts the brokers and runs it; by hand:
//!
//! `cargo bench -p wingman-tests --bench rates -- [NAME…] [--write FILE]` measures the places of these
//! names, or all: a broker by its `WINGMAN_*_URL`. It prints their tables; `--write`, for all of them
//! only, makes the document of `template.md`.
//!
//! For a profiler, `profile N` runs the governed side of the ledger alone, N in flight; `profile
//! publish URL` the bus alone, publishing, and `profile SIDE URL` one side of the consuming ones: `raw`,
//! `kept`, `driver`, `bus`, `typed` or `governed`.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on panics")]
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

mod arguments;
mod bare;
mod consume;
mod document;
mod executions;
mod ledger;
mod measure;
mod place;
mod publish;
mod raw;

use std::time::Instant;

use arguments::{Arguments, Measured};
use document::Document;
use place::Place;

const PAYLOADS_BYTES: [usize; 2] = [1_024, 100];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match Arguments::read(std::env::args().skip(1)) {
        Ok(Arguments::Profile(words)) => runtime.block_on(profile(&words)),
        Ok(Arguments::Measure(places)) => {
            println!("{}", runtime.block_on(measure(&places)).tables())
        }
        Ok(Arguments::Write(places, file)) => {
            let document = runtime.block_on(measure(&places));
            std::fs::write(&file, document.text()).unwrap();
            println!("wrote {}", file.display());
        }
        Err(wrong) => {
            tell(&wrong);
            std::process::exit(2);
        }
    }
}

/// The ledger always, because governed rates are compared with it.
async fn measure(places: &[Measured]) -> Document {
    let mut document = Document::begin();
    let began = Instant::now();
    let ledger = ledger::measure().await;
    tell(&format!("ledger: {:.0?}", began.elapsed()));
    document.table("ledger", &ledger.table);
    for Measured { name, url } in places {
        let began = Instant::now();
        let place = Place::open(url).await;
        document.broker(name, &tables(&place, ledger.bare).await);
        tell(&format!("{name}: {:.0?}", began.elapsed()));
    }
    document
}

async fn tables(place: &Place, bare: f64) -> String {
    let (mut publishing, mut consuming) = (publish::heading(place), consume::heading(place));
    for payload_bytes in PAYLOADS_BYTES {
        publishing.push_str(&publish::row(place, payload_bytes).await);
        consuming.push_str(&consume::row(place, payload_bytes, bare).await);
    }
    format!("{publishing}\n{consuming}")
}

async fn profile(words: &[String]) {
    match words {
        [what, url] if what == "publish" => publish::profile(&Place::open(url).await).await,
        [what, url] => consume::profile(&Place::open(url).await, what, url).await,
        [what, url, topic] if what == "fill" => {
            consume::fill(&Place::open(url).await, topic).await;
        }
        [in_flight] => ledger::profile(in_flight.parse().unwrap()).await,
        _ => panic!("profile N, or profile publish|raw|kept|driver|bus|typed|governed URL"),
    }
}

#[allow(clippy::print_stderr, reason = "how far it is, beside what was measured")]
fn tell(what: &str) {
    eprintln!("{what}");
}
