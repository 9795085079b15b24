//! The join: what was promised, what the recorder noted, what the ledger says, what the broker has.

use std::collections::{BTreeMap, BTreeSet};

use super::brokers::Sent;
use super::evidence::{Evidence, Execution, Verb};

/// Everything that does not hold; nothing if all of it does.
pub(super) fn judge(evidence: &Evidence) -> Vec<String> {
    let mut faults = Vec::new();
    nothing_lost(evidence, &mut faults);
    one_finish(evidence, &mut faults);
    calls_have_effects(evidence, &mut faults);
    works_are_whole(evidence, &mut faults);
    works_of_a_key_take_turns(evidence, &mut faults);
    broker_has_what_was_recorded(evidence, &mut faults);
    an_id_has_one_body(evidence, &mut faults);
    faults.extend(evidence.unsound.iter().map(|it| format!("the ledger does not verify: {it}")));
    faults
}

/// Every work that a producer was promised, and every output on the broker, has an outcome of each
/// handler that consumes its type; and no promise was made twice.
fn nothing_lost(evidence: &Evidence, faults: &mut Vec<String>) {
    let ended: BTreeSet<(&str, &str)> = evidence
        .executions
        .iter()
        .filter(|it| it.ended)
        .map(|it| (it.event.as_str(), it.handler.as_str()))
        .collect();
    for work in &evidence.works {
        let acted = |it: &Execution| it.ended && it.handler == "act" && it.tree == work.id;
        if !evidence.executions.iter().any(acted) {
            faults.push(format!("{} was accepted and never acted on", work.id));
        }
        if work.promises > 1 {
            faults.push(format!("{} was recorded {} times", work.id, work.promises));
        }
    }
    for output in evidence.outputs.iter().filter(|it| it.state == "published") {
        for consumer in &output.consumers {
            if !ended.contains(&(output.event.as_str(), consumer.as_str())) {
                faults.push(format!(
                    "{} was published and never handled by {consumer}",
                    output.sent.id
                ));
            }
        }
    }
}

fn one_finish(evidence: &Evidence, faults: &mut Vec<String>) {
    let known: BTreeSet<&str> = evidence.executions.iter().map(|it| it.id.as_str()).collect();
    for execution in &evidence.executions {
        let finishes = evidence.outcome_stamps.get(&execution.id).copied().unwrap_or_default();
        if !execution.ended || finishes != 1 {
            let (id, handler) = (&execution.id, &execution.handler);
            faults.push(format!("{handler} {id} has {finishes} outcome stamps"));
        }
    }
    for id in evidence.outcome_stamps.keys().filter(|id| !known.contains(id.as_str())) {
        faults.push(format!("{id} has an outcome stamp and is no execution"));
    }
}

/// What the recorder noted of each call is what the call's effect row says.
fn calls_have_effects(evidence: &Evidence, faults: &mut Vec<String>) {
    let mut noted: BTreeMap<(&str, &str), (u32, u32)> = BTreeMap::new();
    for note in &evidence.notes {
        let (done, undone) = noted.entry((&note.tool, &note.key)).or_default();
        match note.verb {
            Verb::Do if *undone > 0 => {
                faults.push(format!("{} {} was done after it was undone", note.tool, note.key));
            }
            Verb::Do => *done += 1,
            Verb::Undo => *undone += 1,
        }
    }
    for ((tool, key), (done, undone)) in &noted {
        let effect = evidence.effects.iter().find(|it| it.key == *key && it.tool == *tool);
        let Some(effect) = effect else {
            faults.push(format!("{tool} {key} was called and has no effect row"));
            continue;
        };
        // An undo is repeated if its worker died before its result was durable; a call is probed.
        let agrees = match effect.state.as_str() {
            "applied" => (*done, *undone) == (1, 0),
            "compensated" => *done == 1 && *undone >= 1,
            _ => false,
        };
        if !agrees {
            let state = &effect.state;
            faults.push(format!("{tool} {key} is {state}: done {done} times, undone {undone}"));
        }
    }
    for effect in &evidence.effects {
        let was_noted = noted.contains_key(&(effect.tool.as_str(), effect.key.as_str()));
        if effect.state != "void" && !was_noted {
            faults.push(format!("{} {} is {} and unnoted", effect.tool, effect.key, effect.state));
        }
    }
}

/// As the world sees it: a work is reserved and charged once, or neither.
fn works_are_whole(evidence: &Evidence, faults: &mut Vec<String>) {
    let undone: BTreeSet<&str> = evidence
        .notes
        .iter()
        .filter(|it| it.verb == Verb::Undo)
        .map(|it| it.key.as_str())
        .collect();
    for work in &evidence.works {
        for tool in ["stock.reserve", "card.charge"] {
            let stands = evidence
                .notes
                .iter()
                .filter(|it| it.verb == Verb::Do && it.tool == tool && it.work == work.id)
                .filter(|it| !undone.contains(it.key.as_str()))
                .count();
            let expected = usize::from(!work.declined);
            if stands != expected {
                let id = &work.id;
                faults.push(format!("{id}: {tool} stands {stands} times, not {expected}"));
            }
        }
        if work.declined && !evidence.closed_fences.contains(&work.id) {
            faults.push(format!("{} was declined and its tree is not undone", work.id));
        }
    }
}

/// Two works of a key are never acted on at once: once another one's turn has begun, a work makes no
/// call any more.
fn works_of_a_key_take_turns(evidence: &Evidence, faults: &mut Vec<String>) {
    let key_of: BTreeMap<&str, &str> =
        evidence.works.iter().map(|work| (work.id.as_str(), work.key.as_str())).collect();
    let mut turns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for note in evidence.notes.iter().filter(|it| it.verb == Verb::Do) {
        let Some(key) = key_of.get(note.work.as_str()) else {
            continue;
        };
        let turns = turns.entry(key).or_default();
        if turns.last() == Some(&note.work.as_str()) {
            continue;
        }
        if turns.contains(&note.work.as_str()) {
            let last = turns.last().copied().unwrap_or_default();
            faults.push(format!("{} was acted on while {last} of {key} was", note.work));
        }
        turns.push(&note.work);
    }
}

/// Outputs on the broker = recorded minus withheld and undeliverable, each with the recorded bytes: an
/// attempt that was fenced off would have written others under the same id.
fn broker_has_what_was_recorded(evidence: &Evidence, faults: &mut Vec<String>) {
    let mut expected: BTreeSet<_> = evidence.foreign.iter().cloned().collect();
    for output in &evidence.outputs {
        match output.state.as_str() {
            "published" => {
                expected.insert(output.sent.clone());
            }
            "withheld" | "undeliverable" => {}
            state => {
                faults.push(format!("{} {} is still {state}", output.sent.source, output.sent.id))
            }
        }
    }
    let found: BTreeSet<_> = evidence.on_broker.iter().cloned().collect();
    for Sent { source, id, data } in expected.difference(&found) {
        faults
            .push(format!("{source} {id} is recorded as published and not on the broker: {data}"));
    }
    for Sent { source, id, data } in found.difference(&expected) {
        faults
            .push(format!("{source} {id} is on the broker and not recorded as published: {data}"));
    }
}

/// Whatever the ledger says: an output that came from two attempts is on the broker in two bodies.
fn an_id_has_one_body(evidence: &Evidence, faults: &mut Vec<String>) {
    let mut bodies: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for Sent { source, id, data } in &evidence.on_broker {
        bodies.entry((source, id)).or_default().insert(data);
    }
    for ((source, id), bodies) in bodies.iter().filter(|(_, bodies)| bodies.len() > 1) {
        faults.push(format!("{source} {id} is on the broker in {} bodies", bodies.len()));
    }
}
