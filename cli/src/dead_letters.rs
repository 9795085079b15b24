//! `wingman dead-letters`.

mod review;

use std::process::ExitCode;

use serde_json::{Value, json};
use wingman_hub::governance::ledger::Reader;
use wingman_hub::governance::protocol::input::ReviewAct;
use wingman_hub::governance::protocol::row::{DeadLetter, Execution, Fate};

use crate::arguments::{DeadLetters, ShowArguments};
use crate::problem::Problem;
use crate::{bytes, print};

pub(crate) async fn run(command: DeadLetters, json: bool) -> Result<ExitCode, Problem> {
    match command {
        DeadLetters::List(arguments) => list(&arguments.ledger.url, arguments.max, json),
        DeadLetters::Show(arguments) => show(&arguments, json),
        DeadLetters::Replay(arguments) => review::run(arguments, ReviewAct::Replay, json).await,
        DeadLetters::Discard(arguments) => review::run(arguments, ReviewAct::Discard, json).await,
    }
}

fn list(url: &str, max: usize, json: bool) -> Result<ExitCode, Problem> {
    let reader = Reader::open(url)?;
    let letters = reader.dead_letters(max)?;
    for letter in &letters {
        let execution = reader.execution(letter.execution)?;
        if json {
            print::json(&summary(letter, execution.as_ref()))?;
        } else {
            print::line(one_line(letter, execution.as_ref()));
        }
    }
    if letters.is_empty() && !json {
        print::line("nothing was given up on");
    }
    Ok(ExitCode::SUCCESS)
}

fn one_line(letter: &DeadLetter, execution: Option<&Execution>) -> String {
    let DeadLetter { execution: id, reason, detail, at_millis, attempts, .. } = letter;
    let (handler, ty) = execution.map_or(("", ""), |it| (&it.who.handler, &it.event_type));
    format!(
        "{id}\n  {} {handler} {ty}: {reason}, {} attempts, {}\n  {}",
        bytes::time(*at_millis),
        attempts.len(),
        fate(&letter.fate),
        detail.escape_debug(),
    )
}

fn summary(letter: &DeadLetter, execution: Option<&Execution>) -> Value {
    json!({
        "id": letter.execution,
        "handler": execution.map(|it| &it.who.handler),
        "type": execution.map(|it| &it.event_type),
        "correlation": execution.map(|it| &it.tree),
        "replay": execution.map(|it| it.replay),
        "reason": letter.reason,
        "detail": letter.detail,
        "at_millis": letter.at_millis,
        "attempts": letter.attempts.len(),
        "fate": letter.fate,
    })
}

fn show(arguments: &ShowArguments, json: bool) -> Result<ExitCode, Problem> {
    let reader = Reader::open(&arguments.ledger.url)?;
    let letter = find(&reader, &arguments.id)?;
    if arguments.raw {
        if let Fate::Discarded { .. } = letter.fate {
            return Err(Problem::new("it was discarded, and its bytes are gone"));
        }
        bytes::raw(&letter.original.payload)?;
        return Ok(ExitCode::SUCCESS);
    }
    let execution = reader.execution(letter.execution)?;
    if json {
        let mut value = summary(&letter, execution.as_ref());
        value["attempts"] = json!(letter.attempts);
        value["event"] = json!(bytes::envelope(&letter.event));
        value["received"] = bytes::json(&letter.original);
        print::json(&value)?;
    } else {
        print::line(one_line(&letter, execution.as_ref()));
        in_full(&letter, execution.as_ref())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn in_full(letter: &DeadLetter, execution: Option<&Execution>) -> Result<(), Problem> {
    if let Some(Execution { who, tree, replay, .. }) = execution {
        let again = if *replay > 0 { format!(", replay {replay}") } else { String::new() };
        print::line(format!("handler    {}, group {}{again}", who.handler, who.group));
        print::line(format!("tree       {}", tree.escape_debug()));
    }
    for attempt in &letter.attempts {
        let worker = attempt.worker.map_or_else(|| "unknown".to_owned(), |it| it.0.short());
        print::line(format!(
            "attempt {:<2} {} worker {worker}: {}",
            attempt.attempt,
            bytes::time(attempt.at_millis),
            attempt.reason.escape_debug(),
        ));
    }
    if let Some(Value::Object(attributes)) = bytes::envelope(&letter.event) {
        for (name, value) in attributes {
            let value = value.as_str().unwrap_or_default();
            print::line(format!("event      {name}: {}", value.escape_debug()));
        }
    }
    bytes::show(&letter.original)
}

/// What became of it, in words.
fn fate(fate: &Fate) -> String {
    match fate {
        Fate::Waiting => "not decided".to_owned(),
        Fate::Replayed { execution, by, at_millis, .. } => {
            format!("replayed by {by} at {} as {execution}", bytes::time(*at_millis))
        }
        Fate::Discarded { by, at_millis, payload_digest, .. } => {
            let at = bytes::time(*at_millis);
            format!("discarded by {by} at {at}, the payload's digest was {payload_digest}")
        }
    }
}

/// The letter whose identity begins so.
fn find(reader: &Reader, start: &str) -> Result<DeadLetter, Problem> {
    let mut found = reader.dead_letters_by_prefix(start, 2)?.into_iter();
    match (found.next(), found.next()) {
        (Some(letter), None) => Ok(letter),
        (Some(_), Some(_)) => {
            Err(Problem::usage(format!("more than one dead letter starts with {start}"))
                .remedy("give more digits"))
        }
        (None, _) => Err(Problem::new(format!("no dead letter starts with {start}"))
            .remedy("`wingman dead-letters list --ledger URL` shows them")),
    }
}
