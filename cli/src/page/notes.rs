//! What a reader should see of an execution without opening it.

use maud::{Markup, html};
use serde_json::Value;
use wingman_hub::governance::audit::trace::ExecutionNode;
use wingman_hub::governance::protocol::row::{Decision, Effect, Plan};

use super::stamp::{Stamp, duration};
use super::story::Story;
use super::tone::Tone;
use crate::trace::{account, state};
use crate::transcript;

/// Notes of one execution; a tool that is called thousands of times is in the folded part.
const NOTES_MAX: usize = 40;

/// Bytes of a result that a note shows.
const RESULT_MAX: usize = 120;

/// A word in its accent, and what it is about.
pub(super) fn note(tone: Tone, word: &str, text: &str) -> Markup {
    html! { li class=(tone.class()) { (tone.badge(word)) " " (text) } }
}

/// Everything to be seen, in the order in which it happened, as far as that is known.
pub(super) fn of(story: &Story, execution: &ExecutionNode) -> Vec<Markup> {
    let mut notes = Vec::new();
    for wait in &execution.waits {
        let word = format!("parked for {}", wait.reason);
        let text = if wait.millis == 0 { "goes on".to_owned() } else { duration(wait.millis) };
        notes.push(note(Tone::Open, &word, &text));
    }
    notes.extend(story.plans_of(execution).iter().map(decision));
    account(execution, |text| notes.push(html! { li.says { (text) } }));
    for failure in &execution.failures {
        notes.push(note(
            Tone::Lost,
            &format!("attempt {} failed", failure.attempt),
            &failure.reason,
        ));
    }
    for what in &execution.would_refuse {
        notes.push(note(Tone::Would, &format!("would refuse {}", what.code), &what.detail));
    }
    notes.extend(story.stamps_of(execution).iter().filter_map(stamped));
    notes.extend(story.effects_of(execution).iter().map(effect));
    let more = notes.len().saturating_sub(NOTES_MAX);
    notes.truncate(NOTES_MAX);
    if more > 0 {
        notes.push(html! { li { (more) " more in the folded part" } });
    }
    notes
}

/// What only a stamp tells.
fn stamped(stamp: &Stamp) -> Option<Markup> {
    let line = |name: &str| stamp.line(name).unwrap_or_default();
    let (tone, word, text) = match stamp.kind.as_str() {
        "denied" => {
            let text = format!("{} at level {}", line("tool"), line("level"));
            (Tone::Refused, format!("denied {}", line("code")), text)
        }
        "late" => {
            (Tone::Lost, "late".to_owned(), format!("attempt {}, discarded", line("attempt")))
        }
        "abandoned" => {
            let text = format!("attempt {}: {}", line("attempt"), line("reason"));
            (Tone::Lost, "abandoned".to_owned(), text)
        }
        "replayed" => (Tone::Open, "replayed".to_owned(), format!("by {}", line("by"))),
        "discarded" => (Tone::Lost, "discarded".to_owned(), format!("by {}", line("by"))),
        "spent" => {
            let text = format!("of plan {}", short(line("plan")));
            (Tone::Done, "approval spent".to_owned(), text)
        }
        "fenced" => {
            (Tone::Undone, "fenced".to_owned(), "its tree is undone from here on".to_owned())
        }
        "undo_failed" => {
            let text = format!("{} times so far", line("failures"));
            (Tone::Lost, "undo failed".to_owned(), text)
        }
        _ => return None,
    };
    Some(note(tone, &word, &text))
}

/// What became of a plan.
fn decision(plan: &Plan) -> Markup {
    let digest = plan.digest.0.short();
    match &plan.decision {
        Decision::Pending => {
            let text = format!("plan {digest}, by a holder of the role {}", plan.role);
            note(Tone::Open, "to be approved", &text)
        }
        Decision::Approved { by, .. } => {
            note(Tone::Done, "approved", &format!("plan {digest}: YES, signed by {by}"))
        }
        Decision::Denied { by, answer, .. } => {
            let text = format!("plan {digest}: {answer:?} of {by} is not YES");
            note(Tone::Refused, "P-04 not approved", &text)
        }
        Decision::Expired => {
            let text = format!("plan {digest}: nobody answered in time");
            note(Tone::Refused, "P-04 expired", &text)
        }
    }
}

/// What a call changed.
fn effect(effect: &Effect) -> Markup {
    let result: Option<Value> =
        effect.result.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let changed = match &result {
        Some(result) if result["target"].is_string() => transcript::change(result),
        Some(result) => beginning(&result.to_string()),
        None => String::new(),
    };
    let text = format!("{} {changed}", effect.tool);
    note(Tone::of_effect(&effect.state), state(&effect.state), &text)
}

fn beginning(text: &str) -> String {
    match text.len() {
        0..=RESULT_MAX => text.to_owned(),
        _ => format!("{}…", &text[..text.floor_char_boundary(RESULT_MAX)]),
    }
}

fn short(digest: &str) -> &str {
    digest.get(..4).unwrap_or(digest)
}
