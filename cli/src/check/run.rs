//! Running the suite's cases, several at a time.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wingman_conformance::{
    BUS_CASES, Backend, Case, Faults, Lacks, Mode, Offer, PlainBus, TRANSPORT_CASES, run_case_until,
};

use super::broker::Broker;
use super::report::{Ended, NotRun, Outcome, Report, Sum};
use super::stop::Stop;
use super::text;
use crate::problem::Problem;
use crate::progress::Progress;
use crate::{print, warnings};

/// Cases at a time. They mostly wait, but each has several connections, and leases of seconds.
const AT_ONCE: usize = 8;

const LAYERS: [(&str, &[Case]); 2] = [("transport", TRANSPORT_CASES), ("bus", BUS_CASES)];

/// What one task found.
struct Found {
    at: usize,
    ended: Ended,
    made: Vec<String>,
    left: Vec<String>,
}

/// Runs every case that can run here.
pub(super) async fn run(
    broker: Broker,
    stop: Stop,
    json: bool,
    shows_cases: bool,
) -> Result<Report, Problem> {
    let began = Instant::now();
    // Cases make dead letters, and reconnect; what the broker is warned of was said when it was opened.
    warnings::mute();
    let broker = Arc::new(broker);
    let mut tasks = start(&broker, &stop);
    let (of, progress) = (tasks.len(), Progress::new(json, "checking"));
    let mut found = Vec::with_capacity(of);
    while let Some(one) = tasks.join_next().await {
        let one = one.map_err(Problem::new)?;
        if shows_cases {
            print::line(text::case(&one.ended));
        }
        found.push(one);
        let words = || Sum::of(found.iter().map(|one| &one.ended)).words();
        progress.at(found.len() as u64, of as u64, words);
    }
    drop(progress);
    drop(tasks);
    found.sort_by_key(|one| one.at);
    let _ = broker.transport.close().await;
    let prefix = broker.prefix();
    let broker = Arc::into_inner(broker).ok_or_else(|| Problem::new("a case did not end"))?;
    let mut report = Report {
        about: broker.about,
        prefix,
        cases: Vec::with_capacity(of),
        made: Vec::new(),
        left: Vec::new(),
        is_interrupted: stop.is_asked(),
        took: began.elapsed(),
    };
    for one in found {
        report.cases.push(one.ended);
        report.made.extend(one.made);
        report.left.extend(one.left);
    }
    Ok(report)
}

fn start(broker: &Arc<Broker>, stop: &Stop) -> JoinSet<Found> {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for (layer, cases) in LAYERS {
        for case in cases {
            let (broker, stop, room, at) =
                (broker.clone(), stop.clone(), room.clone(), tasks.len());
            tasks.spawn(async move {
                let _room = room.acquire().await;
                run_one(broker, stop, at, layer, *case).await
            });
        }
    }
    tasks
}

async fn run_one(
    broker: Arc<Broker>,
    mut stop: Stop,
    at: usize,
    layer: &'static str,
    case: Case,
) -> Found {
    let began = Instant::now();
    let ended = |outcome| {
        let (name, guarantee) = (case.name, case.guarantee);
        Ended { layer, name, guarantee, outcome, took: began.elapsed() }
    };
    let not_run = match not_run(&broker, &case) {
        None if stop.is_asked() => Some(NotRun::Interrupted),
        other => other,
    };
    if let Some(why) = not_run {
        let ended = ended(Outcome::NotRun(why));
        return Found { at, ended, made: Vec::new(), left: Vec::new() };
    }
    let (seed, asked) = (broker.seed, stop.clone());
    let report = run_case_until(broker, Arc::new(PlainBus), case, seed, stop.asked()).await;
    let outcome = match (report.verdict, report.mode) {
        (Ok(()), Some(Mode::Absent)) => Outcome::NotOffered,
        (Ok(()), Some(Mode::Run) | None) => Outcome::Passed,
        (Err(_), _) if asked.is_asked() => Outcome::NotRun(NotRun::Interrupted),
        (Err(failure), _) => Outcome::Failed(failure.to_string()),
    };
    let made = report.made.iter().map(ToString::to_string).collect();
    Found { at, ended: ended(outcome), made, left: report.left }
}

/// Why a case cannot run here although the transport may offer what it needs.
fn not_run(broker: &Broker, case: &Case) -> Option<NotRun> {
    let here = Offer {
        capabilities: broker.about.capabilities,
        faults: broker.faults(),
        lacks: broker.lacks(),
        governed: false,
    };
    let would_run = |offer: Offer| case.mode(&offer) == Mode::Run;
    let all = Faults { restart: true, cut: true };
    if would_run(here) {
        None
    } else if would_run(Offer { faults: all, ..here }) {
        Some(NotRun::NeedsControl)
    } else if would_run(Offer { governed: true, ..here }) {
        Some(NotRun::NeedsGovernor)
    } else if would_run(Offer { lacks: Lacks::default(), ..here }) {
        Some(NotRun::StandIn)
    } else {
        None
    }
}
