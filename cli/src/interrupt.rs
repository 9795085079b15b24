//! `wingman halt` and `wingman resume`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use wingman_hub::governance::interrupt::interrupt;
use wingman_hub::governance::ledger::Ledger;
use wingman_hub::governance::protocol::row::{Target, Worker};

use crate::arguments::Interrupt;
use crate::problem::Problem;
use crate::{open, print};

pub(crate) async fn run(options: Interrupt, halt: bool, json: bool) -> Result<ExitCode, Problem> {
    let ledger = open::ledger(&options.ledger.url).await?;
    if let Some(handler) = &options.handler {
        known(&ledger, handler)?;
    }
    let target = options.handler.map_or(Target::All, Target::Handler);
    let name = match &target {
        Target::All => "all handlers".to_owned(),
        Target::Handler(handler) => handler.clone(),
    };
    let target_text = target.as_str().to_owned();
    let within = Duration::from_secs(options.wait);
    let told = interrupt(&ledger, target, halt, &options.by, within).await?;
    let running = ledger.reader().started()?;
    ledger.close().await?;
    let ids = |workers: &[Worker]| workers.iter().map(|it| it.id.0.short()).collect::<Vec<_>>();
    let (confirmed, fenced, silent) = (ids(&told.confirmed), ids(&told.fenced), ids(&told.silent));
    let verb = if halt { "halted" } else { "resumed" };
    if json {
        print::json(&json!({
            "target": target_text, "state": verb, "version": told.version, "confirmed": confirmed,
            "fenced": fenced, "silent": silent, "running": running.len(),
        }))?;
    } else {
        print::line(format!("{verb} {name} from control version {} on", told.version));
        let list = |what: &str, ids: &[String]| {
            if !ids.is_empty() {
                print::line(format!("{what}: {}", ids.join(", ")));
            }
        };
        list("confirmed by workers", &confirmed);
        list("fenced (lease ended)", &fenced);
        list("no answer yet", &silent);
        for execution in running.iter().filter(|_| halt) {
            let (handler, tree) = (&execution.who.handler, &execution.tree);
            print::line(format!("still running: {handler} in {tree}"));
        }
    }
    Ok(if told.silent.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A name that is mistyped would halt nothing, and look as if it had.
fn known(ledger: &Ledger, handler: &str) -> Result<(), Problem> {
    let workers = ledger.reader().workers()?;
    let names: BTreeSet<&str> =
        workers.iter().flat_map(|worker| &worker.handlers).map(String::as_str).collect();
    if names.is_empty() || names.contains(handler) {
        return Ok(());
    }
    let names: Vec<&str> = names.into_iter().collect();
    Err(Problem::usage(format!("no process on this ledger has a handler {handler}"))
        .remedy(format!("it is one of {}; without a name, all of them", names.join(", "))))
}
