//! Rates as ratios against the bare client or the bare database in the same run: medians of rounds in
//! which the sides take turns. `cargo bench -p wingman-tests --bench rates` measures memory, the
//! ledger and each broker whose `WINGMAN_*_URL` is set, and writes `docs/benchmarks.md` whole, from
//! `template.md`.
//!
//! With `-- --print` it prints instead. For a profiler, with `-- profile N`, it runs the governed side
//! of the ledger alone, N in flight; with `-- profile publish|consume URL`, the bus alone.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on panics")]
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

mod bare;
mod consume;
mod document;
mod executions;
mod ledger;
mod measure;
mod place;
mod publish;
mod raw;

use document::Document;
use place::Place;

/// Brokers: the heading, and the variable with the URL.
const BROKERS: [(&str, &str); 3] = [
    ("Redis", "WINGMAN_REDIS_URL"),
    ("Kafka", "WINGMAN_KAFKA_URL"),
    ("RabbitMQ", "WINGMAN_RABBITMQ_URL"),
];
const PAYLOADS_BYTES: [usize; 2] = [1_024, 100];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "profile") {
        runtime.block_on(profile(&arguments[at + 1..]));
        return;
    }
    let mut document = Document::begin();
    document.table("ledger", &runtime.block_on(ledger::table()));
    let mut brokers = vec![("Memory", "memory://".to_owned())];
    brokers.extend(
        BROKERS.iter().filter_map(|(name, variable)| Some((*name, std::env::var(variable).ok()?))),
    );
    for (name, url) in brokers {
        tell(name);
        let place = runtime.block_on(Place::open(&url));
        document.broker(name, &runtime.block_on(tables(&place)));
    }
    if arguments.iter().any(|argument| argument == "--print") {
        println!("{}", document.text());
    } else {
        println!("wrote {}", document.write());
    }
}

async fn tables(place: &Place) -> String {
    let (mut publishing, mut consuming) = (publish::heading(place), consume::heading(place));
    for payload_bytes in PAYLOADS_BYTES {
        publishing.push_str(&publish::row(place, payload_bytes).await);
        consuming.push_str(&consume::row(place, payload_bytes).await);
    }
    format!("{publishing}\n{consuming}")
}

async fn profile(arguments: &[String]) {
    match arguments {
        [what, url] if what == "publish" => publish::profile(&Place::open(url).await).await,
        [what, url] if what == "consume" => consume::profile(&Place::open(url).await).await,
        [in_flight, ..] => ledger::profile(in_flight.parse().unwrap()).await,
        [] => panic!("profile N, profile publish URL, or profile consume URL"),
    }
}

#[allow(clippy::print_stderr, reason = "what is being measured, beside what was")]
fn tell(what: &str) {
    eprintln!("{what} …");
}
