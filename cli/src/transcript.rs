//! The demo's text: what happened to each request, read from the ledger and from the files.

mod detail;

use wingman_hub::governance::Mode;
use wingman_hub::governance::audit::trace::{EventNode, ExecutionNode};
use wingman_hub::governance::protocol::row::EffectState;
use wingman_scenarios::agent_loop::{HANDLERS, Outcome, REQUESTS, RequestReport};

use crate::demo::Ended;
use crate::print::line;

/// Handlers A and B are left out of longer chains.
const ELIDED: usize = 2;

/// Where what came of an execution begins.
const OUTCOME_COLUMN: usize = 24;

/// The first lines, before anything runs.
pub(crate) fn head(mode: Mode, broker: &str, ledger: &str, interactive: bool) {
    let version = env!("CARGO_PKG_VERSION");
    line(format!("wingman {version} · agent-loop · {mode} · {broker} · {ledger}"));
    let approver = if interactive {
        "you, signing with a demo key"
    } else {
        "demo key (--interactive asks you)"
    };
    line(format!(
        "{} requests at once. Handlers are scripted code; tools, files and ledger are real. Approver: {approver}.",
        REQUESTS.len()
    ));
}

/// Each request, in the order in which they ended.
pub(crate) fn requests(ended: &Ended) {
    for request in &ended.report.requests {
        line("");
        let text = format!("#{} {:?}", request.number, REQUESTS[request.number - 1]);
        let (first, last) = request.trace.span_millis;
        line(format!("{text:<50}{:<13}{:>4} ms", request.outcome.as_str(), last - first));
        for root in &request.trace.roots {
            chain(ended, request, root);
        }
    }
}

fn chain(ended: &Ended, request: &RequestReport, root: &EventNode) {
    let mut steps: Vec<(&ExecutionNode, usize)> = Vec::new();
    collect(root, &mut steps);
    let is_quiet = steps.iter().take(ELIDED).all(|(step, _)| step.would_refuse.is_empty());
    let skip = if is_quiet && steps.len() > ELIDED { ELIDED } else { 0 };
    // Steps that are not left out stand deeper.
    let deeper = if steps.len() > ELIDED { 2 * (ELIDED - skip) } else { 0 };
    let column = OUTCOME_COLUMN + deeper;
    if skip == 0 {
        line(format!("   {}", root.event_type));
    }
    for (at, (execution, _)) in steps.iter().enumerate().skip(skip) {
        let indent = "  ".repeat(at - skip);
        let elided = if skip > 0 && at == skip { "… " } else { "" };
        let name = label(&execution.handler);
        let step = format!("   {indent}└ {elided}{name}");
        let outcome = detail::outcome(execution);
        line(format!("{step:<column$}{outcome}"));
        for what in &execution.would_refuse {
            line(format!("   {indent}  │ would refuse {} {}", what.code, what.detail));
        }
        if request.outcome == Outcome::RolledBack || execution.effects.len() > 1 {
            effects(execution, &indent);
        }
    }
    if request.outcome == Outcome::RolledBack {
        detail::undone(ended, &steps.iter().map(|(step, _)| *step).collect::<Vec<_>>());
    }
}

fn collect<'a>(event: &'a EventNode, steps: &mut Vec<(&'a ExecutionNode, usize)>) {
    for execution in &event.executions {
        steps.push((execution, steps.len()));
        execution.emitted.iter().for_each(|event| collect(event, steps));
    }
}

fn effects(execution: &ExecutionNode, indent: &str) {
    let done = execution.effects.iter().filter(|effect| effect.state != EffectState::Void);
    for (at, effect) in done.enumerate() {
        line(format!("   {indent}  │ {} {:<10} {}", at + 1, effect.tool, detail::change(effect)));
    }
}

/// The letter of PATTERN-02's example and a short name.
fn label(handler: &str) -> String {
    let short = match handler {
        "permission-boundary-filter" => "permission",
        "execution-proposal-generator" => "proposal",
        "responsibility-handshake" => "handshake",
        "tool-executor" => "tools",
        "audit-stamp-recorder" => "audit",
        "rollback-covenant-manager" => "rollback",
        other => other,
    };
    match HANDLERS.iter().position(|name| *name == handler) {
        Some(at) => format!("{} {short}", char::from(b'A' + u8::try_from(at).unwrap_or(25))),
        None => short.to_owned(),
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
    line("");
    line(format!(
        "Events {events}, {} stamped · executions {}, {} settled · effects undone {undone} of {to_undo}",
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
    line(format!("Verify wingman audit verify --ledger {} --checkpoint FILE", ended.ledger));
    line(format!(
        "Edit   {}, then run again with --out {}",
        ended.folder.contracts().display(),
        ended.folder.root().display()
    ));
    if ended.broker.starts_with("memory://") {
        line("Yours  cargo run --features redis -- demo --broker redis://127.0.0.1:6379");
    }
}
