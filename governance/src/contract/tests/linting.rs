//! What the linter says of a whole set: each finding, and that a sound set has none.

use super::changed;
use crate::contract::{Contracts, FindingKind, Severity};

/// What comes in leads to what goes out, which is for others.
const SOUND: &str = "\
event: In
version: 1
purpose: Something came in
producer: external
---
event: Middle
version: 1
purpose: It was looked at
producer: [first]
---
event: Out
version: 1
purpose: It was done
producer: [second]
consumers: []
---
handler: first
consumes: [In]
emits: [Middle]
scope: { mission: Look, done: Middle }
---
handler: second
consumes: [Middle]
emits: [Out]
scope: { mission: Do, done: Out }
ordering: [ { chain: [In, Middle], key: id } ]
";

fn lint(text: &str) -> Vec<(FindingKind, String)> {
    let contracts = Contracts::builder().yaml("l.yaml", text).build().unwrap();
    contracts.lint().into_iter().map(|it| (it.kind, it.to_string())).collect()
}

/// The sound set with parts replaced that must be there.
fn broken(parts: &[(&str, &str)]) -> Vec<(FindingKind, String)> {
    let text = parts.iter().fold(SOUND.to_owned(), |text, (part, replacement)| {
        assert!(text.contains(part), "{part:?}");
        text.replacen(part, replacement, 1)
    });
    lint(&text)
}

#[test]
fn a_sound_set_has_no_findings() {
    assert_eq!(lint(SOUND), []);
}

#[test]
fn a_type_that_nobody_consumes_is_a_warning_unless_it_says_so() {
    let text = "l.yaml:11: no handler consumes event Out; let one consume it, or write consumers: [] \
                if it is for others, or an end";
    let found = broken(&[("consumers: []\n", "")]);
    assert_eq!(found, [(FindingKind::NoConsumer, text.to_owned())]);
    assert_eq!(FindingKind::NoConsumer.severity(), Severity::Warning);
}

#[test]
fn a_consumed_type_without_a_producer_makes_its_handlers_unreachable() {
    let found = broken(&[(
        "emits: [Middle]\nscope: { mission: Look, done: Middle }",
        "scope: { mission: Look }",
    )]);
    let kinds: Vec<_> = found.iter().map(|(kind, _)| *kind).collect();
    let expected = [
        FindingKind::IdleProducer,
        FindingKind::NoProducer,
        FindingKind::Unreachable,
        FindingKind::BrokenChain,
    ];
    for kind in expected {
        assert!(kinds.contains(&kind), "{kind:?} is not in {found:?}");
    }
    assert_eq!(kinds.len(), expected.len(), "{found:?}");
    let text = "l.yaml:22: handler second never runs and Out never completes its mission: nothing \
                from outside leads to Middle; let a handler that runs emit what it consumes, or \
                remove it";
    assert!(found.contains(&(FindingKind::Unreachable, text.to_owned())), "{found:?}");
    assert_eq!(FindingKind::Unreachable.severity(), Severity::Error);
}

/// It may be a handler of another set.
#[test]
fn what_hangs_on_a_producer_without_a_contract_is_not_unreachable() {
    let found = broken(&[("producer: external", "producer: [elsewhere]")]);
    let kinds: Vec<_> = found.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [FindingKind::IdleProducer]);
}

#[test]
fn a_chain_whose_steps_no_handler_makes_is_an_error_at_the_step() {
    let found = broken(&[("chain: [In, Middle]", "chain: [Out, Middle]")]);
    let text = "l.yaml:26: the chain of handler second wants Middle right after Out, and no handler \
                makes one from the other: it never runs on Middle; correct the chain, or let a \
                handler of Out emit Middle";
    assert_eq!(found, [(FindingKind::BrokenChain, text.to_owned())]);
}

#[test]
fn a_cascade_that_can_go_round_is_a_warning_once() {
    let found = broken(&[
        ("producer: [first]", "producer: [first, second]"),
        ("emits: [Out]", "emits: [Out, Middle]"),
    ]);
    let text = "l.yaml:24: the cascade Middle → Middle can go round; see that handler second ends \
                it; only its limits.depth of 16 does otherwise";
    assert_eq!(found, [(FindingKind::Loop, text.to_owned())]);
    let longer = broken(&[
        ("consumes: [In]", "consumes: [In, Out]"),
        ("consumers: []", "consumers: declared"),
    ]);
    let texts: Vec<_> = longer.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("Middle → Out → Middle"), "{texts:?}");
}

#[test]
fn what_is_noted_at_load_is_among_the_findings() {
    let text = changed("purpose: The release is public\n", "");
    let kinds: Vec<_> = lint(&text).into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains(&FindingKind::NoPurpose), "{kinds:?}");
}
