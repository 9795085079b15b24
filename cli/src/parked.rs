//! `wingman parked`.

use std::process::ExitCode;

use serde_json::{Value, json};
use wingman_hub::governance::ledger::Reader;
use wingman_hub::governance::protocol::row::{ParkReason, Parked as Row};

use crate::arguments::{Parked, ShowArguments};
use crate::problem::Problem;
use crate::{bytes, print};

pub(crate) async fn run(command: Parked, json: bool) -> Result<ExitCode, Problem> {
    match command {
        Parked::List(arguments) => list(&arguments.ledger.url, arguments.max, json),
        Parked::Show(arguments) => show(&arguments, json),
    }
}

fn list(url: &str, max: usize, json: bool) -> Result<ExitCode, Problem> {
    let reader = Reader::open(url)?;
    let rows = reader.parked(max)?;
    for row in &rows {
        if json {
            print::json(&summary(row))?;
        } else {
            print::line(one_line(row));
        }
    }
    let all = usize::try_from(reader.open_work(None)?.parked).unwrap_or(usize::MAX);
    if !json && rows.is_empty() {
        print::line("nothing waits");
    } else if !json && all > rows.len() {
        print::line(format!("{} more; --max shows them", all - rows.len()));
    }
    Ok(ExitCode::SUCCESS)
}

fn one_line(row: &Row) -> String {
    let key = row.lane.as_ref().map_or_else(String::new, |lane| format!(" key {}", lane.key));
    format!(
        "{}\n  {}{} waits for {}\n  since {}, {}",
        row.execution,
        row.handler,
        key.escape_debug(),
        reason(row),
        bytes::time(row.since_millis),
        until(row),
    )
}

/// What it waits for, in words.
fn reason(row: &Row) -> String {
    match &row.reason {
        _ if row.claim.is_some() => "its run to end".to_owned(),
        ParkReason::Retry => "its next attempt".to_owned(),
        ParkReason::Approval { plan } => format!("an answer to plan {plan}"),
        ParkReason::Order { scope } => format!("its turn under an ordering rule, scope {scope}"),
        ParkReason::Behind => "an earlier delivery of its key".to_owned(),
        ParkReason::Replay { .. } => "a process that runs it again".to_owned(),
    }
}

/// Until when, in words: when it is looked at again, or given up on.
fn until(row: &Row) -> String {
    match due(row) {
        Some(due) => format!("looked at {}", bytes::time(due)),
        None => format!("until {} at the latest", bytes::time(row.deadline_millis)),
    }
}

/// When it is looked at again; `None` if only something that happens wakes it.
fn due(row: &Row) -> Option<u64> {
    (row.due_millis < row.deadline_millis).then_some(row.due_millis)
}

fn summary(row: &Row) -> Value {
    json!({
        "id": row.execution,
        "handler": row.handler,
        "correlation": row.tree,
        "key": row.lane.as_ref().map(|lane| &lane.key),
        "reason": row.reason,
        "running": row.claim.is_some(),
        "since_millis": row.since_millis,
        "due_millis": due(row),
        "deadline_millis": row.deadline_millis,
    })
}

fn show(arguments: &ShowArguments, json: bool) -> Result<ExitCode, Problem> {
    let reader = Reader::open(&arguments.ledger.url)?;
    let row = find(&reader, &arguments.id)?;
    if arguments.raw {
        bytes::raw(&row.original.payload)?;
    } else if json {
        let mut value = summary(&row);
        value["event"] = json!(bytes::envelope(&row.message));
        value["received"] = bytes::json(&row.original);
        print::json(&value)?;
    } else {
        print::line(one_line(&row));
        print::line(format!("tree       {}", row.tree.escape_debug()));
        bytes::show(&row.original)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn find(reader: &Reader, start: &str) -> Result<Row, Problem> {
    let mut found = reader.parked_by_prefix(start, 2)?.into_iter();
    match (found.next(), found.next()) {
        (Some(row), None) => Ok(row),
        (Some(_), Some(_)) => {
            Err(Problem::usage(format!("more than one parked delivery starts with {start}"))
                .remedy("give more digits"))
        }
        (None, _) => Err(Problem::new(format!("no parked delivery starts with {start}"))
            .remedy("`wingman parked list --ledger URL` shows them")),
    }
}
