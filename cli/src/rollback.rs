//! `wingman rollback`.

mod resolve;

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use wingman_hub::governance::ledger::{Ledger, Reader};
use wingman_hub::governance::protocol::input::Input;
use wingman_hub::governance::protocol::row::{Effect, FenceState};
use wingman_hub::governance::rollback::plan;

pub(crate) use resolve::in_words;

use crate::arguments::{Rollback, RollbackArguments};
use crate::problem::Problem;
use crate::progress::Progress;
use crate::{open, print};

pub(crate) async fn run(command: Rollback, json: bool) -> Result<ExitCode, Problem> {
    match command {
        Rollback::Plan(arguments) => {
            let ledger = opened(&arguments).await?;
            let code = show(&ledger, &arguments, json)?;
            ledger.close().await?;
            Ok(code)
        }
        Rollback::Run(arguments) => {
            let ledger = opened(&arguments).await?;
            let code = undo(&ledger, &arguments, json).await?;
            ledger.close().await?;
            Ok(code)
        }
        Rollback::Quarantined(arguments) => resolve::list(&arguments, json),
        Rollback::Resolve(arguments) => resolve::run(arguments, json).await,
    }
}

/// The ledger, if it knows the tree.
async fn opened(arguments: &RollbackArguments) -> Result<Ledger, Problem> {
    let ledger = open::ledger(&arguments.ledger.url).await?;
    known(&ledger.reader(), &arguments.correlation)?;
    Ok(ledger)
}

fn known(reader: &Reader, correlation: &str) -> Result<(), Problem> {
    if reader.recorded_in(correlation)?.is_empty() {
        return Err(Problem::new(format!("the ledger knows no tree {correlation}"))
            .remedy("`wingman audit show --ledger URL` lists what it knows"));
    }
    Ok(())
}

fn show(ledger: &Ledger, arguments: &RollbackArguments, json: bool) -> Result<ExitCode, Problem> {
    let plan = plan(ledger.reader().effects_in(&arguments.correlation)?);
    if json {
        print::json(&plan)?;
        return Ok(ExitCode::SUCCESS);
    }
    for (at, undo) in plan.undos.iter().enumerate() {
        print::line(format!("{} undo {} (call {})", at + 1, undo.tool, undo.index + 1));
    }
    plan.irreversible.iter().for_each(|tool| print::line(format!("- {tool} cannot be undone")));
    if plan.undos.is_empty() {
        print::line("nothing to undo");
    }
    Ok(ExitCode::SUCCESS)
}

/// Fences the tree, then waits for the processes that have its tools: this command has none.
async fn undo(
    ledger: &Ledger,
    arguments: &RollbackArguments,
    json: bool,
) -> Result<ExitCode, Problem> {
    let tree = &arguments.correlation;
    ledger.transact(vec![Input::Fence { tree: tree.as_str().into() }]).await?;
    let reader = ledger.reader();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(arguments.wait);
    let progress = Progress::new(json, "undoing");
    let whole = reader.open_work(Some(tree))?.effects;
    loop {
        let fence = reader.fence(tree)?.map(|fence| fence.state);
        let state = match fence {
            Some(FenceState::Closed) => "undone",
            Some(FenceState::Stuck) => "stuck",
            Some(FenceState::Open) | None => "open",
        };
        if state != "open" {
            if json {
                print::json(&json!({ "correlation": tree, "state": state }))?;
            } else {
                print::line(format!("{tree}: {state}"));
                if fence == Some(FenceState::Stuck) {
                    print::line(
                        "`wingman rollback quarantined --ledger URL` shows what waits for you",
                    );
                }
            }
            let done = fence == Some(FenceState::Closed);
            return Ok(if done { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(waiting(&reader.effects_in(tree)?));
        }
        if progress.is_wanted() {
            let done = whole.saturating_sub(reader.open_work(Some(tree))?.effects);
            progress.at(done, whole, || format!("{done} of {whole} effects"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn waiting(effects: &[Effect]) -> Problem {
    let open = effects.iter().filter(|effect| !effect.state.is_settled());
    let tools: std::collections::BTreeSet<&str> = open.map(|it| it.tool.as_str()).collect();
    let tools: Vec<&str> = tools.into_iter().collect();
    Problem::new("the tree is fenced, and not all of it is undone yet").remedy(format!(
        "start a process that has the tools {}, or give --wait more time; the fence stays",
        tools.join(", ")
    ))
}
