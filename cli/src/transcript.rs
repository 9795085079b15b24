//! The demo's text: what happened to each request, read from the ledger and from the files.

mod detail;
mod label;

use wingman_hub::governance::Mode;
use wingman_hub::governance::audit::trace::{EventNode, ExecutionNode};
use wingman_hub::governance::protocol::row::{EffectState, Phase};
use wingman_scenarios::{Outcome, RequestReport, Scenario};

use crate::demo::Ended;
use crate::print::line;

pub(crate) use detail::change;

/// Where what came of an execution begins, if the steps of its request leave room.
const OUTCOME_COLUMN: usize = 24;

/// The first lines, before anything runs.
pub(crate) fn head(
    scenario: &dyn Scenario,
    mode: Mode,
    broker: &str,
    ledger: &str,
    interactive: bool,
) {
    let (version, name) = (env!("CARGO_PKG_VERSION"), scenario.name());
    line(format!("wingman {version} · {name} · {mode} · {broker} · {ledger}"));
    let approver = match (scenario.script(), interactive) {
        (None, _) => "",
        (Some(_), true) => " Approver: you, signing with a demo key.",
        (Some(_), false) => " Approver: demo key (--interactive asks you).",
    };
    line(format!("{}{approver}", scenario.introduction()));
}

/// Each request, in the order in which they ended.
pub(crate) fn requests(ended: &Ended) {
    for request in &ended.report.requests {
        line("");
        let text = ended.scenario.requests()[request.number - 1];
        let text = format!("#{} {text:?}", request.number);
        let (first, last) = request.trace.span_millis;
        line(format!("{text:<50}{:<13}{:>4} ms", request.outcome.as_str(), last - first));
        for root in &request.trace.roots {
            tree(ended, request, root);
        }
    }
}

/// An execution in its place: what stands before its name, and before the lines below it.
struct Step<'a> {
    execution: &'a ExecutionNode,
    branch: String,
    below: String,
}

fn tree(ended: &Ended, request: &RequestReport, root: &EventNode) {
    let mut steps = Vec::new();
    collect(ended.scenario, root, "", &mut steps);
    let elided = label::elided(&steps);
    if elided == 0 {
        line(format!("   {}", root.event_type));
    }
    let deeper = "  ".len() * elided;
    let shown: Vec<(String, &Step<'_>)> = steps
        .iter()
        .skip(elided)
        .enumerate()
        .map(|(at, step)| {
            let gap = if elided > 0 && at == 0 { "… " } else { "" };
            let name = label::of(&step.execution.handler);
            (format!("   {}{gap}{name}", &step.branch[deeper..]), step)
        })
        .collect();
    let widest = shown.iter().map(|(text, _)| text.chars().count() + 1).max().unwrap_or(0);
    let column = widest.max(OUTCOME_COLUMN);
    for (text, step) in shown {
        line(format!("{text:<column$}{}", detail::outcome(ended, request, step.execution)));
        for what in &step.execution.would_refuse {
            let below = &step.below[deeper..];
            line(format!("   {below}│ would refuse {} {}", what.code, what.detail));
        }
        if request.outcome == Outcome::RolledBack || step.execution.effects.len() > 1 {
            effects(step.execution, &step.below[deeper..]);
        }
    }
    if request.outcome == Outcome::RolledBack {
        detail::undone(ended, &steps.iter().map(|step| step.execution).collect::<Vec<_>>());
    }
}

fn collect<'a>(
    scenario: &dyn Scenario,
    event: &'a EventNode,
    below: &str,
    steps: &mut Vec<Step<'a>>,
) {
    // The ledger has them in the order in which they were judged, which differs between runs.
    let mut executions: Vec<&ExecutionNode> = event.executions.iter().collect();
    executions.sort_by_key(|it| scenario.handlers().iter().position(|name| *name == it.handler));
    let count = executions.len();
    for (at, execution) in executions.into_iter().enumerate() {
        let is_last = at + 1 == count;
        let branch = format!("{below}{} ", if is_last { "└" } else { "├" });
        let below = format!("{below}{} ", if is_last { " " } else { "│" });
        steps.push(Step { execution, branch, below: below.clone() });
        execution.emitted.iter().for_each(|event| collect(scenario, event, &below, steps));
    }
}

fn effects(execution: &ExecutionNode, below: &str) {
    let done = execution.effects.iter().filter(|effect| effect.state != EffectState::Void);
    for (at, effect) in done.enumerate() {
        line(format!("   {below}│ {} {:<10} {}", at + 1, effect.tool, detail::changed(effect)));
    }
}

/// The sums, and how to check them.
pub(crate) fn foot(ended: &Ended) {
    let traces = || ended.report.requests.iter().map(|request| &request.trace);
    let events: usize = traces().map(|trace| trace.events().len()).sum();
    let executions: Vec<_> = traces().flat_map(|trace| trace.executions()).collect();
    let settled = executions.iter().filter(|it| it.phase.is_outcome()).count();
    let effects: Vec<_> = executions.iter().flat_map(|it| &it.effects).collect();
    let undone = effects.iter().filter(|it| it.state == EffectState::Compensated).count();
    let to_undo = undone
        + effects
            .iter()
            .filter(|it| !it.state.is_settled() || it.state == EffectState::Quarantined)
            .count();
    let stamped = ended.verification.events_stamped;
    let all = |part: usize, whole: usize| {
        if part == whole { "all".to_owned() } else { format!("{part} of {whole}") }
    };
    let given_up = |it: &&&ExecutionNode| matches!(it.phase, Phase::DeadLettered { .. });
    let quarantine = match executions.iter().filter(given_up).count() {
        0 => String::new(),
        count => format!(" · in quarantine {count}"),
    };
    line("");
    line(format!(
        "Events {events}, {} stamped · executions {}, {} settled · effects undone {undone} of {to_undo}{quarantine}",
        all(stamped.min(events), events),
        executions.len(),
        all(settled, executions.len()),
    ));
    if ended.mode == Mode::Observe {
        let would: usize = ended.report.requests.iter().map(|it| it.would_refuse().len()).sum();
        line(format!("Observed: enforced, {would} steps would have been refused."));
    }
    line(ended.verification.to_string());
    line(format!(
        "Not checked: rewriting by this disk's owner. Keep {} elsewhere.",
        ended.verification.checkpoint_file.display()
    ));
    line(format!("Look   {}", ended.page.display()));
    line(format!("Verify wingman audit verify --ledger {} --checkpoint FILE", ended.ledger));
    line(format!(
        "Edit   {}, then run again with --out {}",
        ended.folder.contracts().display(),
        ended.folder.root().display()
    ));
    if ended.broker.starts_with("memory://") {
        let name = ended.scenario.name();
        line(format!(
            "Yours  cargo run --features redis -- demo --scenario {name} --broker redis://127.0.0.1:6379"
        ));
    }
}
