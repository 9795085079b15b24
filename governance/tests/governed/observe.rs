//! Mode observe: what would be refused is stamped and happens; what keeps the ledger true is enforced.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use wingman_core::event::CloudEvent;
use wingman_core::handler::{Failure, Incoming};
use wingman_core::message::Message;
use wingman_governance::contract::{Contracts, EventContract, HandlerContract, OrderingRule};
use wingman_governance::ledger::Reader;
use wingman_governance::permission::Tools;
use wingman_governance::protocol::input::Published;
use wingman_governance::protocol::row::{DeadReason, Execution, Phase, Target};
use wingman_governance::{Governor, Mode, Running};

use crate::world::{Asked, Counting, Told, World, asked, event, kinds, smuggle, until};

/// An actor whose contract allows as good as nothing of what it does.
struct Scene {
    world: World,
    calls: Arc<AtomicU32>,
    runs: Arc<AtomicU32>,
}

impl Scene {
    fn new() -> Self {
        let schema = json!({ "type": "object", "required": ["no_such_field"] });
        let order = OrderingRule::Sequence { key: "question".into() };
        let actor = HandlerContract::new("actor").mission("Nothing").consumes("Asked");
        let contracts = Contracts::builder()
            .event(EventContract::new("Asked", 1).purpose("Q").external().input_schema(schema))
            .event(EventContract::new("Told", 1).purpose("A").producer("teller"))
            .handler(actor.ordering(order))
            .handler(
                HandlerContract::new("teller").mission("Tell").consumes("Asked").emits("Told"),
            );
        let world = World::with(contracts.build().unwrap());
        Self { world, calls: Arc::default(), runs: Arc::default() }
    }

    fn governor(&self, mode: Mode) -> Governor {
        let runs = Arc::clone(&self.runs);
        let act = move |asked: Incoming<Asked>, tools: Tools| {
            let runs = Arc::clone(&runs);
            async move {
                tools.call("count", json!({ "step": 1 })).await.map_err(Failure::structural)?;
                runs.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Failure>(Told { answer: asked.question })
            }
        };
        Governor::around(self.world.bus(), &self.world.url())
            .contracts(Arc::clone(&self.world.contracts))
            .mode(mode)
            .tool("count", Counting(Arc::clone(&self.calls)))
            .handle("actor", act)
    }

    async fn observe(&self) -> Running {
        self.governor(Mode::Observe).start().await.unwrap()
    }
}

async fn finished(reader: &Reader) -> Execution {
    let mut found = None;
    until("it finished", || {
        let trees = reader.trees(10).unwrap();
        let all = trees.iter().flat_map(|tree| reader.executions_in(tree).unwrap());
        found = all.into_iter().find(|it| it.phase == Phase::Finished);
        found.is_some()
    })
    .await;
    found.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_would_be_refused_is_stamped_and_happens() {
    let scene = Scene::new();
    let running = scene.observe().await;
    let published = running.publish(asked("1", 7)).await.unwrap();
    assert!(matches!(published, Published::Recorded(_)), "{published:?}");
    let reader = running.ledger().reader();
    let execution = finished(&reader).await;
    let codes: Vec<&str> = execution.would_refuse.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["schema_mismatch", "order", "P-01", "P-01"]);
    let [schema, order, tool, output] = &execution.would_refuse[..] else {
        panic!("{:?}", execution.would_refuse)
    };
    assert!(schema.detail.contains("no_such_field"), "{schema:?}");
    let about = [order, tool, output].map(|it| it.about.as_str());
    assert_eq!(about, ["Asked", "count", "Told"]);
    let told = reader.stamps_of(execution.id, 100).unwrap();
    let would: Vec<_> = told.iter().filter(|stamp| stamp.kind == "would_refuse").collect();
    assert_eq!(would.len(), 4);
    assert!(would.iter().all(|stamp| !stamp.text.contains("no_such_field")), "no free text");
    until("its output left", || kinds(&reader).unwrap().iter().any(|it| it == "emitted")).await;
    assert!(reader.dead_letters(10).unwrap().is_empty());
    let joined = reader.stamps(None, 0, 10).unwrap();
    assert!(joined.iter().any(|stamp| stamp.text.contains("\nmode observe\n")), "{joined:?}");
    running.stop().await;
    assert_eq!((scene.calls.load(Ordering::SeqCst), scene.runs.load(Ordering::SeqCst)), (1, 1));
}

/// The same program, handler and event in the other mode.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enforced_the_same_does_not_even_start() {
    let scene = Scene::new();
    let error = scene.governor(Mode::Enforce).start().await.unwrap_err();
    assert!(error.to_string().contains("it can emit Told"), "{error}");
}

/// R12, T6 and G6 in both modes: provenance, poison, and a person's halt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_the_ledger_true_is_enforced_all_the_same() {
    let world = World::new();
    let running = world.governor().mode(Mode::Observe).start().await.unwrap();
    let reader = running.ledger().reader();
    let forged: CloudEvent = event("forged", "Told", "{\"answer\":1}");
    smuggle(&world, "Told", forged.to_message().unwrap()).await;
    smuggle(&world, "Asked", Message::new(&b"\xff not an event"[..])).await;
    until("both are filed", || reader.dead_letters(10).unwrap().len() == 2).await;
    let reasons: Vec<_> = reader.dead_letters(10).unwrap().iter().map(|it| it.reason).collect();
    assert!(reasons.contains(&DeadReason::Unclaimed) && reasons.contains(&DeadReason::Malformed));
    running.interrupt(Target::All, true, "ada").await.unwrap();
    running.publish(asked("1", 1)).await.unwrap();
    until("it left", || kinds(&reader).unwrap().iter().any(|it| it == "emitted")).await;
    assert_eq!((world.answered(), world.heard()), (0, 0));
    running.interrupt(Target::All, false, "ada").await.unwrap();
    until("it is heard", || world.heard() == 1).await;
    running.stop().await;
}
