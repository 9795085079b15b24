//! A contract proposed from what was observed: enforced, it refuses nothing of that, and what was never
//! seen it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use wingman_core::handler::{Failure, Incoming};
use wingman_governance::contract::{Contracts, EventContract, HandlerContract, Level};
use wingman_governance::ledger::Reader;
use wingman_governance::permission::{Call, Probed, Tool, ToolError, Tools};
use wingman_governance::proposal::Proposal;
use wingman_governance::protocol::row::{Execution, Phase};
use wingman_governance::{Governor, Mode};

use crate::world::{Asked, Counting, Told, World, asked, until, until_settled};

/// A question for which another tool is called than for all others.
const ODD: u32 = 99;

struct Scene {
    world: World,
    calls: Arc<AtomicU32>,
}

impl Scene {
    /// An actor whose contract forgets its tool and what it emits, and allows what it never does.
    fn new() -> Self {
        let actor = HandlerContract::new("actor")
            .mission("Act")
            .consumes("Asked")
            .tool("never", Level::Admin)
            .disallow("count");
        let contracts = Contracts::builder()
            .event(EventContract::new("Asked", 1).purpose("Q").external())
            .event(EventContract::new("Told", 1).purpose("A").producer("listener"))
            .handler(actor)
            .handler(HandlerContract::new("listener").mission("Listen").consumes("Told"));
        Self { world: World::with(contracts.build().unwrap()), calls: Arc::default() }
    }

    fn governor(&self, contracts: Arc<Contracts>) -> Governor {
        let act = move |asked: Incoming<Asked>, tools: Tools| async move {
            let tool = if asked.question == ODD { "odd" } else { "count" };
            tools.call(tool, json!({ "step": 1 })).await.map_err(Failure::structural)?;
            Ok::<_, Failure>(Told { answer: asked.question })
        };
        Governor::around(self.world.bus(), &self.world.url())
            .contracts(contracts)
            .tool("count", Counting(Arc::clone(&self.calls)))
            .tool("odd", Counting(Arc::clone(&self.calls)))
            .tool("never", Counting(Arc::clone(&self.calls)))
            .handle("actor", act)
            .handle("listener", |_: Incoming<Told>| async {})
    }
}

fn of_actor(reader: &Reader, tree: &str) -> Option<Execution> {
    reader.executions_in(tree).unwrap().into_iter().find(|it| &*it.who.handler == "actor")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_seen_runs_and_what_was_never_seen_is_refused() {
    let scene = Scene::new();
    let declared = Arc::clone(&scene.world.contracts);
    let observing = scene.governor(Arc::clone(&declared)).mode(Mode::Observe);
    let running = observing.start().await.unwrap();
    let reader = running.ledger().reader();
    running.publish(asked("1", 7)).await.unwrap();
    until("it ran", || scene.calls.load(Ordering::SeqCst) == 1).await;
    until_settled(&reader).await;
    running.stop().await;

    let proposal = Proposal::read(&reader, &declared, None, &mut |_| {}).unwrap();
    let actor = &proposal.handlers()["actor"];
    let tools: Vec<_> = actor.contract.granted().collect();
    assert_eq!(tools, [("count", Level::Write)]);
    let (limits, emits) = (actor.contract.limits, &actor.contract.emits);
    assert_eq!((limits.depth, limits.fanout, emits.len()), (1, 1, 1));
    let started = &actor.seen.consumed["Asked"];
    let stamps = reader.stamps(None, started.first, 1).unwrap();
    assert_eq!((started.count, stamps[0].kind.as_str()), (1, "started"));
    assert!(stamps[0].text.contains("\nhandler actor\n"), "{stamps:?}");
    let called = actor.seen.tools["count"].calls.first;
    let intended = &reader.stamps(None, called, 1).unwrap()[0];
    assert!(intended.text.contains("\ntool count\n"), "{intended:?}");

    let enforced = proposal.contracts().unwrap();
    assert_eq!(enforced.lint(), []);
    let running = scene.governor(Arc::new(enforced)).start().await.unwrap();
    for (id, question) in [("2", 8), ("3", ODD)] {
        running.publish(asked(id, question)).await.unwrap();
    }
    let phase = |id: &str| of_actor(&reader, id).map(|it| it.phase);
    until("both have an outcome", || {
        ["2", "3"].iter().all(|id| phase(id).is_some_and(|it| it.is_outcome()))
    })
    .await;
    assert_eq!(phase("2"), Some(Phase::Finished));
    assert!(matches!(phase("3"), Some(Phase::DeadLettered { .. })), "{:?}", phase("3"));
    let letter = reader.dead_letters(10).unwrap().remove(0);
    assert!(format!("{letter:?}").contains("odd is not in scope"), "{letter:?}");
    assert_eq!(scene.calls.load(Ordering::SeqCst), 2, "the odd call was not made");
    running.stop().await;
}

/// Starts, lets the actor finish with one question, and stops.
async fn run_once(governor: Governor, id: &str) {
    let running = governor.start().await.unwrap();
    running.publish(asked(id, 7)).await.unwrap();
    let reader = running.ledger().reader();
    let finished = || of_actor(&reader, id).is_some_and(|it| it.phase == Phase::Finished);
    until("it ran", finished).await;
    running.stop().await;
}

/// A tool that needs another level in each version of its program.
struct Versioned(Level);

#[async_trait]
impl Tool for Versioned {
    fn level(&self) -> Level {
        self.0
    }

    fn can_undo(&self) -> bool {
        false
    }

    async fn before(&self, _: &Value) -> Result<Bytes, ToolError> {
        Ok(Bytes::new())
    }

    async fn call(&self, _: Call<'_>) -> Result<Value, ToolError> {
        Ok(json!(null))
    }

    async fn probe(&self, _: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(Probed::Undecidable)
    }

    async fn undo(&self, _: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        Err(ToolError::NotDone("it cannot be undone".to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_is_granted_at_the_highest_level_that_it_was_called_at() {
    let scene = Scene::new();
    let declared = Arc::clone(&scene.world.contracts);
    for (id, level) in [("1", Level::Read), ("2", Level::Delete), ("3", Level::Write)] {
        let governor = scene.governor(Arc::clone(&declared)).mode(Mode::Observe);
        run_once(governor.tool("count", Versioned(level)), id).await;
    }
    let reader = Reader::open(&scene.world.url()).unwrap();
    let proposal = Proposal::read(&reader, &declared, Some("actor"), &mut |_| {}).unwrap();
    let actor = &proposal.handlers()["actor"];
    assert_eq!(actor.contract.granted().collect::<Vec<_>>(), [("count", Level::Delete)]);
    let used = &actor.seen.tools["count"];
    assert_eq!(used.calls.count, 3);
    assert_eq!(Vec::from_iter(&used.undo), [&"irreversible", &"nothing to undo"]);
    assert_eq!(proposal.handlers().len(), 1, "only the one that was asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lacked_or_is_no_name_widens_nothing() {
    const FORGED: &str = "never\nlevel delete";
    let scene = Scene::new();
    let declared = Arc::clone(&scene.world.contracts);
    for (id, has_it) in [("1", false), ("2", true), ("3", false)] {
        let act = |_: Incoming<Asked>, tools: Tools| async move {
            for name in ["late", FORGED] {
                // Whether it is there is not this handler's concern.
                let _ = tools.call(name, json!({})).await;
            }
            Ok::<_, Failure>(Told { answer: 1 })
        };
        let governor = Governor::around(scene.world.bus(), &scene.world.url())
            .contracts(Arc::clone(&declared))
            .mode(Mode::Observe)
            .handle("actor", act)
            .handle("listener", |_: Incoming<Told>| async {});
        let governor = match has_it {
            true => governor.tool("late", Versioned(Level::Write)),
            false => governor,
        };
        run_once(governor, id).await;
    }
    let reader = Reader::open(&scene.world.url()).unwrap();
    let proposal = Proposal::read(&reader, &declared, Some("actor"), &mut |_| {}).unwrap();
    let actor = &proposal.handlers()["actor"];
    assert_eq!(actor.contract.granted().collect::<Vec<_>>(), [("late", Level::Write)]);
    let called: Vec<_> =
        actor.seen.tools.iter().map(|(it, used)| (&**it, used.calls.count)).collect();
    assert_eq!(called, [("\"never\\nlevel delete\"", 3), ("late", 3)]);
    let stamps = reader.stamps(None, 0, 1_000).unwrap();
    assert!(stamps.iter().flat_map(|it| it.text.lines()).all(|line| line != "level delete"));
}
