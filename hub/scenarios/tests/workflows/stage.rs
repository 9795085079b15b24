//! Running a workflow in a folder, and editing its contracts.

use std::fs;
use std::path::Path;
use std::time::Duration;

use wingman_core::bus::Bus;
use wingman_core::clock::Clock;
use wingman_core::memory::MemoryTransport;
use wingman_governance::Mode;
use wingman_scenarios::{Folder, Outcome, Report, RequestReport, Run, Scenario};

const WITHIN: Duration = Duration::from_secs(60);

/// Starts a workflow in a folder.
pub(crate) async fn start(scenario: &'static dyn Scenario, root: &Path) -> Run {
    let folder = Folder::prepare(scenario, root, None).unwrap();
    let url = format!("sqlite://{}", root.join("ledger.db").display());
    let bus = Bus::new(MemoryTransport::new(Clock::system()));
    Run::start(scenario, bus, &url, &folder, Mode::Enforce).await.unwrap()
}

/// Runs a workflow that has started and returns what came of it; nothing may be open.
pub(crate) async fn finish(scenario: &'static dyn Scenario, started: &Run) -> Report {
    let report = started.run(scenario.script(), WITHIN).await.unwrap();
    let open = started.running().ledger().reader().open_work(None).unwrap();
    assert!(open.is_none(), "{open:?}");
    report
}

/// Runs a workflow in a folder and returns what came of it.
pub(crate) async fn run(scenario: &'static dyn Scenario, root: &Path) -> Report {
    let started = start(scenario, root).await;
    let report = finish(scenario, &started).await;
    started.stop().await;
    report
}

pub(crate) fn request(report: &Report, number: usize) -> &RequestReport {
    report.requests.iter().find(|request| request.number == number).unwrap()
}

pub(crate) fn outcome(report: &Report, number: usize) -> Outcome {
    request(report, number).outcome
}

/// Edits a contract file of a prepared folder as a person would.
pub(crate) fn edit(root: &Path, from: &str, to: &str) {
    let path = root.join("contracts/handlers.yaml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from} is not in the file");
    fs::write(path, text.replace(from, to)).unwrap();
}
