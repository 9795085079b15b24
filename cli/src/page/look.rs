//! What a reader should look at: links to whatever in a tree is not simply done.

use maud::{Markup, html};
use wingman_hub::governance::audit::trace::{EventNode, ExecutionNode};

use super::story::Story;
use super::tone::Tone;
use super::{event, execution};
use crate::trace::{phase, state};

/// Links of one tree; more is said by number.
const LINKS_MAX: usize = 12;

struct Link<'a> {
    tone: Tone,
    anchor: String,
    word: String,
    who: &'a str,
    text: String,
}

/// The links of a tree, in the order of the tree; nothing where all is well.
pub(super) fn list(story: &Story) -> Markup {
    let links: Vec<Link<'_>> = story
        .trace
        .events()
        .into_iter()
        .flat_map(|event| of_event(event).into_iter().chain(event.executions.iter().filter_map(of)))
        .collect();
    html! {
        @if !links.is_empty() {
            nav.look aria-label="To look at" {
                ul {
                    @for link in links.iter().take(LINKS_MAX) {
                        li {
                            (link.tone.badge(&link.word)) " "
                            a href={ "#" (link.anchor) } { (link.who) }
                            " " span.meta { (link.text) }
                        }
                    }
                    @if links.len() > LINKS_MAX {
                        li.meta { (links.len() - LINKS_MAX) " more are marked in the tree" }
                    }
                }
            }
        }
    }
}

fn of_event(node: &EventNode) -> Option<Link<'_>> {
    let (code, reason) = event::declined(node)?;
    let (tone, anchor, text) = (Tone::Refused, event::anchor(node), reason.to_owned());
    Some(Link { tone, anchor, word: code.to_owned(), who: &node.event_type, text })
}

fn of(node: &ExecutionNode) -> Option<Link<'_>> {
    let tone = execution::tone(node);
    let undone = || node.effects.iter().filter(|it| Tone::of_effect(&it.state) == Tone::Undone);
    let (word, text) = match tone {
        Tone::Done => return None,
        Tone::Would => {
            let first = node.would_refuse.first()?;
            (format!("would refuse {}", first.code), first.detail.clone())
        }
        Tone::Undone => {
            let tools: Vec<&str> = undone().map(|it| it.tool.as_str()).collect();
            ("undone".to_owned(), tools.join(", "))
        }
        Tone::Lost if Tone::of_phase(&node.phase) != Tone::Lost => {
            let lost = node.effects.iter().find(|it| Tone::of_effect(&it.state) == Tone::Lost)?;
            (state(&lost.state).to_owned(), lost.tool.clone())
        }
        Tone::Open | Tone::Refused | Tone::Lost => {
            let last = node.failures.last().map(|it| &it.reason);
            let why = node.refusal.as_ref().or(last);
            (phase(node), why.cloned().unwrap_or_default())
        }
    };
    Some(Link { tone, anchor: execution::anchor(node), word, who: &node.handler, text })
}
