//! `wingman trace`.

mod account;
mod mermaid;

use std::path::Path;
use std::process::ExitCode;

use wingman_hub::governance::audit::trace::{EventNode, ExecutionNode, Trace};
use wingman_hub::governance::ledger::Reader;
use wingman_hub::governance::protocol::row::{EffectState, Phase};

pub(crate) use account::lines as account;

use crate::arguments::{Trace as Options, TraceFormat};
use crate::page::{Evidence, Page, Story, Tone, Tree};
use crate::problem::Problem;
use crate::rollback::in_words;
use crate::{bytes, open, print};

pub(crate) async fn run(options: Options) -> Result<ExitCode, Problem> {
    let out = options.out.as_deref();
    if out.is_some() && !matches!(options.format, TraceFormat::Html) {
        return Err(Problem::usage("--out takes a page, and this format goes to standard output")
            .remedy("add --format html, or write `> FILE` instead of --out"));
    }
    let ledger = open::ledger(&options.ledger.url).await?;
    let reader = ledger.reader();
    let trace = Trace::read(&reader, &options.correlation)?;
    ledger.close().await?;
    if trace.roots.is_empty() {
        return Err(Problem::new(format!("the ledger knows no tree {}", options.correlation))
            .remedy("`wingman audit show --ledger URL` lists what it knows"));
    }
    match options.format {
        TraceFormat::Json => print::json(&trace)?,
        TraceFormat::Tree => trace.roots.iter().for_each(|root| tree(root, 0)),
        TraceFormat::Mermaid => mermaid::show(&trace),
        TraceFormat::Html => html(&reader, &options.ledger.url, trace, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The page of one tree, to a file or to standard output.
fn html(reader: &Reader, ledger: &str, trace: Trace, out: Option<&Path>) -> Result<(), Problem> {
    let page = page(reader, ledger, trace)?.render();
    let Some(path) = out else {
        print::line(page);
        return Ok(());
    };
    open::write(path, &page)?;
    print::note(format!("wrote {}", path.display()));
    Ok(())
}

fn page(reader: &Reader, ledger: &str, trace: Trace) -> Result<Page, Problem> {
    let title = trace.roots.first().map(|root| root.event_type.clone()).unwrap_or_default();
    let executions = trace.executions();
    let effects = executions.iter().map(|it| it.effects.len()).sum::<usize>();
    let facts = vec![
        ("Ledger", ledger.to_owned()),
        ("Began", bytes::time(trace.span_millis.0)),
        ("Events", trace.events().len().to_string()),
        ("Executions", executions.len().to_string()),
        ("Tool calls", effects.to_string()),
    ];
    let (tone, outcome) = Tone::of_tree(&trace);
    let story = Story::read(reader, trace)?;
    let tree = Tree { heading: "What followed".to_owned(), outcome, tone, story };
    let evidence = Evidence {
        ledger: ledger.to_owned(),
        stamps: reader.size()?,
        verified: None,
        checkpoint: reader.checkpoint()?,
    };
    Ok(Page { title, lead: String::new(), facts, trees: vec![tree], evidence })
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
pub(crate) fn state(state: &EffectState) -> &'static str {
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
