//! One line about an execution: which event came of it, and what matters about that.

use serde_json::Value;
use wingman_hub::governance::audit::trace::{EffectNode, ExecutionNode};
use wingman_hub::governance::digest::Digest;
use wingman_hub::governance::protocol::input::plan_digest;
use wingman_hub::governance::protocol::row::{EffectState, Phase};
use wingman_scenarios::RequestReport;

use crate::demo::Ended;
use crate::print::line;
use crate::trace::phase;

/// The event that came of an execution, with its detail.
pub(super) fn outcome(ended: &Ended, request: &RequestReport, execution: &ExecutionNode) -> String {
    let Some(event) = execution.emitted.first() else {
        return silent(execution);
    };
    let data = event.data.clone().unwrap_or_default();
    let detail = match event.event_type.as_str() {
        "ExecutionPlanProposed" => format!("{}{}", proposed(&data["plan"]), worth(execution)),
        "ExecutionApproved" => format!("YES, key {}", text(&data, "by")),
        "ExecutionComplete" | "ReleaseAnnounced" => changes(execution),
        "ReleasePublished" => format!("{}, {}", changes(execution), gravity(&data)),
        "ExecutionFailed" => format!(
            "step {} of {}, {}: {}",
            data["step"],
            data["steps"],
            text(&data, "tool"),
            text(&data, "reason")
        ),
        "ExecutionRecorded" => format!("leaf {}, inclusion proof ok", data["leaf"]),
        "CompensationPlanned" => {
            let undos = data["plan"]["undos"].as_array().map_or(0, Vec::len);
            format!("{undos} effects, reverse order")
        }
        "DraftCreated" => short(&data["draft_digest"]),
        "DraftVerified" | "DraftPolished" | "CitationsAttached" | "PublishPackageReady" => {
            format!("{} → {}", short(&data["source_digest"]), short(&data["draft_digest"]))
        }
        "ExecutionBlocked" | "ReleaseRefused" => {
            let calls = execution.effects.len();
            format!("{} {}; {calls} tool calls", text(&data, "code"), text(&data, "reason"))
        }
        _ => format!("{} {}", text(&data, "code"), text(&data, "reason")).trim().to_owned(),
    };
    let detail = format!("{:<17} {detail}", event.event_type);
    let waited = waited(ended, request, execution).unwrap_or_default();
    format!("{}{waited}", detail.trim_end())
}

/// An execution that emitted nothing: why it was given up on, or where it stands.
fn silent(execution: &ExecutionNode) -> String {
    let Phase::DeadLettered { reason } = execution.phase else {
        let why = execution.refusal.as_deref().unwrap_or_default();
        return format!("{} {why}", phase(execution)).trim_end().to_owned();
    };
    let attempts = execution.attempts;
    let last = execution.failures.last().map_or("", |it| it.reason.as_str());
    format!("{:<17} {reason}, {attempts} attempts: {last}", "in quarantine")
}

/// How long an ordering rule made it wait, and for which request.
fn waited(ended: &Ended, request: &RequestReport, execution: &ExecutionNode) -> Option<String> {
    let wait = execution.waits.iter().find(|it| it.reason == "order")?;
    let part = |request: &RequestReport| -> Option<(String, u64)> {
        let data = request.trace.roots.first()?.data.as_ref()?;
        Some((data["series"].as_str()?.to_owned(), data["part"].as_u64()?))
    };
    let place = part(request);
    let before = place.and_then(|(series, at)| {
        let is_before = |it: &&RequestReport| part(it) == Some((series.clone(), at - 1));
        ended.report.requests.iter().find(is_before)
    });
    let whom = before.map(|it| format!(" for #{}", it.number)).unwrap_or_default();
    Some(format!(", waited {} ms{whom}", wait.millis))
}

fn proposed(plan: &Value) -> String {
    format!("plan {}, {}", plan_digest(plan).0.short(), gravity(plan))
}

/// What the handler says of it, if its contract asks.
fn worth(execution: &ExecutionNode) -> String {
    let Some(said) = &execution.coherence else { return String::new() };
    let claim = said.coherence.claim.map(|it| format!("; {it}")).unwrap_or_default();
    let uncertainty = said.coherence.uncertainty.as_ref();
    let uncertainty = uncertainty.map(|it| format!(", uncertainty {}", it.level));
    format!("{claim}{}", uncertainty.unwrap_or_default())
}

/// The consequence class, and whether the undoing of such things was ever tried out.
fn gravity(of: &Value) -> String {
    let rehearsed = if of["rehearsed"] == Value::Bool(true) { "rehearsed" } else { "unrehearsed" };
    format!("class {}, {rehearsed}", of["consequence_class"])
}

fn changes(execution: &ExecutionNode) -> String {
    let each = |effect: &EffectNode| format!("{} {}", effect.tool, changed(effect));
    execution.effects.iter().map(each).collect::<Vec<_>>().join(", ")
}

pub(super) fn changed(effect: &EffectNode) -> String {
    change(effect.result.as_ref().unwrap_or(&Value::Null))
}

/// What a call changed, as its result says: `prices.csv 41d0… → b2c9…`, or what it sent.
pub(crate) fn change(result: &Value) -> String {
    let target = text(result, "target");
    match result["sent"].as_u64() {
        Some(bytes) => format!("{target}, {bytes} bytes taken"),
        None => format!("{target} {} → {}", short(&result["before"]), short(&result["after"])),
    }
}

/// The beginning of a digest; what has none is absent.
fn short(digest: &Value) -> String {
    match digest.as_str() {
        Some(digest) => format!("{}…", digest.get(..4).unwrap_or(digest)),
        None => "absent".to_owned(),
    }
}

/// What the files are now, newest effect first: looked at on the disk, not taken from the ledger.
pub(super) fn undone(ended: &Ended, steps: &[&ExecutionNode]) {
    let effects: Vec<&EffectNode> = steps.iter().flat_map(|step| &step.effects).collect();
    let undone = effects.iter().rev().filter(|effect| effect.state == EffectState::Compensated);
    for effect in undone {
        let result = effect.result.clone().unwrap_or_default();
        let target = text(&result, "target");
        let found = std::fs::read(ended.folder.work().join(target)).ok();
        let now = found.map(|bytes| Digest::of(&bytes).to_string());
        let is_before = now.as_deref() == result["before"].as_str();
        let shown = now.map_or("absent".to_owned(), |digest| format!("{}…", &digest[..4]));
        let verdict = if is_before { "as before" } else { "NOT as before" };
        line(format!("          undone {} {target}: {shown}, {verdict}", effect.tool));
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
