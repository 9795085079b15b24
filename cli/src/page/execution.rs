//! An execution in the tree: who, where it stands, and what it did.

use maud::{Markup, html};
use serde_json::Value;
use wingman_hub::governance::audit::trace::ExecutionNode;
use wingman_hub::governance::protocol::row::{Effect, UndoKind};

use super::event::json;
use super::stamp::duration;
use super::story::Story;
use super::tone::Tone;
use super::{notes, stamp};
use crate::trace::{phase, state};

/// Where it is in the page.
pub(super) fn anchor(execution: &ExecutionNode) -> String {
    format!("x{}", &execution.id.to_string()[8..24])
}

/// The worst that there is to say about it.
pub(super) fn tone(execution: &ExecutionNode) -> Tone {
    let effects = execution.effects.iter().map(|effect| Tone::of_effect(&effect.state));
    let would = execution.would_refuse.first().map(|_| Tone::Would);
    // A call that did not happen is nothing to look at.
    let effects = effects.filter(|tone| *tone != Tone::Open);
    effects.chain(would).fold(Tone::of_phase(&execution.phase), Tone::max)
}

pub(super) fn render(story: &Story, execution: &ExecutionNode) -> Markup {
    let stamps = story.stamps_of(execution);
    let own = Tone::of_phase(&execution.phase);
    let outcome = stamps.iter().find(|stamp| Some(stamp.index) == execution.stamp);
    let notes = notes::of(story, execution);
    html! {
        li class={ "execution " (tone(execution).class()) } id=(anchor(execution)) {
            details {
                summary {
                    span.who { (execution.handler) } " "
                    (own.badge(&phase(execution)))
                    span.meta { (attempts(execution)) (took(stamps).unwrap_or_default()) }
                    @if let Some(stamp) = outcome {
                        // Its outcome is what the badge says already.
                        " " @if execution.phase.is_outcome() { (stamp.leaf()) } @else { (stamp.named()) }
                    }
                }
                div.more {
                    @for effect in story.effects_of(execution) { (call(effect)) }
                    @for plan in story.plans_of(execution) {
                        (json("Plan", &serde_json::from_str(&plan.text).unwrap_or(Value::Null)))
                        p.identity { "plan " code { (plan.digest) } ", proposed by " (plan.proposer) }
                    }
                    @if let Some(artifact) = &execution.artifact { (json(&artifact.name, &artifact.document)) }
                    p.identity { "execution " code { (execution.id) } }
                    (stamp::list(stamps, story.began_millis()))
                }
            }
            @if !notes.is_empty() { ul.notes { @for note in &notes { (note) } } }
        }
    }
}

fn attempts(execution: &ExecutionNode) -> String {
    let mut words = String::new();
    if execution.attempts > 1 {
        words.push_str(&format!("{} attempts · ", execution.attempts));
    }
    if execution.replay > 0 {
        words.push_str(&format!("replay {} · ", execution.replay));
    }
    words
}

/// From its first stamp to its last but those of a later undoing.
fn took(stamps: &[stamp::Stamp]) -> Option<String> {
    let undoing = |it: &&stamp::Stamp| it.kind.starts_with("undo") || it.kind == "quarantined";
    let first = stamps.first()?;
    let last = stamps.iter().take_while(|it| !undoing(it)).last()?;
    Some(duration(last.at_millis.saturating_sub(first.at_millis)))
}

/// A tool call with what went in and what came out.
fn call(effect: &Effect) -> Markup {
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let undo = match effect.undo {
        UndoKind::None => "changes nothing",
        UndoKind::Compensatable => "can be undone",
        UndoKind::Irreversible => "cannot be undone",
    };
    html! {
        h5 {
            "Call " (effect.key.index + 1) ": " (effect.tool) ", " (effect.level.as_str()) ", "
            (undo) ", " (state(&effect.state))
        }
        @if !effect.before.is_empty() {
            p.identity { (effect.before.len()) " bytes of the state before are kept for its undoing." }
        }
        (json("Arguments", &parsed(&effect.arguments)))
        @if let Some(result) = &effect.result { (json("Result", &parsed(result))) }
    }
}
