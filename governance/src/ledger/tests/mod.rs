//! The ledger as the governor uses it: inputs in, durable replies and a log that verifies out.

mod covering;
mod reading;
mod relaying;
mod sharing;
mod stopping;
mod tampering;
mod writing;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wingman_core::clock::{Clock, Timestamp};
use wingman_core::event::{CloudEvent, extension};
use wingman_core::message::Message;

use super::{Ledger, LedgerOptions};
use crate::contract::{Contracts, Level};
use crate::digest::Digest;
use crate::protocol::id::{HandlerName, WorkerId};
use crate::protocol::input::{
    Arrival, Conclude, Delivered, HandedIn, Input, Intend, Judged, Reply, Run, RunEnding, Started,
};
use crate::protocol::row::Claim;

/// Orders come from outside; one handler turns them into receipts, with a tool that it may use.
const CONTRACTS: &str = r#"
event: Order
version: 1
purpose: Somebody bought something
producer: external
failure_mode: { retry: [30s], then: dead_letter }
---
event: Receipt
version: 1
purpose: The order was paid
producer: [cashier]
---
handler: cashier
consumes: [Order]
emits: [Receipt]
scope: { mission: "Take the money" }
tools: { till: write }
"#;

/// A folder with a ledger, removed at the end.
pub(crate) struct Place {
    folder: PathBuf,
    /// Made by this process, which removes it.
    made: bool,
    pub(super) clock: Clock,
    contracts: Arc<Contracts>,
    events: AtomicU64,
}

impl Place {
    pub(crate) fn new() -> Self {
        let unique = getrandom::u64().unwrap();
        let folder = std::env::temp_dir().join(format!("wingman-ledger-{unique:016x}"));
        std::fs::create_dir(&folder).unwrap();
        let mut place = Self::of(folder);
        place.made = true;
        place
    }

    /// The folder of another process's place.
    pub(super) fn of(folder: PathBuf) -> Self {
        let contracts = Contracts::builder().yaml("test.yaml", CONTRACTS).build().unwrap();
        Self {
            folder,
            made: false,
            clock: Clock::manual(Timestamp::from_millis(1_000_000)),
            contracts: Arc::new(contracts),
            events: AtomicU64::new(0),
        }
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.file("ledger.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.database().display())
    }

    pub(crate) fn options(&self) -> LedgerOptions {
        LedgerOptions {
            create: true,
            clock: self.clock.clone(),
            ..LedgerOptions::new(Arc::clone(&self.contracts))
        }
    }

    pub(crate) async fn open(&self) -> Ledger {
        Ledger::open(&self.url(), self.options()).await.unwrap()
    }

    /// A new order, in a tree of its own.
    pub(crate) fn order(&self) -> CloudEvent {
        let number = self.events.fetch_add(1, Ordering::Relaxed);
        let source = format!("/shop/{}", std::process::id());
        let mut event = CloudEvent::new(format!("order-{number}"), source, "Order").unwrap();
        event.time = Some("2026-11-23T10:00:00Z".parse().unwrap());
        event.with_json(r#"{"cents": 1}"#)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.made {
            // A folder that stays behind does no harm.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

pub(super) fn cashier() -> HandlerName {
    HandlerName { group: "cashier".into(), handler: "cashier".into() }
}

pub(crate) async fn ask(ledger: &Ledger, input: Input) -> Reply {
    ledger.transact(vec![input]).await.unwrap().remove(0)
}

pub(crate) async fn join(ledger: &Ledger) -> Claim {
    let worker = WorkerId(Digest::of(&getrandom::u64().unwrap().to_be_bytes()));
    let reply = ask(ledger, Input::Join { worker, handlers: vec!["cashier".into()] }).await;
    let Reply::Joined(claim) = reply else { panic!("{reply:?}") };
    claim
}

pub(super) fn arrival(claim: Claim, event: &CloudEvent) -> Input {
    Input::Judge(Arrival {
        claim,
        who: cashier(),
        event: Ok(Arc::new(event.clone())),
        delivered: delivered(event),
    })
}

fn delivered(event: &CloudEvent) -> Arc<Delivered> {
    let message = Message::new(event.data.clone().unwrap()).with_key("till-1");
    Arc::new(Delivered { topic: "Order".into(), position: "0".into(), message })
}

pub(super) fn started(reply: Reply) -> Started {
    let Reply::Judged(Judged::Run(started)) = reply else { panic!("{reply:?}") };
    *started
}

pub(crate) async fn start(ledger: &Ledger, claim: Claim, event: &CloudEvent) -> Started {
    started(ask(ledger, arrival(claim, event)).await)
}

pub(super) fn receipt(started: &Started) -> CloudEvent {
    let run = started.run;
    let mut event = CloudEvent::new(format!("{}-0", run.execution), "/cashier", "Receipt").unwrap();
    event.time = started.event.time;
    event.set_extension(extension::CORRELATION, started.event.correlation()).unwrap();
    event.set_extension(extension::CAUSATION, run.execution.to_string()).unwrap();
    event.with_json(r#"{"paid": true}"#)
}

pub(super) fn conclude(started: &Started, ending: RunEnding) -> Input {
    Input::Conclude(Conclude {
        run: started.run,
        ending,
        event: Arc::clone(&started.event),
        delivered: Some(delivered(&started.event)),
        objections: Vec::new(),
    })
}

pub(crate) fn finish(started: &Started) -> Input {
    conclude(
        started,
        RunEnding::Finished {
            outputs: vec![receipt(started)],
            fence: false,
            handed_in: HandedIn::default(),
        },
    )
}

pub(crate) fn intend(run: Run, call: u32) -> Input {
    Input::Intend(Intend {
        run,
        call,
        tool: "till".into(),
        level: Level::Write,
        arguments: format!(r#"{{"call":{call}}}"#),
        can_undo: true,
        before: bytes::Bytes::from_static(b"\0state before"),
    })
}

/// Takes one order through to its receipt.
pub(super) async fn handle_one(place: &Place, ledger: &Ledger, claim: Claim) -> Started {
    let started = start(ledger, claim, &place.order()).await;
    ask(ledger, finish(&started)).await;
    started
}

/// Takes many orders through at once.
pub(super) async fn handle(place: &Place, ledger: &Ledger, claim: Claim, count: usize) {
    let judge = (0..count).map(|_| arrival(claim, &place.order())).collect();
    let replies = ledger.transact(judge).await.unwrap();
    let finish = replies.into_iter().map(|reply| finish(&started(reply))).collect();
    ledger.transact(finish).await.unwrap();
}

/// A connection that may do what nobody should.
pub(crate) fn tamper(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    connection
}
