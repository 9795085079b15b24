//! Trees of shapes that no demo has: forks within forks, and more than a page shows.

use std::collections::BTreeSet;

use wingman_hub::governance::audit::trace::{EventNode, ExecutionNode, Trace};
use wingman_hub::governance::digest::Digest;
use wingman_hub::governance::protocol::id::{EventKey, ExecutionId};
use wingman_hub::governance::protocol::row::Phase;

use super::{FORKS_MAX, STEPS_MAX, render};
use crate::page::Story;

fn event(name: &str, executions: Vec<ExecutionNode>) -> EventNode {
    let key = EventKey(Digest::of(name.as_bytes()));
    EventNode { key, event_type: name.to_owned(), data: None, outbox: None, executions }
}

fn execution(name: &str, emitted: Vec<EventNode>) -> ExecutionNode {
    ExecutionNode {
        id: ExecutionId(Digest::of(name.as_bytes())),
        handler: name.to_owned(),
        phase: Phase::Finished,
        refusal: None,
        coherence: None,
        artifact: None,
        would_refuse: Vec::new(),
        replay: 0,
        attempts: 1,
        failures: Vec::new(),
        waits: Vec::new(),
        stamp: None,
        effects: Vec::new(),
        emitted,
    }
}

fn shown(root: EventNode) -> String {
    let (correlation, roots) = ("tree".to_owned(), vec![root]);
    let trace = Trace { correlation, roots, fence: None, span_millis: (0, 0) };
    render(&Story::of(trace)).into_string()
}

/// The anchors of events and executions, each once.
fn anchors(page: &str) -> BTreeSet<&str> {
    let marked = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut found = BTreeSet::new();
    for anchor in marked.filter(|it| !it.starts_with("deeper-")) {
        assert!(found.insert(anchor), "{anchor} is there twice");
    }
    found
}

/// How deep elements are in each other, as a browser that closes nothing by itself would find.
fn depth(page: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for tag in page.split('<').skip(1) {
        if tag.starts_with('/') {
            depth -= 1;
        } else {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    assert_eq!(depth, 0, "an element is not closed");
    deepest
}

#[test]
fn forks_within_forks_go_on_in_lists_of_their_own_and_lose_nothing() {
    let mut root = event("last", Vec::new());
    let levels = 3 * FORKS_MAX;
    for level in 0..levels {
        let goes_on = execution(&format!("on {level}"), vec![root]);
        let ends = execution(&format!("end {level}"), Vec::new());
        root = event(&format!("event {level}"), vec![goes_on, ends]);
    }
    let page = shown(root);
    assert_eq!(anchors(&page).len(), 1 + 3 * levels);
    // A browser stops nesting at 512.
    assert!(depth(&page) < 256, "{}", depth(&page));
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{link}\"")), "{link} leads nowhere");
    }
}

#[test]
fn a_long_chain_is_one_list() {
    let mut root = event("last", Vec::new());
    for step in 0..300 {
        root = event(&format!("event {step}"), vec![execution(&format!("run {step}"), vec![root])]);
    }
    let page = shown(root);
    assert_eq!(anchors(&page).len(), 601);
    assert!(depth(&page) < 16, "{}", depth(&page));
}

#[test]
fn beyond_its_limit_a_page_says_how_much_it_leaves_off() {
    let many = (0..STEPS_MAX + 6).map(|at| execution(&format!("run {at}"), Vec::new())).collect();
    let page = shown(event("root", many));
    assert_eq!(anchors(&page).len(), STEPS_MAX);
    assert!(page.contains("7 of 10007 events and executions are left off"));
}
