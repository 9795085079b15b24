//! `wingman demo`.

mod interactive;
mod page;
mod topics;

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use wingman_hub::core::name::Namespace;
use wingman_hub::governance::Mode;
use wingman_hub::governance::contract::Contracts;
use wingman_hub::governance::ledger::{Ledger, LedgerOptions, Reader, Verification};
use wingman_scenarios::{Answers, Folder, Report, Run, Scenario};

use crate::arguments::{Demo, DemoMode};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::{audit, open, print, transcript};

/// How long the requests may take when a script answers, and when a person does.
const SCRIPTED: Duration = Duration::from_secs(120);
const INTERACTIVE: Duration = Duration::from_secs(600);

/// How often a run is looked at while it goes on.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a run came to, for text and JSON alike.
pub(crate) struct Ended {
    pub(crate) mode: Mode,
    pub(crate) broker: String,
    pub(crate) ledger: String,
    pub(crate) scenario: &'static dyn Scenario,
    pub(crate) folder: Folder,
    pub(crate) report: Report,
    pub(crate) is_open: bool,
    pub(crate) verification: Verification,
    pub(crate) page: PathBuf,
}

pub(crate) async fn run(options: Demo, json: bool) -> Result<ExitCode, Problem> {
    let scenario = options.scenario.scenario();
    if options.interactive && scenario.script().is_none() {
        return Err(Problem::new(format!("--interactive: {} asks nobody", scenario.name()))
            .remedy("leave it out, or take --scenario agent-loop"));
    }
    let mode = match options.mode {
        DemoMode::Observe => Mode::Observe,
        DemoMode::Enforce => Mode::Enforce,
    };
    let bus = wingman_hub::connect(&options.broker).await?;
    let root = root(options.out.as_deref())?;
    let folder =
        Folder::prepare(scenario, &root, options.contracts.as_deref()).map_err(Problem::new)?;
    let url = options
        .ledger
        .clone()
        .unwrap_or_else(|| format!("sqlite://{}", root.join("ledger.db").display()));
    let bus = bus.namespace(namespace(&url).await?);
    if !json {
        transcript::head(
            scenario,
            mode,
            &open::without_secrets(&options.broker),
            &url,
            options.interactive,
        );
    }
    let started = Run::start(scenario, bus.clone(), &url, &folder, mode).await;
    let running = started.map_err(Problem::new)?;
    let (answers, within): (Option<Arc<dyn Answers>>, _) = if options.interactive {
        (Some(Arc::new(interactive::Person::at_terminal())), INTERACTIVE)
    } else {
        (scenario.script(), SCRIPTED)
    };
    let reader = running.running().ledger().reader();
    let report = tokio::select! {
        report = running.run(answers, within) => report.map_err(Problem::new),
        _ = tokio::signal::ctrl_c() => Err(interrupted(&root)),
        // A person who answers plans has the terminal for that.
        never = watch(&reader, json || options.interactive) => match never {},
    };
    running.stop().await;
    if !options.keep {
        topics::delete(scenario, &bus).await?;
    }
    bus.close().await?;
    let report = report?;
    let is_open = is_open(&reader, &report)?;
    let verification = audit::verify(&url, None, json)?;
    let broker = open::without_secrets(&options.broker);
    let page = root.join("demo.html");
    let ended =
        Ended { mode, broker, ledger: url, scenario, folder, report, is_open, verification, page };
    let written = page::write(&ended, &reader);
    let code = show(&ended, json)?;
    written.map(|()| code)
}

/// Shows how a run goes, for as long as it does.
async fn watch(reader: &Reader, json: bool) -> Infallible {
    let progress = Progress::new(json, "running");
    while progress.is_wanted() {
        if let (Ok(stamps), Ok(open)) = (reader.size(), reader.open_work(None)) {
            progress.say(|| format!("{stamps} stamps, {} executions open", open.executions));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    std::future::pending().await
}

/// Whether something of this run's trees is not settled; earlier runs that were cut off do not count.
fn is_open(reader: &Reader, report: &Report) -> Result<bool, Problem> {
    for request in &report.requests {
        if !reader.open_work(Some(&request.trace.correlation))?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn interrupted(root: &Path) -> Problem {
    Problem::new("interrupted; the ledger keeps what was done")
        .remedy(format!("the same command with --out {} goes on from there", root.display()))
}

fn show(ended: &Ended, json: bool) -> Result<ExitCode, Problem> {
    let sound = ended.verification.is_sound() && !ended.is_open;
    if json {
        print::json(&as_json(ended, sound))?;
    } else {
        transcript::requests(ended);
        transcript::foot(ended);
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn as_json(ended: &Ended, sound: bool) -> serde_json::Value {
    let mut requests: Vec<_> = ended.report.requests.iter().collect();
    requests.sort_by_key(|request| request.number);
    let requests: Vec<_> = requests
        .into_iter()
        .map(|request| {
            json!({
                "correlation": request.trace.correlation,
                "outcome": request.outcome,
                "events": request.trace.events().len(),
                "executions": request.trace.executions().len(),
                "refusals": request.refusals,
                "compensations": request.compensations(),
                "would_refuse": request.would_refuse().len(),
            })
        })
        .collect();
    json!({
        "broker": ended.broker,
        "scenario": ended.scenario.name(),
        "mode": ended.mode,
        "requests": requests,
        "stamps": ended.verification.stamps,
        "uncovered": ended.verification.uncovered,
        "root": ended.verification.root,
        "page": ended.page,
        "verified": sound,
    })
}

/// Topics and groups are this ledger's alone (R11).
async fn namespace(url: &str) -> Result<Namespace, Problem> {
    let none = Contracts::builder().build().map_err(Problem::new)?;
    let options = LedgerOptions { create: true, ..LedgerOptions::new(Arc::new(none)) };
    let ledger = Ledger::open(url, options).await?;
    let name = format!("demo-{}", ledger.id().short());
    ledger.close().await?;
    Ok(Namespace::new(name)?)
}

fn root(out: Option<&Path>) -> Result<PathBuf, Problem> {
    if let Some(out) = out {
        return Ok(out.to_owned());
    }
    let mut bytes = [0; 2];
    getrandom::fill(&mut bytes).map_err(Problem::new)?;
    Ok(PathBuf::from(format!("demo-{:02x}{:02x}", bytes[0], bytes[1])))
}
