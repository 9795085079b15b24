//! The engine on a real ledger that does not take what it is told.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use wingman_core::bus::Bus;
use wingman_core::clock::Clock;
use wingman_core::memory::MemoryTransport;

use super::engine::round;
use crate::contract::{Contracts, Level};
use crate::governor::Core;
use crate::ledger::tests::{Place, ask, finish, intend, join, start, tamper};
use crate::ledger::{Gaps, Ledger, LedgerOptions};
use crate::permission::{Call, Probed, Tool, ToolError, ToolRegistry};
use crate::protocol::input::{Input, Intended, Reply, Report};
use crate::protocol::row::{EffectState, FenceState};
use crate::protocol::settings::Settings;

/// A tool whose undo works, and leaves the ledger locked by somebody else.
struct Till {
    database: PathBuf,
    undone: Arc<AtomicU32>,
    lock: Arc<Mutex<Option<rusqlite::Connection>>>,
}

#[async_trait]
impl Tool for Till {
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
        Ok(Value::Null)
    }

    async fn probe(&self, _: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(Probed::Undecidable)
    }

    async fn undo(&self, _: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        self.undone.fetch_add(1, Ordering::SeqCst);
        let other = tamper(&self.database);
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        *self.lock.lock().unwrap() = Some(other);
        Ok(())
    }
}

#[tokio::test]
async fn an_outcome_that_the_ledger_did_not_take_is_told_again_and_nothing_is_undone_twice() {
    let place = Place::new();
    let options = LedgerOptions { busy_wait: Duration::from_millis(20), ..place.options() };
    let ledger = Ledger::open(&place.url(), options).await.unwrap();
    let (asked, claim) = (Instant::now(), join(&ledger).await);
    let run = start(&ledger, claim, &place.order()).await;
    let Reply::Intended(Intended::Call(effect)) = ask(&ledger, intend(run.run, 0)).await else {
        panic!("not announced")
    };
    let report = Report::Applied("{}".to_owned());
    ask(&ledger, Input::Report { run: run.run, effect, report }).await;
    ask(&ledger, finish(&run)).await;
    let tree = run.event.correlation();
    ask(&ledger, Input::Fence { tree: tree.into() }).await;

    let (undone, lock) = (Arc::new(AtomicU32::new(0)), Arc::default());
    let till =
        Till { database: place.database(), undone: Arc::clone(&undone), lock: Arc::clone(&lock) };
    let mut tools = ToolRegistry::default();
    tools.add("till", Arc::new(till));
    let bus = Bus::new(MemoryTransport::new(Clock::system()));
    let contracts = Arc::new(Contracts::builder().build().unwrap());
    let (settings, gaps) = (Settings::default(), Gaps::default());
    let core = Core::new(bus, contracts, settings, tools, ledger.clone(), gaps, (claim, asked));
    let reader = ledger.reader();
    let state = || reader.effect(effect).unwrap().unwrap().state;

    let mut handed = VecDeque::new();
    assert!(!round(&core, &mut handed).await, "the ledger takes nothing");
    assert!(matches!(state(), EffectState::Compensating { .. }), "{:?}", state());
    assert!(!round(&core, &mut handed).await, "it still does not");
    drop(lock.lock().unwrap().take());
    assert!(round(&core, &mut handed).await);
    assert_eq!((state(), handed.len()), (EffectState::Compensated, 0));
    assert_eq!(undone.load(Ordering::SeqCst), 1);
    round(&core, &mut handed).await;
    assert_eq!(reader.fence(tree).unwrap().unwrap().state, FenceState::Closed);
}
