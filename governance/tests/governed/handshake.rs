//! P-04: what needs approval runs only after a signed YES of exactly that plan, once (G5).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};
use wingman_core::event::Event;
use wingman_core::handler::{Emit, Incoming};
use wingman_governance::audit::SigningKey;
use wingman_governance::contract::{Contracts, EventContract, HandlerContract};
use wingman_governance::handshake::{Answer, Approver};
use wingman_governance::ledger::LedgerErrorKind;
use wingman_governance::protocol::input::Decided;
use wingman_governance::protocol::row::{Decision, Plan};
use wingman_governance::{Governor, Running};

use crate::people::{key, principal};
use crate::world::{World, event, until, until_settled};

#[derive(Debug, Serialize, Deserialize, Event)]
struct Planned {
    plan: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
struct Agreed {
    plan: String,
}

#[derive(Debug, Serialize, Deserialize, Event)]
struct Declined {
    answer: String,
}

#[derive(Debug, Emit)]
enum Word {
    Agreed(Agreed),
    Declined(Declined),
}

async fn ask(planned: Incoming<Planned>, answer: Answer) -> Word {
    match answer {
        Answer::Yes { .. } => Word::Agreed(Agreed { plan: planned.into_payload().plan }),
        Answer::No { answer, .. } => Word::Declined(Declined { answer }),
        Answer::Expired => Word::Declined(Declined { answer: "expired".to_owned() }),
    }
}

struct Desk {
    world: World,
    running: Running,
    done: Arc<AtomicU32>,
    declined: Arc<AtomicU32>,
    boss: SigningKey,
}

fn contracts(boss: &SigningKey, clerk: &SigningKey, within: std::time::Duration) -> Contracts {
    let act = HandlerContract::new("act").mission("Do").consumes("Agreed");
    let ask = HandlerContract::new("ask").mission("Ask").consumes("Planned");
    Contracts::builder()
        .event(EventContract::new("Planned", 1).purpose("A plan").external())
        .event(EventContract::new("Agreed", 1).purpose("YES").producer("ask"))
        .event(EventContract::new("Declined", 1).purpose("Not YES").producer("ask"))
        .handler(ask.emits("Agreed").emits("Declined").approval("/plan", "approver", within))
        .handler(act.requires_approval("/plan"))
        .handler(HandlerContract::new("note").mission("Note").consumes("Declined"))
        .principal(principal(boss, "approver"))
        .principal(principal(clerk, "clerk"))
        .build()
        .unwrap()
}

impl Desk {
    async fn open(clerk: &SigningKey, within: std::time::Duration) -> Self {
        let boss = key("boss");
        let world = World::with(contracts(&boss, clerk, within));
        let (done, declined): (Arc<AtomicU32>, Arc<AtomicU32>) = Default::default();
        let count = |counter: &Arc<AtomicU32>| {
            let counter = Arc::clone(counter);
            move || counter.fetch_add(1, Ordering::SeqCst)
        };
        let (acted, noted) = (count(&done), count(&declined));
        let running = Governor::around(world.bus(), &world.url())
            .contracts(Arc::clone(&world.contracts))
            .handle("ask", ask)
            .handle("act", move |_: Incoming<Agreed>| {
                acted();
                async {}
            })
            .handle("note", move |_: Incoming<Declined>| {
                noted();
                async {}
            })
            .start()
            .await
            .unwrap();
        Self { world, running, done, declined, boss }
    }

    /// Publishes a plan and returns it once it waits.
    async fn plan(&self, id: &str) -> Plan {
        let event = event(id, "Planned", &format!("{{\"plan\":\"{id}\"}}"));
        self.running.publish(event).await.unwrap();
        let reader = self.running.ledger().reader();
        until("the plan waits", || reader.pending_plans().unwrap().len() == 1).await;
        reader.pending_plans().unwrap().remove(0)
    }

    fn done(&self) -> u32 {
        self.done.load(Ordering::SeqCst)
    }

    fn declined(&self) -> u32 {
        self.declined.load(Ordering::SeqCst)
    }
}

const LONG: std::time::Duration = std::time::Duration::from_secs(600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_signed_yes_of_an_entitled_person_approves_and_only_once() {
    let clerk = key("clerk");
    let desk = Desk::open(&clerk, LONG).await;
    let plan = desk.plan("a").await;
    let stranger = Approver::new("boss", key("boss"));
    let forged = desk.running.decide(stranger.answer(plan.digest, "YES")).await.unwrap_err();
    assert_eq!(forged.kind(), LedgerErrorKind::Refused);
    let clerk = Approver::new("clerk", clerk);
    let wrong_role = desk.running.decide(clerk.answer(plan.digest, "YES")).await.unwrap();
    assert!(matches!(wrong_role, Decided::NotEntitled { .. }), "{wrong_role:?}");
    assert_eq!((desk.done(), desk.declined()), (0, 0));
    let Desk { running, done, boss, world, .. } = desk;
    let boss = Approver::new("boss", boss);
    let taken = running.decide(boss.answer(plan.digest, "YES")).await.unwrap();
    assert!(matches!(taken, Decided::Taken(Decision::Approved { .. })), "{taken:?}");
    until("it is done", || done.load(Ordering::SeqCst) == 1).await;
    let again = running.decide(boss.answer(plan.digest, "NO")).await.unwrap();
    assert!(matches!(again, Decided::Already(Decision::Approved { .. })), "{again:?}");
    until_settled(&running.ledger().reader()).await;
    running.stop().await;
    drop(world);
    assert_eq!(done.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anything_but_yes_declines() {
    for answer in ["ok", "yes", "YES ", ""] {
        let desk = Desk::open(&key("clerk"), LONG).await;
        let plan = desk.plan("a").await;
        let Desk { running, done, declined, boss, world } = desk;
        let boss = Approver::new("boss", boss);
        running.decide(boss.answer(plan.digest, answer)).await.unwrap();
        until("it is declined", || declined.load(Ordering::SeqCst) == 1).await;
        until_settled(&running.ledger().reader()).await;
        running.stop().await;
        drop(world);
        assert_eq!(done.load(Ordering::SeqCst), 0, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_in_time_is_the_only_one_that_counts() {
    let desk = Desk::open(&key("clerk"), std::time::Duration::from_millis(300)).await;
    let plan = desk.plan("a").await;
    until("nobody answered in time", || desk.declined() == 1).await;
    let Desk { running, done, boss, world, .. } = desk;
    let late =
        running.decide(Approver::new("boss", boss).answer(plan.digest, "YES")).await.unwrap();
    assert_eq!(late, Decided::Already(Decision::Expired));
    until_settled(&running.ledger().reader()).await;
    running.stop().await;
    drop(world);
    assert_eq!(done.load(Ordering::SeqCst), 0);
}
