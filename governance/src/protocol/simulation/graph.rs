//! The contracts that the simulated handlers run under: every rule of the protocol has a handler
//! that provokes it.

use std::time::Duration;

use serde_json::json;

use crate::contract::{
    ChainDigest, CoherenceForm, Contracts, EventContract, FailureMode, HandlerContract,
    KeyAfterFailure, Level, Limits, OrderingKey, OrderingRule, Principal, RollbackKind,
};
use crate::protocol::settings::Settings;

/// Who may approve, who may not, one whose name is that of the handler which proposes, and one who may
/// decide about dead letters and effects.
pub(super) const PEOPLE: [&str; 4] = ["ada", "bob", "intake", "olga"];

/// Short times, so that every wait ends within a run.
pub(super) fn settings() -> Settings {
    Settings {
        worker_lease: Duration::from_millis(1_000),
        hold_max: Duration::from_millis(500),
        parked_max: 60,
        park_deadline: Duration::from_secs(8),
        undo_attempts_max: 3,
        undo_retry: Duration::from_millis(200),
        ..Settings::default()
    }
}

pub(super) fn contracts() -> Contracts {
    let digest = ChainDigest { from: "source".to_owned(), out: "out".to_owned() };
    contracts_with(&["Order", "Prepared", "Approved", "Shipped"], Some(digest))
}

/// The contracts with another chain before the notifier.
pub(super) fn contracts_with(chain: &[&str], digest: Option<ChainDigest>) -> Contracts {
    contracts_of(chain, digest, Some(CoherenceForm::Full))
}

/// The contracts with another form of coherence asked of the auditor.
pub(super) fn contracts_asking(form: Option<CoherenceForm>) -> Contracts {
    contracts_of(&["Order", "Prepared", "Approved", "Shipped"], None, form)
}

fn contracts_of(
    chain: &[&str],
    digest: Option<ChainDigest>,
    form: Option<CoherenceForm>,
) -> Contracts {
    let chain = OrderingRule::Chain {
        types: chain.iter().map(|step| (*step).to_owned()).collect(),
        key: OrderingKey::from("order"),
        digest,
    };
    let builder = events(Contracts::builder());
    handlers(builder, chain, form).build().expect("the graph is sound")
}

fn events(mut builder: crate::contract::ContractsBuilder) -> crate::contract::ContractsBuilder {
    for name in ["Order", "Tick", "Open", "Close", "Work"] {
        let mut event = event(name).external();
        if name == "Work" {
            let schema = json!({ "type": "object", "required": ["job"] });
            event = event.input_schema(schema).rollback(RollbackKind::Compensatable);
        }
        if name == "Order" {
            let schema = json!({ "type": "object", "required": ["order"] });
            event = event.audit_artifact("order-sheet", schema);
        }
        builder = builder.event(event);
    }
    let owned: [(&str, &[&str]); 10] = [
        ("Prepared", &["intake"]),
        ("Approved", &["desk"]),
        ("Blocked", &["desk"]),
        ("Shipped", &["spender", "auditor"]),
        ("ShipRefused", &["spender"]),
        ("WorkDone", &["flaky", "child"]),
        ("WorkFailed", &["flaky"]),
        ("ChildRefused", &["child"]),
        ("RollbackPlan", &["undoer"]),
        ("Noted", &["auditor"]),
    ];
    for (name, producers) in owned {
        let event = producers.iter().fold(event(name), |event, producer| event.producer(producer));
        builder = builder.event(event);
    }
    builder
}

fn event(name: &str) -> EventContract {
    // The second retry is longer than a hold, so it parks.
    let retry = [50, 900, 50].map(Duration::from_millis).to_vec();
    EventContract::new(name, 1).failure_mode(FailureMode { retry, key: KeyAfterFailure::Continue })
}

fn handlers(
    builder: crate::contract::ContractsBuilder,
    chain: OrderingRule,
    form: Option<CoherenceForm>,
) -> crate::contract::ContractsBuilder {
    let precedence =
        OrderingRule::Precedence { after: "Open".to_owned(), key: OrderingKey::from("account") };
    let sequence = OrderingRule::Sequence { key: OrderingKey::from("stream") };
    let shallow = Limits { depth: 3, ..Limits::default() };
    let handler = HandlerContract::new;
    let all = [
        handler("intake")
            .consumes("Order")
            .emits("Prepared")
            .tool("stock.reserve", Level::Write)
            .tool("stock.look", Level::Read),
        handler("desk").consumes("Prepared").emits("Approved").emits("Blocked").approval(
            "/plan",
            "approver",
            Duration::from_secs(9),
        ),
        handler("spender")
            .consumes("Approved")
            .emits("Shipped")
            .emits("ShipRefused")
            .refusal("ShipRefused")
            .requires_approval("/plan_digest")
            .tool("pay.charge", Level::Write),
        handler("notifier").consumes("Shipped").tool("mail.send", Level::Write).ordering(chain),
        HandlerContract {
            coherence: form,
            ..handler("auditor")
                .consumes("Prepared")
                .consumes("Blocked")
                .emits("Noted")
                .emits("Shipped")
        },
        handler("sequencer").consumes("Tick").tool("disk.write", Level::Write).ordering(sequence),
        handler("clerk")
            .consumes("Open")
            .consumes("Close")
            .tool("disk.write", Level::Write)
            .ordering(precedence),
        handler("flaky")
            .consumes("Work")
            .emits("WorkDone")
            .emits("WorkFailed")
            .tool("mail.send", Level::Write)
            .tool("disk.write", Level::Write),
        handler("child")
            .consumes("WorkDone")
            .consumes("ChildRefused")
            .emits("WorkDone")
            .emits("ChildRefused")
            .refusal("ChildRefused")
            .tool("disk.write", Level::Write)
            .tool("mail.send", Level::Write)
            .limits(shallow)
            .coherence(CoherenceForm::Fast),
        handler("undoer").consumes("WorkFailed").emits("RollbackPlan"),
    ];
    let builder = all.into_iter().fold(builder, |builder, contract| builder.handler(contract));
    PEOPLE.into_iter().fold(builder, |builder, name| {
        let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        let person = Principal::new(name, key).expect("a public key");
        let role = match name {
            "bob" => "guest",
            "olga" => "operator",
            _ => "approver",
        };
        builder.principal(person.role(role))
    })
}
