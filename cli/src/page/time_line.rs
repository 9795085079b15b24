//! When what ran: a row an execution, as its stamps tell.
//!
//! Drawn with the attributes of SVG, because the page's policy allows no styles on elements.

use maud::{Markup, html};
use wingman_hub::governance::audit::trace::ExecutionNode;

use super::execution;
use super::stamp::{count, duration};
use super::story::Story;
use super::tone::Tone;

/// Rows of one time line; the tree has the others.
const ROWS_MAX: usize = 200;

/// Time lines up to this many rows begin open.
const OPEN_MAX: usize = 40;

/// Width of a drawing in units of its own; it is stretched to the space there is.
const WIDTH: u64 = 1_000;

/// What is seen of the shortest time.
const WIDTH_MIN: u64 = 6;

/// The time that a drawing shows.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub(super) from: u64,
    pub(super) to: u64,
}

/// A stretch of time in its accent.
pub(super) struct Bar {
    pub(super) tone: Tone,
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Scale {
    /// Bars that stand for work, over lines that stand for waiting.
    pub(super) fn draw(self, bars: &[Bar], waits: &[Bar]) -> Markup {
        html! {
            svg viewBox={ "0 0 " (WIDTH) " 12" } preserveAspectRatio="none" aria-hidden="true" focusable="false" {
                @for quarter in 1..4 { path.grid d={ "M" (quarter * WIDTH / 4) " 0v12" } {} }
                @for wait in waits {
                    @let (x, width) = self.place(wait);
                    rect.wait x=(x) y="5" width=(width) height="2" {}
                }
                @for bar in bars {
                    @let (x, width) = self.place(bar);
                    rect class=(bar.tone.class()) x=(x) y="1" width=(width) height="10" {}
                }
            }
        }
    }

    fn place(self, bar: &Bar) -> (u64, u64) {
        let whole = self.to.saturating_sub(self.from).max(1);
        let at = |millis: u64| {
            millis.clamp(self.from, self.to).saturating_sub(self.from) * WIDTH / whole
        };
        // Stamps of a ledger that somebody changed may go back in time.
        let width = at(bar.to).saturating_sub(at(bar.from)).max(WIDTH_MIN);
        (at(bar.from).min(WIDTH - width), width)
    }
}

/// What an execution did when.
struct Row<'a> {
    execution: &'a ExecutionNode,
    from: u64,
    bars: Vec<Bar>,
    waits: Vec<Bar>,
}

/// The time line of a story.
pub(super) fn render(story: &Story) -> Markup {
    let scale = Scale { from: story.began_millis(), to: story.ended_millis() };
    let mut rows: Vec<Row<'_>> =
        story.trace.executions().into_iter().filter_map(|it| row(story, it)).collect();
    rows.sort_by_key(|row| row.from);
    let whole = rows.len();
    rows.truncate(ROWS_MAX);
    html! {
        @if whole > 1 {
            details.time open[whole <= OPEN_MAX] {
                summary { h3 { "Time line" } span.meta { " " (count(whole, "execution")) " in " (duration(story.took_millis())) } }
                p.axis aria-hidden="true" {
                    span { "0" } span { (duration(story.took_millis() / 2)) } span { (duration(story.took_millis())) }
                }
                ol.rows { @for row in &rows { (row.render(scale)) } }
                @if whole > ROWS_MAX { p.left-off { (whole - ROWS_MAX) " later ones are in the tree only." } }
            }
        }
    }
}

impl Row<'_> {
    fn render(&self, scale: Scale) -> Markup {
        let last = self.bars.iter().chain(&self.waits).map(|bar| bar.to).max().unwrap_or(self.from);
        let since = |millis: u64| millis.saturating_sub(scale.from);
        html! {
            li {
                a href={ "#" (execution::anchor(self.execution)) } { (self.execution.handler) }
                (scale.draw(&self.bars, &self.waits))
                span.at { (since(self.from)) "–" (duration(since(last))) }
            }
        }
    }
}

fn row<'a>(story: &Story, execution: &'a ExecutionNode) -> Option<Row<'a>> {
    let stamps = story.stamps_of(execution);
    let from = stamps.first()?.at_millis;
    let (mut bars, mut waits) = (Vec::new(), Vec::new());
    for (at, stamp) in stamps.iter().enumerate() {
        let rest = &stamps[at + 1..];
        let until = |ends: fn(&str) -> bool| rest.iter().find(|it| ends(&it.kind));
        let (into, end, tone) = match stamp.kind.as_str() {
            "parked" => (&mut waits, until(ends_wait), Tone::Open),
            "started" => {
                let end = until(ends_run);
                (&mut bars, end, end.map_or(Tone::Open, |end| tone(&end.kind)))
            }
            "undo_started" => (&mut bars, until(ends_undo), Tone::Undone),
            "refused" | "expired" | "dead_lettered" => (&mut bars, Some(stamp), tone(&stamp.kind)),
            _ => continue,
        };
        let to = end.map_or(story.ended_millis(), |end| end.at_millis);
        into.push(Bar { tone, from: stamp.at_millis, to });
    }
    Some(Row { execution, from, bars, waits })
}

fn ends_wait(kind: &str) -> bool {
    matches!(kind, "started" | "refused" | "dead_lettered" | "expired")
}

fn ends_run(kind: &str) -> bool {
    matches!(
        kind,
        "finished" | "refused" | "failed" | "dead_lettered" | "abandoned" | "late" | "expired"
    )
}

fn ends_undo(kind: &str) -> bool {
    matches!(kind, "undone" | "undo_failed" | "quarantined" | "void")
}

fn tone(kind: &str) -> Tone {
    match kind {
        "finished" => Tone::Done,
        "refused" => Tone::Refused,
        _ => Tone::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_is_seen_and_none_leaves_the_drawing() {
        let scale = Scale { from: 1_000, to: 1_100 };
        for (from, to) in
            [(0, 5), (1_000, 1_000), (1_050, 1_051), (1_100, 1_100), (1_090, 9_000), (1_080, 1_020)]
        {
            let (x, width) = scale.place(&Bar { tone: Tone::Done, from, to });
            assert!(width >= WIDTH_MIN && x + width <= WIDTH, "{from}–{to}: {x}, {width}");
        }
        let instant = Scale { from: 7, to: 7 };
        assert_eq!(instant.place(&Bar { tone: Tone::Done, from: 7, to: 7 }), (0, WIDTH_MIN));
    }
}
