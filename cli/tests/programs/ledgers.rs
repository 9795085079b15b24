//! Ledgers that no demo writes: odd texts wherever a program can put them, and a large tree.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wingman_hub::core::clock::Clock;
use wingman_hub::core::memory::MemoryTransport;
use wingman_hub::governance::Mode;
use wingman_hub::governance::contract::{ContractsBuilder, Limits};
use wingman_hub::governance::governor::open_in;
use wingman_hub::governance::permission::{Call, Probed};
use wingman_hub::prelude::*;

use crate::process::Place;

/// Closes what it may stand in, runs, loads, and turns round what follows.
pub(crate) const HOSTILE: &str = "</script></style></textarea>\"'><script>hacked=1</script>\
    <img src=x onerror=hacked=2><b style=color:red>&lt;\u{202e}`${1}`--><!--]]>";

#[derive(Debug, Serialize, Deserialize, Event)]
struct Odd {
    text: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
struct Declined {
    code: String,
    reason: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
struct Part {
    number: u32,
}

#[derive(Debug, Serialize, Deserialize, Event)]
struct Leaf {
    number: u32,
}

/// An event with a key of its own: those of one key are handled one after the other.
struct Keyed<T>(T, u32);

impl<T: wingman_hub::core::event::Event> Emit for Keyed<T> {
    fn emit(self, outputs: &mut Vec<Output>) -> Result<(), Failure> {
        let mut output = Output::of(&self.0).map_err(Failure::structural)?;
        output.partition_key = Some(self.1.to_string());
        outputs.push(output);
        Ok(())
    }

    fn types(types: &mut Vec<&'static str>) {
        types.push(T::TYPE);
    }
}

/// A tool whose result is a text of others.
struct Echo;

#[async_trait]
impl Tool for Echo {
    fn level(&self) -> Level {
        Level::Write
    }

    fn can_undo(&self) -> bool {
        true
    }

    async fn before(&self, _: &Value) -> Result<Bytes, ToolError> {
        Ok(Bytes::from_static(HOSTILE.as_bytes()))
    }

    async fn call(&self, call: Call<'_>) -> Result<Value, ToolError> {
        Ok(json!({ "target": call.arguments["to"], "before": HOSTILE, "after": HOSTILE }))
    }

    async fn probe(&self, _: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(Probed::Undecidable)
    }

    async fn undo(&self, _: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        Ok(())
    }
}

/// Writes a tree whose every text is [`HOSTILE`], its correlation included; only names of contracts are
/// not, because contracts with such names are refused.
pub(crate) async fn hostile(place: &Place) {
    let contracts = built(
        Contracts::builder()
            .event(EventContract::new("Odd", 1).purpose("Odd").external())
            .event(EventContract::new("Declined", 1).purpose("No").producer("declines"))
            .handler(
                HandlerContract::new("declines")
                    .mission("Say no")
                    .consumes("Odd")
                    .emits("Declined")
                    .tool("echo", Level::Write),
            )
            .handler(HandlerContract::new("fails").mission("Fail").consumes("Odd"))
            .handler(HandlerContract::new("oversteps").mission("Ask for more").consumes("Odd")),
    );
    let governor = governor(place, &contracts, Mode::Observe)
        .tool("echo", Echo)
        .handle("declines", |odd: Incoming<Odd>, tools: Tools| async move {
            call(&tools, &odd.text).await?;
            Ok::<_, Failure>(Declined { code: "P-01".to_owned(), reason: odd.text.clone() })
        })
        .handle("fails", |odd: Incoming<Odd>| async move {
            Err::<(), _>(Failure::structural(&odd.text))
        })
        .handle(
            "oversteps",
            |_: Incoming<Odd>, tools: Tools| async move { call(&tools, "").await },
        );
    let mut event = CloudEvent::new(HOSTILE, "/odd", "Odd").unwrap();
    event.set_extension("correlationid", HOSTILE).unwrap();
    let event = event.with_json(json!({ "text": HOSTILE }).to_string());
    settle(governor, &contracts, &["declines", "fails", "oversteps"], event).await;
}

fn built(contracts: ContractsBuilder) -> Arc<Contracts> {
    Arc::new(contracts.build().unwrap())
}

async fn call(tools: &Tools, to: &str) -> Result<(), Failure> {
    tools.call("echo", json!({ "to": to })).await.map(drop).map_err(Failure::structural)
}

/// How often it is looked whether a tree is settled: looking at a large one takes long itself.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Executions of a large tree: one makes parts, each part makes leaves, and each leaf is taken.
pub(crate) const PARTS: u32 = 40;
pub(crate) const LEAVES: u32 = 49;

/// Writes a tree of 1 + 40 + 40 × 49 executions, of which every seventh leaf is refused.
pub(crate) async fn large(place: &Place) {
    let limits = Limits { fanout: 64, ..Limits::default() };
    let contracts = built(
        Contracts::builder()
            .event(EventContract::new("Odd", 1).purpose("Begins").external())
            .event(EventContract::new("Part", 1).purpose("A part").producer("parts"))
            .event(EventContract::new("Leaf", 1).purpose("A leaf").producer("leaves"))
            .handler(
                HandlerContract::new("parts")
                    .mission("Part")
                    .consumes("Odd")
                    .emits("Part")
                    .limits(limits),
            )
            .handler(
                HandlerContract::new("leaves")
                    .mission("Leaf")
                    .consumes("Part")
                    .emits("Leaf")
                    .limits(limits),
            )
            .handler(HandlerContract::new("takes").mission("Take").consumes("Leaf")),
    );
    let taken = Arc::new(AtomicU32::new(0));
    let governor = governor(place, &contracts, Mode::Enforce)
        .handle("parts", |_: Incoming<Odd>| async move {
            (0..PARTS).map(|number| Keyed(Part { number }, number)).collect::<Vec<_>>()
        })
        .handle("leaves", |part: Incoming<Part>| async move {
            let numbers = (0..LEAVES).map(|at| part.number * LEAVES + at);
            numbers.map(|number| Keyed(Leaf { number }, number)).collect::<Vec<_>>()
        })
        .handle("takes", move |leaf: Incoming<Leaf>| {
            taken.fetch_add(1, Ordering::Relaxed);
            async move {
                if leaf.number.is_multiple_of(7) {
                    return Err(Refusal {
                        code: "P-01".into(),
                        reason: "a seventh".to_owned(),
                        output: None,
                    });
                }
                Ok(())
            }
        });
    let event = CloudEvent::new("large", "/large", "Odd").unwrap();
    let event = event.with_json(json!({ "text": "" }).to_string());
    settle(governor, &contracts, &["parts", "leaves", "takes"], event).await;
}

fn governor(place: &Place, contracts: &Arc<Contracts>, mode: Mode) -> Governor {
    std::fs::create_dir_all(place.path("demo")).unwrap();
    let url = format!("sqlite://{}", place.path("demo/ledger.db").display());
    let bus = Bus::new(MemoryTransport::new(Clock::system()).connect());
    Governor::around(bus, &url).contracts(Arc::clone(contracts)).mode(mode)
}

/// Publishes an event and waits, with a bound, until its tree is settled.
async fn settle(governor: Governor, contracts: &Contracts, handlers: &[&str], event: CloudEvent) {
    let running = governor.start().await.unwrap();
    let tree = event.correlation().to_owned();
    running.publish(event).await.unwrap();
    let reader = running.ledger().reader();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let open = open_in(&reader, contracts, handlers, &tree).unwrap();
        if open.is_settled() {
            break;
        }
        assert!(Instant::now() < deadline, "not settled: {open:?}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    running.stop().await;
}
