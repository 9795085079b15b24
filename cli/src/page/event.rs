//! An event in the tree.

use maud::{Markup, html};
use serde_json::Value;
use wingman_hub::governance::audit::trace::EventNode;
use wingman_hub::governance::protocol::row::{OutboxState, RefusalCode};

use super::story::Story;
use super::tone::Tone;
use super::{notes, stamp};

/// Where it is in the page.
pub(super) fn anchor(event: &EventNode) -> String {
    format!("e{}", &event.key.to_string()[8..24])
}

/// The worst that there is to say about it.
pub(super) fn tone(event: &EventNode) -> Tone {
    let declined = declined(event).map_or(Tone::Done, |_| Tone::Refused);
    event.outbox.map_or(declined, |state| declined.max(Tone::of_outbox(state)))
}

/// Code and reason, if the event says that something was declined.
pub(super) fn declined(event: &EventNode) -> Option<(&'static str, &str)> {
    let data = event.data.as_ref()?;
    let code = RefusalCode::from_text(data["code"].as_str()?);
    let reason = data["reason"].as_str()?;
    (code != RefusalCode::Handler).then(|| (code.as_str(), reason))
}

pub(super) fn render(story: &Story, event: &EventNode) -> Markup {
    let stamps = story.stamps_of_event(event);
    html! {
        li class={ "event " (tone(event).class()) } id=(anchor(event)) {
            details {
                summary {
                    span.what { (event.event_type) }
                    " " (publication(event))
                    @if let Some(stamp) = stamps.first() { " " (stamp.named()) }
                }
                div.more {
                    @if let Some(data) = &event.data { (json("Data", data)) }
                    p.identity { "event " code { (event.key) } }
                    (stamp::list(stamps, story.began_millis()))
                }
            }
            @if let Some((code, reason)) = declined(event) {
                ul.notes { (notes::note(Tone::Refused, code, reason)) }
            } @else if let Some(reason) = event.data.as_ref().and_then(|data| data["reason"].as_str()) {
                ul.notes { li { (reason) } }
            }
        }
    }
}

/// Where it came from or went; what went as it should has no accent.
fn publication(event: &EventNode) -> Markup {
    let word = match event.outbox {
        None => return html! { span.meta { "from outside" } },
        Some(OutboxState::Published) => return html! {},
        Some(OutboxState::Unpublished | OutboxState::Publishing) => "not published yet",
        Some(OutboxState::Withheld) => "withheld",
        Some(OutboxState::Undeliverable) => "undeliverable",
    };
    event.outbox.map_or(Tone::Open, Tone::of_outbox).badge(word)
}

/// Bytes of a JSON value that are shown.
const JSON_MAX: usize = 4_096;

/// A JSON value under its name, cut where it is long.
pub(super) fn json(name: &str, value: &Value) -> Markup {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    let whole = text.len();
    if whole > JSON_MAX {
        text.truncate(text.floor_char_boundary(JSON_MAX));
    }
    html! {
        h5 { (name) }
        pre { code { (text) } @if whole > JSON_MAX { "… " (whole) " bytes in all" } }
    }
}
