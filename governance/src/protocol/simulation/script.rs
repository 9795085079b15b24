//! What the simulated handlers do: their tool calls, their outputs, and their many ways to fail.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};
use wingman_core::event::{CloudEvent, extension};

use super::random::Random;
use super::worker::{Call, Run};
use crate::audit::{ClaimType, Coherence, SourceIntegrity, UncertaintyLevel};
use crate::protocol::id::HandlerName;
use crate::protocol::input::{HandedIn, RunEnding, Started, plan_digest};
use crate::protocol::row::Decision;

pub(super) fn name(handler: &str) -> HandlerName {
    HandlerName { group: handler.to_owned(), handler: handler.to_owned() }
}

pub(super) fn body(event: &CloudEvent) -> Value {
    serde_json::from_slice(event.data.as_deref().unwrap_or_default()).unwrap_or_default()
}

/// The tool calls of an attempt. Most attempts make the calls of the one before; some do not.
pub(super) fn calls(
    handler: &str,
    started: &Started,
    random: &mut Random,
    calm: bool,
) -> VecDeque<Call> {
    let tools: &[&'static str] = match handler {
        "intake" => &["stock.look", "stock.reserve", "stock.reserve"],
        "spender" => &["pay.charge"],
        "notifier" => &["mail.send"],
        "sequencer" | "clerk" => &["disk.write"],
        "flaky" => &["disk.write", "disk.write"],
        "child" => &["disk.write", "mail.send"],
        _ => &[],
    };
    let (mut made, mut drift) = (VecDeque::new(), 0);
    for (at, tool) in tools.iter().enumerate() {
        if !calm && random.chance(60) {
            drift = started.run.attempt;
        }
        if !calm && random.chance(20) {
            made.push_back(call(forbidden(handler), at, 0));
        }
        made.push_back(call(tool, at, drift));
    }
    made
}

/// A tool that the contract denies to a handler, which goes on without it: one that it does not
/// hold (P-02), or one that cannot undo what the event promises to be undone (P-06).
pub(super) fn forbidden(handler: &str) -> &'static str {
    if handler == "flaky" { "mail.send" } else { "cms.delete" }
}

fn call(tool: &'static str, at: usize, drift: u32) -> Call {
    let arguments = format!("[{at},{drift}]");
    Call { tool, arguments }
}

/// How a run ends when its calls went well.
pub(super) fn ending(run: &Run, random: &mut Random, calm: bool) -> RunEnding {
    if !calm && let Some(ending) = failure(run, random) {
        return ending;
    }
    let outputs = outputs(run, random, calm);
    let fence = run.handler == "undoer";
    let handed_in = handed_in(run, random, calm);
    RunEnding::Finished { outputs, fence, handed_in }
}

/// What a handler gives beside its outputs: now and then nothing, or not all of it.
fn handed_in(run: &Run, random: &mut Random, calm: bool) -> HandedIn {
    let order = body(&run.started.event)["order"].clone();
    let mut coherence = Coherence::default()
        .claim(ClaimType::Inference)
        .assumption("none")
        .uncertainty(UncertaintyLevel::Low, "a script")
        .source(SourceIntegrity::Provided)
        .failure_mode("the script is wrong")
        .rollback("none is needed")
        .responsibility("ada")
        .escalation("none");
    let mut artifact = json!({ "order": order });
    if !calm && random.chance(50) {
        match random.below(6) {
            0 => return HandedIn::default(),
            1 => coherence.claim = None,
            2 => coherence.rollback = Some(" ".to_owned()),
            3 => coherence.uncertainty = None,
            4 => coherence.escalation = None,
            _ => artifact = json!({ "other": 1 }),
        }
    }
    HandedIn { coherence: Some(coherence), artifact: Some(artifact.to_string()) }
}

fn failure(run: &Run, random: &mut Random) -> Option<RunEnding> {
    let (structural, reason) = (false, "the simulation wills it".to_owned());
    if run.handler == "spender" && random.chance(150) {
        let output = Some(Box::new(shipped(run)));
        return Some(RunEnding::Refused { code: "busy".to_owned(), detail: reason, output });
    }
    Some(match random.below(100) {
        0..=9 => RunEnding::Failed { structural, reason },
        10..=11 => RunEnding::Failed { structural: true, reason },
        12..=13 => RunEnding::Abandoned,
        14..=15 => RunEnding::Refused {
            code: "busy".to_owned(),
            detail: reason,
            output: match run.handler {
                "child" => Some(Box::new(output(run, 0, "ChildRefused", &json!({})))),
                _ => None,
            },
        },
        16 => finished(output(run, 0, "Order", &json!({}))),
        17 => finished(spoof(run)?),
        _ => return None,
    })
}

/// A handler that breaks its contract hands in nothing either.
fn finished(output: CloudEvent) -> RunEnding {
    RunEnding::Finished { outputs: vec![output], fence: false, handed_in: HandedIn::default() }
}

/// An output with the identity of the event that caused it.
fn spoof(run: &Run) -> Option<CloudEvent> {
    let ty = match run.handler {
        "flaky" | "child" => "WorkDone",
        "intake" => "Prepared",
        _ => return None,
    };
    let cause = &run.started.event;
    let mut event = CloudEvent::new(cause.id(), cause.source(), ty).ok()?;
    event.time = cause.time;
    Some(event.with_json("{\"spoof\":1}"))
}

fn outputs(run: &Run, random: &mut Random, calm: bool) -> Vec<CloudEvent> {
    let event = &run.started.event;
    let cause = body(event);
    let order = &cause["order"];
    match run.handler {
        "intake" => (0..=random.below(2))
            .map(|at| {
                let n = if random.chance(50) { 0 } else { at };
                let out = format!("{}.{at}", cause["out"].as_str().unwrap_or_default());
                let plan = json!({ "order": order, "n": n });
                let body =
                    json!({ "order": order, "source": cause["out"], "out": out, "plan": plan });
                output(run, at, "Prepared", &body)
            })
            .collect(),
        "desk" => decided(run, &cause, random, calm),
        "spender" => {
            let source = if !calm && random.chance(60) {
                json!("something else")
            } else {
                cause["out"].clone()
            };
            let body = json!({ "order": order, "source": source, "out": "shipped" });
            vec![output(run, 0, "Shipped", &body)]
        }
        // Somebody takes a short cut, and everything fits but the steps that it left out.
        "auditor" if !calm && random.chance(150) => vec![shipped(run)],
        "auditor" => vec![output(run, 0, "Noted", &json!({}))],
        "flaky" if !calm && random.chance(250) => {
            vec![output(run, 0, "WorkFailed", &json!({ "job": cause["job"] }))]
        }
        "flaky" => (0..random.below(3))
            .map(|at| output(run, at, "WorkDone", &json!({ "job": cause["job"] })))
            .collect(),
        "child" if !calm && random.chance(400) => vec![output(run, 0, "WorkDone", &json!({}))],
        "undoer" => vec![output(run, 0, "RollbackPlan", &json!({}))],
        _ => Vec::new(),
    }
}

fn shipped(run: &Run) -> CloudEvent {
    let cause = body(&run.started.event);
    let body = json!({ "order": cause["order"], "source": cause["out"], "out": "shipped" });
    output(run, 0, "Shipped", &body)
}

/// The handler that asked tells the answer; now and then it lies, or tells it twice.
fn decided(run: &Run, cause: &Value, random: &mut Random, calm: bool) -> Vec<CloudEvent> {
    let approved = matches!(run.started.decision, Some(Decision::Approved { .. }));
    let lies = !calm && random.chance(80);
    if !approved && !lies {
        return vec![output(run, 0, "Blocked", &json!({}))];
    }
    let digest = plan_digest(&cause["plan"]).to_string();
    let times = if !calm && random.chance(350) { 2 } else { 1 };
    (0..times)
        .map(|at| {
            let out = format!("{}.a", cause["out"].as_str().unwrap_or_default());
            let (order, source) = (&cause["order"], &cause["out"]);
            let body =
                json!({ "order": order, "source": source, "out": out, "plan_digest": digest });
            output(run, at, "Approved", &body)
        })
        .collect()
}

/// An output as the governor makes it: identity, tree, causation and key follow from the run.
fn output(run: &Run, index: usize, ty: &str, body: &Value) -> CloudEvent {
    let (cause, execution) = (&run.started.event, run.started.run.execution);
    let source = format!("/wingman/{}", run.handler);
    let id: Arc<str> = format!("{execution}-{index}").into();
    let mut event = CloudEvent::new(id, source, ty).expect("names without control characters");
    event.time = cause.time;
    let key = cause.partition_key().unwrap_or(cause.correlation());
    for (name, value) in [
        (extension::CORRELATION, cause.correlation()),
        (extension::CAUSATION, &execution.to_string()),
        (extension::PARTITION_KEY, key),
    ] {
        event.set_extension(name, value).expect("values without control characters");
    }
    event.with_json(body.to_string())
}
