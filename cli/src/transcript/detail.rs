//! One line about an execution: which event came of it, and what matters about that.

use serde_json::Value;
use wingman_hub::governance::audit::trace::{EffectNode, ExecutionNode};
use wingman_hub::governance::digest::Digest;
use wingman_hub::governance::protocol::input::plan_digest;
use wingman_hub::governance::protocol::row::EffectState;

use crate::demo::Ended;
use crate::print::line;
use crate::trace::phase;

/// The event that came of an execution, with its detail.
pub(super) fn outcome(execution: &ExecutionNode) -> String {
    let Some(event) = execution.emitted.first() else {
        return phase(execution);
    };
    let data = event.data.clone().unwrap_or_default();
    let detail = match event.event_type.as_str() {
        "ExecutionPlanProposed" => proposed(&data["plan"]),
        "ExecutionApproved" => format!("YES, key {}", text(&data, "by")),
        "ExecutionComplete" => {
            execution.effects.iter().map(change_of).collect::<Vec<_>>().join(", ")
        }
        "ExecutionBlocked" => {
            format!("{} {}; 0 tool calls", text(&data, "code"), text(&data, "reason"))
        }
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
        _ => match data["reason"].as_str() {
            Some(reason) => format!("{} {reason}", text(&data, "code")),
            None => String::new(),
        },
    };
    format!("{:<17} {detail}", event.event_type).trim_end().to_owned()
}

fn proposed(plan: &Value) -> String {
    let digest = plan_digest(plan).0.short();
    let rehearsed =
        if plan["rehearsed"] == Value::Bool(true) { "rehearsed" } else { "unrehearsed" };
    format!("plan {digest}, class {}, {rehearsed}", plan["consequence_class"])
}

fn change_of(effect: &EffectNode) -> String {
    format!("{} {}", effect.tool, change(effect))
}

/// What a call changed: `prices.csv 41d0… → b2c9…`.
pub(super) fn change(effect: &EffectNode) -> String {
    let result = effect.result.clone().unwrap_or_default();
    let short = |name: &str| match result[name].as_str() {
        Some(digest) => format!("{}…", &digest[..4.min(digest.len())]),
        None => "absent".to_owned(),
    };
    format!("{} {} → {}", text(&result, "target"), short("before"), short("after"))
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
