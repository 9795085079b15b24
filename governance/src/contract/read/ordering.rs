//! Reads the ordering rules of a handler. Each rule is a map whose first word is its kind.

use super::problems::Problems;
use super::section::{Fields, Section};
use super::tree::{Node, Value};
use crate::contract::error::ContractErrorKind::{Contradiction, Missing};
use crate::contract::ordering::{ChainDigest, OrderingKey, OrderingRule};

/// The kinds of rules.
pub(super) const KINDS: [&str; 3] = ["sequence", "precedence", "chain"];
/// A key that the design names and this version does not enforce.
pub(super) const KEY_NOT_YET: &str = "producer";
const NOT_YET: &[&str] = &["response", "not_after", "exactly_once", "mutex", "dedup"];
pub(super) const SEQUENCE_RULE: Fields =
    Fields { known: &["sequence"], required: &["sequence"], not_yet: NOT_YET };
pub(super) const PRECEDENCE_RULE: Fields =
    Fields { known: &["precedence"], required: &["precedence"], not_yet: NOT_YET };
pub(super) const CHAIN_RULE: Fields =
    Fields { known: &["chain", "key", "digest"], required: &["chain", "key"], not_yet: NOT_YET };
const ANY_RULE: Fields = Fields {
    known: &["sequence", "precedence", "chain", "key", "digest"],
    required: &[],
    not_yet: NOT_YET,
};
pub(super) const SEQUENCE: Fields =
    Fields { known: &["key"], required: &["key"], not_yet: &["on_gap"] };
pub(super) const PRECEDENCE: Fields =
    Fields { known: &["after", "key"], required: &["after", "key"], not_yet: &[] };
pub(super) const DIGEST: Fields =
    Fields { known: &["from", "out"], required: &["from", "out"], not_yet: &[] };

/// The `ordering` of a handler: a list of rules.
pub(super) fn read(of: &Section<'_>, problems: &mut Problems) -> Vec<OrderingRule> {
    let Some(node) = of.get("ordering", problems) else {
        return Vec::new();
    };
    let Value::List(items) = &node.value else {
        of.wrong("ordering", node, "a list of rules", problems);
        return Vec::new();
    };
    items.iter().filter_map(|item| rule(item, problems)).collect()
}

fn rule(node: &Node, problems: &mut Problems) -> Option<OrderingRule> {
    let kinds: Vec<_> = KINDS.iter().filter(|kind| node.member(kind).is_some()).collect();
    match kinds[..] {
        [&"sequence"] => {
            let section = Section::open(node, "this ordering rule", &SEQUENCE_RULE, problems)?;
            let sequence = section.section("sequence", &SEQUENCE, problems)?;
            Some(OrderingRule::Sequence { key: key(&sequence, problems)? })
        }
        [&"precedence"] => {
            let section = Section::open(node, "this ordering rule", &PRECEDENCE_RULE, problems)?;
            let precedence = section.section("precedence", &PRECEDENCE, problems)?;
            let after = precedence.text("after", problems);
            let key = key(&precedence, problems);
            Some(OrderingRule::Precedence { after: after?, key: key? })
        }
        [&"chain"] => chain(node, problems),
        [] => {
            let before = problems.count();
            Section::open(node, "this ordering rule", &ANY_RULE, problems)?;
            if problems.count() == before {
                let what = "this ordering rule names no kind".to_owned();
                problems.add(Missing, node.at, what, "add sequence, precedence or chain");
            }
            None
        }
        _ => {
            let what = "this ordering rule names several kinds".to_owned();
            problems.add(Contradiction, node.at, what, "write one list item for each");
            None
        }
    }
}

fn chain(node: &Node, problems: &mut Problems) -> Option<OrderingRule> {
    let section = Section::open(node, "this ordering rule", &CHAIN_RULE, problems)?;
    let types = section.list("chain", problems);
    let key = key(&section, problems);
    let digest = section.section("digest", &DIGEST, problems).and_then(|digest| {
        let from = digest.text("from", problems);
        let out = digest.text("out", problems);
        Some(ChainDigest { from: from?, out: out? })
    });
    let types = types?.into_iter().map(|(_, name)| name).collect();
    Some(OrderingRule::Chain { types, key: key?, digest })
}

fn key(of: &Section<'_>, problems: &mut Problems) -> Option<OrderingKey> {
    let text = of.text("key", problems)?;
    if text == KEY_NOT_YET {
        of.not_yet("key", of.get("key", problems)?, "write correlation or a field", problems);
        return None;
    }
    Some(OrderingKey::from(text.as_str()))
}
