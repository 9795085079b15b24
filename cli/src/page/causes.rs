//! The tree: what followed from what. What follows one after the other runs straight down as items of
//! one list; only where several things follow from one does the page go a level deeper. So a long chain
//! stays readable on a phone, and the depth of the page stays bounded.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use maud::{Markup, html};
use wingman_hub::governance::audit::trace::{EventNode, ExecutionNode};

use super::stamp::count;
use super::story::Story;
use super::tone::Tone;
use super::{event, execution};

/// Events and executions that a tree of a page shows; the rest is left off, and said to be.
const STEPS_MAX: usize = 10_000;

/// Forks within forks; what is deeper is told in a list of its own. A browser stops nesting at 512.
const FORKS_MAX: usize = 32;

/// Forks within forks that are indented.
const INDENTED_MAX: usize = 4;

/// Branches of one fork in a row; more are folded in parts of this size.
const BRANCHES_MAX: usize = 50;

/// Trees up to this many steps begin with every branch open; the branches of others say what is in them.
const OPEN_MAX: usize = 240;

/// An event or an execution.
#[derive(Clone, Copy)]
enum Step<'a> {
    Event(&'a EventNode),
    Execution(&'a ExecutionNode),
}

/// The tree of a story.
pub(super) fn render(story: &Story) -> Markup {
    let trace = &story.trace;
    let whole = trace.events().len() + trace.executions().len();
    let begins_open = whole <= OPEN_MAX;
    let mut causes = Causes { story, left: STEPS_MAX, begins_open, later: VecDeque::new() };
    let roots: Vec<Step<'_>> = trace.roots.iter().map(Step::Event).collect();
    let tree = match roots[..] {
        [root] => causes.chain(root, 0),
        _ => causes.fork(&roots, 0),
    };
    let mut deeper = Vec::new();
    while let Some(step) = causes.later.pop_front() {
        deeper.push((step, causes.chain(step, 0)));
    }
    html! {
        (tree)
        @for (step, tree) in &deeper {
            section id={ "deeper-" (step.anchor()) } {
                h4 { "Further down: " (step.name()) }
                (tree)
            }
        }
        @if whole > STEPS_MAX {
            p.left-off {
                (whole - STEPS_MAX) " of " (whole) " events and executions are left off: "
                code { "wingman trace --format json" } " has all."
            }
        }
    }
}

struct Causes<'a> {
    story: &'a Story,
    /// Steps that may still be shown.
    left: usize,
    begins_open: bool,
    /// What is told after the tree, because it is too deep in it.
    later: VecDeque<Step<'a>>,
}

impl<'a> Causes<'a> {
    /// A step and all that follows, as long as one thing follows from one.
    fn chain(&mut self, first: Step<'a>, depth: usize) -> Markup {
        let (mut steps, mut next) = (Vec::new(), vec![first]);
        while let ([step], 1..) = (&next[..], self.left) {
            steps.push(self.step(*step));
            next = step.following();
        }
        let fork = (next.len() > 1 && self.left > 0).then(|| self.fork(&next, depth + 1));
        html! {
            ol.steps {
                @for step in &steps { (step) }
                @if let Some(fork) = &fork { li.fork { (fork) } }
            }
        }
    }

    fn step(&mut self, step: Step<'a>) -> Markup {
        self.left -= 1;
        match step {
            Step::Event(event) => event::render(self.story, event),
            Step::Execution(execution) => execution::render(self.story, execution),
        }
    }

    fn fork(&mut self, branches: &[Step<'a>], depth: usize) -> Markup {
        if depth > FORKS_MAX {
            return self.told_later(branches);
        }
        let whole = branches.len();
        let parts: Vec<_> = branches
            .chunks(BRANCHES_MAX)
            .map(|part| (Tally::of_all(part), self.branches(part, depth)))
            .collect();
        if let [(_, only)] = &parts[..] {
            return only.clone();
        }
        html! {
            @for (at, (tally, part)) in parts.iter().enumerate() {
                details.part open[at == 0] {
                    summary {
                        (at * BRANCHES_MAX + 1) "–" (whole.min((at + 1) * BRANCHES_MAX))
                        " of " (whole) " branches" (tally.badge())
                    }
                    (part)
                }
            }
        }
    }

    fn branches(&mut self, branches: &[Step<'a>], depth: usize) -> Markup {
        let mut shown = Vec::new();
        for branch in branches {
            if self.left > 0 {
                shown.push(self.branch(*branch, depth));
            }
        }
        html! {
            ul.branches.flat[depth > INDENTED_MAX] { @for branch in &shown { li { (branch) } } }
        }
    }

    /// A branch folds where it has several steps.
    fn branch(&mut self, first: Step<'a>, depth: usize) -> Markup {
        let tally = Tally::of(first);
        let chain = self.chain(first, depth);
        if tally.steps == 1 {
            return chain;
        }
        html! {
            details.branch open[self.begins_open] {
                summary { (first.name()) span.meta { " " (count(tally.steps, "step")) } (tally.badge()) }
                (chain)
            }
        }
    }

    fn told_later(&mut self, branches: &[Step<'a>]) -> Markup {
        self.later.extend(branches);
        html! {
            ul.branches {
                @for branch in branches {
                    li { a href={ "#deeper-" (branch.anchor()) } { (branch.name()) " goes on further down" } }
                }
            }
        }
    }
}

impl<'a> Step<'a> {
    fn name(self) -> &'a str {
        match self {
            Self::Event(event) => &event.event_type,
            Self::Execution(execution) => &execution.handler,
        }
    }

    fn anchor(self) -> String {
        match self {
            Self::Event(event) => event::anchor(event),
            Self::Execution(execution) => execution::anchor(execution),
        }
    }

    fn following(self) -> Vec<Step<'a>> {
        match self {
            Self::Event(event) => event.executions.iter().map(Step::Execution).collect(),
            Self::Execution(execution) => execution.emitted.iter().map(Step::Event).collect(),
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Event(event) => event::tone(event),
            Self::Execution(execution) => execution::tone(execution),
        }
    }
}

/// What branches hold.
struct Tally {
    steps: usize,
    worst: Tone,
}

impl Tally {
    fn of(step: Step<'_>) -> Self {
        Self::of_all(&[step])
    }

    fn of_all(branches: &[Step<'_>]) -> Self {
        let mut tally = Self { steps: 0, worst: Tone::Done };
        let mut steps = branches.to_vec();
        while let Some(step) = steps.pop() {
            tally.steps += 1;
            tally.worst = tally.worst.max(step.tone());
            steps.extend(step.following());
        }
        tally
    }

    /// The worst that is in it, if there is anything to say.
    fn badge(&self) -> Markup {
        let word = match self.worst {
            Tone::Done => return html! {},
            Tone::Open => "open",
            Tone::Undone => "undone",
            Tone::Would => "would refuse",
            Tone::Refused => "refused",
            Tone::Lost => "given up",
        };
        html! { " " (self.worst.badge(word)) }
    }
}
