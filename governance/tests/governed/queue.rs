//! Plain JSON on a team's queue, governed: one identity for each message, and only external types.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use wingman_core::Kind;
use wingman_core::bus::{Bus, Place};
use wingman_core::handler::Incoming;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_governance::contract::HandlerContract;
use wingman_governance::protocol::row::DeadReason;
use wingman_governance::{Governor, Running, StartError};

use crate::world::{Asked, Told, World, contracts, kinds, until, until_settled};

/// What the team calls it.
const QUEUE: &str = "legacy-questions";

fn queue_of(world: &World) -> (Bus, TopicName) {
    (world.bus(), TopicName::existing(QUEUE).unwrap())
}

fn governor(world: &World, answered: &Arc<AtomicU32>) -> Governor {
    let (bus, _) = queue_of(world);
    let queue = bus.queue(QUEUE).json::<Asked>();
    let answered = Arc::clone(answered);
    Governor::around(bus, &world.url()).contracts(Arc::clone(&world.contracts)).handle_on(
        &queue,
        "answerer",
        move |asked: Incoming<Asked>| {
            answered.fetch_add(1, Ordering::SeqCst);
            async move { Told { answer: asked.question } }
        },
    )
}

async fn settled(running: &Running, what: &str, holds: impl Fn() -> bool) {
    until(what, holds).await;
    until_settled(&running.ledger().reader()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_one_execution_however_often_it_comes() {
    let world = World::new();
    let (bus, topic) = queue_of(&world);
    let admin = bus.transport().admin().unwrap();
    admin.create_topic(&TopicName::new(QUEUE).unwrap()).await.unwrap();
    // Two that say the same are two questions.
    for body in ["{\"question\":7}", "{\"question\":7}", "no"] {
        bus.publish_message(&topic, Message::new(body)).await.unwrap();
    }
    let answered = Arc::new(AtomicU32::new(0));
    let running = governor(&world, &answered).start().await.unwrap();
    let reader = running.ledger().reader();
    settled(&running, "two are answered and one is filed", || {
        answered.load(Ordering::SeqCst) == 2 && reader.dead_letters(10).unwrap().len() == 1
    })
    .await;
    assert_eq!(reader.dead_letters(10).unwrap()[0].reason, DeadReason::Malformed);
    running.stop().await;
    let stamps = kinds(&reader).unwrap().len();

    // The team has its group begin anew, and everything comes again. Only the team can: by its own name.
    let group = GroupName::existing("answerer").unwrap();
    let refused = admin.delete_group(&topic, &group).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unsupported);
    assert!(admin.delete_group(&TopicName::new(QUEUE).unwrap(), &group).await.unwrap());
    let running = governor(&world, &answered).start().await.unwrap();
    running.subscriptions()[0].wait_until(|status| status.counts.acked == 3).await;
    assert_eq!(answered.load(Ordering::SeqCst), 2, "their outcome is known");
    running.stop().await;
    let again: Vec<_> = kinds(&reader).unwrap().split_off(stamps);
    assert!(!again.iter().any(|kind| *kind == "started"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_a_message_says_itself_is_its_identity() {
    let world = World::new();
    let (bus, topic) = queue_of(&world);
    let admin = bus.transport().admin().unwrap();
    admin.create_topic(&TopicName::new(QUEUE).unwrap()).await.unwrap();
    for body in ["{\"question\":7}", "{\"question\":7}", "{\"question\":8}"] {
        bus.publish_message(&topic, Message::new(body)).await.unwrap();
    }
    let count = Arc::new(AtomicU32::new(0));
    let answered = Arc::clone(&count);
    let queue = bus.queue(QUEUE).json::<Asked>().id(Place::Pointer("/question".into()));
    let governor = Governor::around(bus, &world.url()).contracts(Arc::clone(&world.contracts));
    let governor = governor.handle_on(&queue, "answerer", move |asked: Incoming<Asked>| {
        answered.fetch_add(1, Ordering::SeqCst);
        async move { Told { answer: asked.question } }
    });
    let running = governor.start().await.unwrap();
    running.subscriptions()[0].wait_until(|status| status.counts.acked == 3).await;
    assert_eq!(count.load(Ordering::SeqCst), 2, "the second is the first, sent again");
    running.stop().await;
}

#[tokio::test]
async fn a_queue_whose_type_is_not_external_does_not_start() {
    let world = World::new();
    let (bus, _) = queue_of(&world);
    let asked = bus.queue(QUEUE).json::<Asked>();
    let told = bus.queue(QUEUE).json::<Told>();
    for (queue, part) in [(told, "producer: external"), (asked, "carries Asked alone")] {
        let governor = Governor::around(world.bus(), &world.url());
        let governor = governor.contracts(Arc::clone(&world.contracts));
        let started = governor.handle_on(&queue, "listener", |_: Incoming<Told>| async {});
        let Err(error) = started.start().await else { panic!("it started") };
        assert!(matches!(&error, StartError::Handler { handler, .. } if handler == "listener"));
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn two_handlers_of_one_group_of_a_queue_do_not_start() {
    let auditor = HandlerContract::new("auditor").mission("Audit").consumes("Asked");
    let world = World::with(contracts().handler(auditor).build().unwrap());
    let (bus, _) = queue_of(&world);
    let admin = bus.transport().admin().unwrap();
    admin.create_topic(&TopicName::new(QUEUE).unwrap()).await.unwrap();
    let take = |_: Incoming<Asked>| async {};
    let of = |group: &str| bus.queue(QUEUE).json::<Asked>().group(group);
    let governor = |other: &str| {
        Governor::around(bus.clone(), &world.url())
            .contracts(Arc::clone(&world.contracts))
            .handle_on(&of("team"), "answerer", |asked: Incoming<Asked>| async move {
                Told { answer: asked.question }
            })
            .handle_on(&of(other), "auditor", take)
    };
    let Err(StartError::Bus(error)) = governor("team").start().await else { panic!("it started") };
    assert_eq!(error.kind(), Kind::Configuration);
    assert_eq!(
        (error.context("handler"), error.context("other")),
        (Some("auditor"), Some("answerer"))
    );
    governor("audit").start().await.unwrap().stop().await;
}
