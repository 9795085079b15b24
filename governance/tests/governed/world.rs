//! One small governed program for all tests: `Asked` comes from outside, `answerer` turns it into
//! `Told`, `listener` takes that.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;
use wingman_core::bus::Bus;
use wingman_core::clock::Clock;
use wingman_core::event::{CloudEvent, Event};
use wingman_core::handler::Incoming;
use wingman_core::memory::MemoryTransport;
use wingman_core::message::Message;
use wingman_governance::contract::{
    Contracts, ContractsBuilder, EventContract, HandlerContract, Level,
};
use wingman_governance::ledger::{LedgerError, Reader};
use wingman_governance::permission::{Call, Probed, Tool, ToolError};
use wingman_governance::{Governor, Running};

/// How long anything may take.
pub(crate) const WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, Serialize, Deserialize, Event)]
pub(crate) struct Asked {
    pub(crate) question: u32,
}

#[derive(Debug, Serialize, Deserialize, Event)]
pub(crate) struct Told {
    pub(crate) answer: u32,
}

/// What runs, where, and what was counted.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) transport: Arc<MemoryTransport>,
    pub(crate) contracts: Arc<Contracts>,
    pub(crate) answered: Arc<AtomicU32>,
    pub(crate) heard: Arc<AtomicU32>,
    /// The answers heard, however often.
    answers: Arc<Mutex<BTreeSet<u32>>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(contracts().build().unwrap())
    }

    pub(crate) fn with(contracts: Contracts) -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            transport: MemoryTransport::new(Clock::system()),
            contracts: Arc::new(contracts),
            answered: Arc::default(),
            heard: Arc::default(),
            answers: Arc::default(),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("ledger.db").display())
    }

    pub(crate) fn bus(&self) -> Bus {
        Bus::new(self.transport.connect())
    }

    /// A governor with both handlers; each call is another process on the same ledger.
    pub(crate) fn governor(&self) -> Governor {
        self.governor_on(self.bus())
    }

    /// The same around another bus.
    pub(crate) fn governor_on(&self, bus: Bus) -> Governor {
        let (answers, heard) = (Arc::clone(&self.answers), Arc::clone(&self.heard));
        let listen = move |told: Incoming<Told>| {
            let heard = Arc::clone(&heard);
            answers.lock().unwrap().insert(told.answer);
            async move {
                heard.fetch_add(1, Ordering::SeqCst);
            }
        };
        self.answerer_on(bus).handle("listener", listen)
    }

    /// A governor with the first handler alone.
    pub(crate) fn answerer_on(&self, bus: Bus) -> Governor {
        let answered = Arc::clone(&self.answered);
        let answer = move |asked: Incoming<Asked>| {
            let answered = Arc::clone(&answered);
            async move {
                answered.fetch_add(1, Ordering::SeqCst);
                Told { answer: asked.question + 1 }
            }
        };
        Governor::around(bus, &self.url())
            .contracts(Arc::clone(&self.contracts))
            .handle("answerer", answer)
    }

    pub(crate) async fn start(&self) -> Running {
        self.governor().start().await.unwrap()
    }

    pub(crate) fn answered(&self) -> u32 {
        self.answered.load(Ordering::SeqCst)
    }

    pub(crate) fn heard(&self) -> u32 {
        self.heard.load(Ordering::SeqCst)
    }

    /// How many different answers were heard: a handler that lost its ledger before the end runs again.
    pub(crate) fn answers(&self) -> usize {
        self.answers.lock().unwrap().len()
    }
}

/// A tool that counts its calls, and returns how many went before.
pub(crate) struct Counting(pub(crate) Arc<AtomicU32>);

#[async_trait]
impl Tool for Counting {
    fn level(&self) -> Level {
        Level::Write
    }

    fn can_undo(&self) -> bool {
        true
    }

    async fn before(&self, _: &Value) -> Result<Bytes, ToolError> {
        Ok(Bytes::new())
    }

    async fn call(&self, _: Call<'_>) -> Result<Value, ToolError> {
        Ok(json!(self.0.fetch_add(1, Ordering::SeqCst)))
    }

    async fn probe(&self, _: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(Probed::Undecidable)
    }

    async fn undo(&self, _: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        Ok(())
    }
}

pub(crate) fn contracts() -> ContractsBuilder {
    let schema = serde_json::json!({
        "type": "object", "required": ["question"],
        "properties": { "question": { "type": "integer", "minimum": 0 } }
    });
    Contracts::builder()
        .event(EventContract::new("Asked", 1).purpose("A question").external().input_schema(schema))
        .event(EventContract::new("Told", 1).purpose("An answer").producer("answerer"))
        .handler(HandlerContract::new("answerer").mission("Answer").consumes("Asked").emits("Told"))
        .handler(HandlerContract::new("listener").mission("Listen").consumes("Told"))
}

/// A question from outside.
pub(crate) fn asked(id: &str, question: u32) -> CloudEvent {
    event(id, "Asked", &format!("{{\"question\":{question}}}"))
}

pub(crate) fn event(id: &str, ty: &str, data: &str) -> CloudEvent {
    let mut event = CloudEvent::new(id, "/test", ty).unwrap().with_json(data.to_owned());
    event.time = Some("2026-11-23T10:00:00Z".parse().unwrap());
    event
}

/// Sends a message past the governor, as anybody with access to the broker can.
pub(crate) async fn smuggle(world: &World, topic: &str, message: Message) {
    let bus = world.bus();
    bus.publish_message(&bus.topic_of(topic).unwrap(), message).await.unwrap();
}

/// Waits, with a bound, until the condition holds; panics with what it was.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + WITHIN;
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until nothing is open on the ledger.
pub(crate) async fn until_settled(reader: &Reader) {
    until("nothing is open", || reader.open_work(None).is_ok_and(|open| open.is_none())).await;
}

/// Kinds of the stamps on the ledger, in order.
pub(crate) fn kinds(reader: &Reader) -> Result<Vec<String>, LedgerError> {
    Ok(reader.stamps(None, 0, 10_000)?.into_iter().map(|stamp| stamp.kind).collect())
}
