//! `wingman trace`.

mod account;

use std::process::ExitCode;

use wingman_hub::governance::audit::trace::{EventNode, ExecutionNode, Trace};
use wingman_hub::governance::protocol::row::{EffectState, Phase};

use crate::arguments::{Trace as Options, TraceFormat};
use crate::problem::Problem;
use crate::rollback::in_words;
use crate::{open, print};

pub(crate) async fn run(options: Options) -> Result<ExitCode, Problem> {
    let ledger = open::ledger(&options.ledger.url).await?;
    let trace = Trace::read(&ledger.reader(), &options.correlation)?;
    ledger.close().await?;
    if trace.roots.is_empty() {
        return Err(Problem::new(format!("the ledger knows no tree {}", options.correlation))
            .remedy("`wingman audit show --ledger URL` lists what it knows"));
    }
    match options.format {
        TraceFormat::Json => print::json(&trace)?,
        TraceFormat::Tree => trace.roots.iter().for_each(|root| tree(root, 0)),
        TraceFormat::Mermaid => {
            print::line("flowchart TD");
            trace.roots.iter().for_each(mermaid);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn tree(event: &EventNode, depth: usize) {
    print::line(format!("{}{}", "  ".repeat(depth), event.event_type));
    for execution in &event.executions {
        let indent = "  ".repeat(depth + 1);
        let attempts = if execution.attempts > 1 {
            format!(", {} attempts", execution.attempts)
        } else {
            String::new()
        };
        let replay = match execution.replay {
            0 => String::new(),
            replay => format!(", replay {replay}"),
        };
        print::line(format!(
            "{indent}└ {} {}{attempts}{replay}",
            execution.handler,
            phase(execution)
        ));
        account::lines(execution, |text| print::line(format!("{indent}  · {text}")));
        for what in &execution.would_refuse {
            print::line(format!("{indent}  · would refuse {} {}", what.code, what.detail));
        }
        for effect in &execution.effects {
            print::line(format!("{indent}  · {} {}", effect.tool, state(&effect.state)));
        }
        execution.emitted.iter().for_each(|event| tree(event, depth + 2));
    }
}

fn mermaid(event: &EventNode) {
    let from = event.key.0.to_string();
    let from = &from[..16];
    print::line(format!("  e{from}([{}])", event.event_type));
    for execution in &event.executions {
        let id = execution.id.0.to_string();
        let id = &id[8..24];
        print::line(format!("  x{id}[\"{}<br/>{}\"]", execution.handler, phase(execution)));
        print::line(format!("  e{from} --> x{id}"));
        for emitted in &execution.emitted {
            let to = emitted.key.0.to_string();
            mermaid(emitted);
            print::line(format!("  x{id} --> e{}", &to[..16]));
        }
    }
}

/// Where an execution stands, in words.
pub(crate) fn phase(execution: &ExecutionNode) -> String {
    match &execution.phase {
        Phase::Waiting => "waiting".to_owned(),
        Phase::Started { attempt, .. } => format!("running, attempt {attempt}"),
        Phase::Retrying { .. } => "failed, to be tried again".to_owned(),
        Phase::Parked { reason } => format!("parked for {}", reason.as_str()),
        Phase::Finished => "finished".to_owned(),
        Phase::Refused { code } => format!("refused {code}"),
        Phase::Expired => "expired".to_owned(),
        Phase::DeadLettered { reason } => format!("dead letter: {reason}"),
    }
}

/// Where an effect stands, in words.
fn state(state: &EffectState) -> &'static str {
    match state {
        EffectState::Registered => "registered",
        EffectState::Applied => "applied",
        EffectState::Void => "not done",
        EffectState::Unknown => "outcome unknown",
        EffectState::Pending { .. } => "to be undone",
        EffectState::Compensating { .. } => "being undone",
        EffectState::Compensated => "undone",
        EffectState::Quarantined => "quarantined",
        EffectState::Resolved { resolution, .. } => in_words(*resolution),
    }
}
