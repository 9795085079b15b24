//! Whether the judge can tell: sound evidence passes, and each thing that could go wrong is seen.

use libtest_mimic::{Failed, Trial};

use super::brokers::Sent;
use super::evidence::{Effect, Evidence, Execution, Note, Output, Verb, WorkSent};
use super::judge::judge;

/// What is done to sound evidence, and what the judge must say.
type Doctored = (&'static str, fn(&mut Evidence), &'static str);

const DOCTORED: [Doctored; 16] = [
    ("a call without its effect row", |it| drop(it.effects.remove(0)), "has no effect row"),
    ("a note that is missing", |it| drop(it.notes.remove(0)), "and unnoted"),
    ("a call made twice", |it| it.notes.push(it.notes[0].clone()), "done 2 times"),
    (
        "a call under another key",
        |it| {
            let key = "another".to_owned();
            it.notes.push(Note { key: key.clone(), ..it.notes[0].clone() });
            it.effects.push(Effect { key, ..it.effects[0].clone() });
        },
        "stands 2 times",
    ),
    ("two works of a key at once", |it| it.notes.swap(1, 2), "was acted on while b of k was"),
    ("an undo that never came", |it| drop(it.notes.pop()), "undone 0"),
    ("an undo before its do", |it| it.notes.swap(2, 3), "done after it was undone"),
    ("a fence that is not closed", |it| it.closed_fences.clear(), "is not undone"),
    (
        "an execution that finished twice",
        |it| it.outcome_stamps.values_mut().for_each(|count| *count = 2),
        "2 outcome stamps",
    ),
    ("an execution that is lost", |it| drop(it.executions.remove(0)), "never acted on"),
    ("an event that the ledger forgot", |it| it.works[0].promises = 2, "recorded 2 times"),
    ("an output that did not leave", |it| drop(it.on_broker.pop()), "not on the broker"),
    (
        "a withheld output that left",
        |it| it.outputs[0].state = "withheld".to_owned(),
        "not recorded as published",
    ),
    (
        "an output of an attempt that was fenced off",
        |it| it.on_broker.push(Sent { data: "by another".to_owned(), ..it.on_broker[1].clone() }),
        "not recorded as published",
    ),
    (
        "an output of two attempts that both were recorded",
        |it| {
            let other = Sent { data: "by another".to_owned(), ..it.on_broker[1].clone() };
            it.outputs.push(Output { sent: other.clone(), ..it.outputs[0].clone() });
            it.on_broker.push(other);
        },
        "on the broker in 2 bodies",
    ),
    (
        "an output that nobody handled",
        |it| it.executions.retain(|it| it.handler != "close"),
        "never handled by close",
    ),
];

pub(super) fn trials() -> Vec<Trial> {
    let doctored = DOCTORED.into_iter().map(|(name, doctor, said)| {
        Trial::test(format!("judge::sees {name}"), move || {
            let mut evidence = sound();
            doctor(&mut evidence);
            let faults = judge(&evidence);
            let seen = faults.iter().any(|fault| fault.contains(said));
            seen.then_some(()).ok_or_else(|| Failed::from(format!("{said:?} is not in {faults:?}")))
        })
    });
    let passes = Trial::test("judge::passes what is sound", || match judge(&sound()) {
        faults if faults.is_empty() => Ok(()),
        faults => Err(Failed::from(faults.join("\n"))),
    });
    doctored.chain([passes]).collect()
}

fn sent(source: &str, id: &str, data: &str) -> Sent {
    Sent { source: source.to_owned(), id: id.to_owned(), data: data.to_owned() }
}

/// One work that was done and one that was declined.
fn sound() -> Evidence {
    let work = |id: &str, declined| WorkSent {
        id: id.to_owned(),
        key: "k".to_owned(),
        declined,
        promises: 1,
    };
    let note = |verb, tool: &str, key: &str, work: &str| Note {
        verb,
        tool: tool.to_owned(),
        key: key.to_owned(),
        work: work.to_owned(),
    };
    let execution = |id: &str, handler: &str, event: &str, tree: &str| Execution {
        id: id.to_owned(),
        handler: handler.to_owned(),
        event: event.to_owned(),
        tree: tree.to_owned(),
        ended: true,
    };
    let effect = |key: &str, tool: &str, state: &str| Effect {
        key: key.to_owned(),
        tool: tool.to_owned(),
        state: state.to_owned(),
    };
    let executions = vec![
        execution("1", "act", "a", "a"),
        execution("2", "close", "done", "a"),
        execution("3", "act", "b", "b"),
    ];
    Evidence {
        works: vec![work("a", false), work("b", true)],
        foreign: vec![sent("/kills", "b", "work")],
        notes: vec![
            note(Verb::Do, "stock.reserve", "1-0", "a"),
            note(Verb::Do, "card.charge", "1-1", "a"),
            note(Verb::Do, "stock.reserve", "3-0", "b"),
            note(Verb::Undo, "stock.reserve", "3-0", "b"),
        ],
        outcome_stamps: executions.iter().map(|it| (it.id.clone(), 1)).collect(),
        abandoned: 0,
        executions,
        effects: vec![
            effect("1-0", "stock.reserve", "applied"),
            effect("1-1", "card.charge", "applied"),
            effect("3-0", "stock.reserve", "compensated"),
            effect("3-1", "card.charge", "void"),
        ],
        outputs: vec![Output {
            event: "done".to_owned(),
            sent: sent("/wingman/act", "1-0", "by the first"),
            state: "published".to_owned(),
            consumers: vec!["close".to_owned()],
        }],
        closed_fences: ["b".to_owned()].into(),
        unsound: Vec::new(),
        on_broker: vec![sent("/kills", "b", "work"), sent("/wingman/act", "1-0", "by the first")],
        joined: 1,
    }
}
