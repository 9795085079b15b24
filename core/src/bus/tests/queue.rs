//! A team's queue with plain JSON on it: used under its own name, and never made.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::fake::{Fake, FakeTransport};
use super::{Seen, within};
use crate::bus::{Bus, Place, SubscriptionOptions};
use crate::error::{Error, Kind};
use crate::event::{CloudEvent, Event};
use crate::handler::{Failure, Incoming, IntoHandler as _};
use crate::message::Message;
use crate::name::{GroupName, Namespace, TopicName};
use crate::testing::TestBus;
use crate::transport::{StartPosition, Support};

#[derive(Serialize, Deserialize, Event)]
struct Order {
    id: u32,
}

fn orders() -> TopicName {
    TopicName::existing("orders").unwrap()
}

async fn refused(bus: &Bus) -> Error {
    within(bus.run_until(std::future::pending::<()>())).await.unwrap_err()
}

#[tokio::test]
async fn plain_json_is_handled_under_the_teams_own_names() {
    let test = TestBus::new();
    let admin = test.bus().transport().admin().unwrap();
    admin.create_topic(&TopicName::new("orders").unwrap()).await.unwrap();
    let team = GroupName::existing("billing v2").unwrap();
    admin.create_group(&orders(), &team, StartPosition::Earliest).await.unwrap();
    // No namespace stands before what is the team's.
    let bus = test.bus().clone().namespace(Namespace::new("ours").unwrap());
    let seen = Seen::default();
    let note = seen.clone();
    let bill = move |event: Arc<CloudEvent>, order: Incoming<Order>| {
        note.note(format!("{} {} {}", event.id(), event.source(), order.id));
        async {}
    };
    bus.queue("orders").json::<Order>().group("billing v2").handle("bill", bill);
    for body in ["{\"id\":7}", "{\"id\":8}", "no"] {
        bus.publish_message(&orders(), Message::new(body)).await.unwrap();
    }
    let dead_letters = bus.dead_letters_of(&orders()).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let program = tokio::spawn(async move { bus.run_until(stopped).await });
    within(async {
        while seen.all().len() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    test.until_idle().await;
    stop.send(()).unwrap();
    within(program).await.unwrap().unwrap();
    // What we make of it is ours, and others who consume the queue have their own.
    assert_eq!(dead_letters.as_str(), "ours.orders.dead-letters");
    let letters = test.messages(&dead_letters).await.unwrap();
    assert_eq!(letters.iter().map(|it| &it.payload[..]).collect::<Vec<_>>(), [b"no"]);
    let source = "/queues/orders";
    let expected = [7, 8].map(|id| format!("orders/0/{}-0 {source} {id}", id - 7));
    let mut all = seen.all();
    all.sort();
    assert_eq!(all, expected);
    assert_eq!(admin.lag(&orders(), &team).await.unwrap(), Some(0));
    let groups = admin.inspect(&orders()).await.unwrap().unwrap().groups;
    assert_eq!(groups, Some(vec![team]), "and no other group was made");
}

#[tokio::test]
async fn a_declared_key_makes_the_lanes() {
    let test = TestBus::new();
    let admin = test.bus().transport().admin().unwrap();
    admin.create_topic(&TopicName::new("orders").unwrap()).await.unwrap();
    let bus = test.bus();
    let seen = Seen::default();
    let note = seen.clone();
    // The first of key 1 fails until it is given up: the second may not pass it, key 2 may.
    let handler = move |event: Arc<CloudEvent>, order: Incoming<Order>| {
        note.note(format!("{} {}", order.id, event.id()));
        let fails = event.id().ends_with("/0-0");
        async move { if fails { Err(Failure::environmental("busy")) } else { Ok(()) } }
    };
    bus.queue("orders").json::<Order>().key(Place::Pointer("/id".into())).handle("h", handler);
    for id in [1, 1, 2] {
        let message = Message::new(format!("{{\"id\":{id}}}"));
        bus.publish_message(&orders(), message).await.unwrap();
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let running = bus.clone();
    let program = tokio::spawn(async move { running.run_until(stopped).await });
    within(async {
        while seen.all().len() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    test.until_idle().await;
    let all = seen.all();
    stop.send(()).unwrap();
    within(program).await.unwrap().unwrap();
    assert_eq!(all, ["1 orders/0/0-0", "2 orders/0/2-0"]);
}

#[tokio::test]
async fn what_cannot_work_is_an_error_of_the_start() {
    let take = |_: Incoming<Order>| async {};
    let test = TestBus::new();
    let bus = test.bus();
    bus.queue("gone").json::<Order>().handle("h", take);
    let error = refused(bus).await;
    assert_eq!((error.kind(), error.context("topic")), (Kind::NotFound, Some("gone")));
    let made = bus.transport().admin().unwrap();
    let gone = TopicName::existing("gone").unwrap();
    assert_eq!(made.inspect(&gone).await.unwrap(), None, "a team's queue is never made");

    bus.queue("q").id(Place::Key).json::<Order>().handle("h", take);
    assert_eq!(refused(bus).await.context("declared"), Some("id"));
    bus.queue("q").bytes("Paid", "application/avro").handle("h", take);
    assert_eq!(refused(bus).await.context("carries"), Some("Paid"));
    bus.queue("q").json::<Order>().id(Place::Fixed("1".into())).handle("h", take);
    assert!(refused(bus).await.to_string().contains("all messages are one event"));
    bus.queue("q").json::<Order>().id(Place::Pointer("id".into())).handle("h", take);
    assert!(refused(bus).await.to_string().contains("slash"));
    let bytes = bus.queue("q").bytes("Order", "application/avro");
    bytes.id(Place::Pointer("/id".into())).handle("h", take);
    assert!(refused(bus).await.to_string().contains("needs JSON"));
    bus.queue("a\nb").json::<Order>().handle("h", take);
    assert_eq!(refused(bus).await.kind(), Kind::InvalidName);
}

#[tokio::test]
async fn a_broker_without_positions_that_stay_asks_for_the_id() {
    let mut fake = Fake::new();
    Arc::get_mut(&mut fake).unwrap().stable_position = Support::Unsupported;
    let bus = Bus::new(FakeTransport::over(&fake));
    bus.queue("q").json::<Order>().handle("h", |_: Incoming<Order>| async {});
    let error = refused(&bus).await;
    assert_eq!(error.kind(), Kind::Unsupported);
    assert!(error.to_string().contains("amqp:message-id"), "{error}");
}

#[tokio::test]
async fn one_group_of_a_team_may_take_several_topics_and_no_topic_twice() {
    let test = TestBus::new();
    let admin = test.bus().transport().admin().unwrap();
    for topic in ["orders", "refunds"] {
        admin.create_topic(&TopicName::new(topic).unwrap()).await.unwrap();
    }
    let take = |_: Incoming<Order>| async {};
    let bus = test.bus();
    for (queue, handler) in [("orders", "bill"), ("refunds", "refund")] {
        bus.queue(queue).json::<Order>().group("billing").handle(handler, take);
    }
    let handlers = bus.start().await.unwrap();
    drop(handlers);
    for handler in ["bill", "refund"] {
        bus.queue("orders").json::<Order>().group("billing").handle(handler, take);
    }
    let error = refused(bus).await;
    assert_eq!(error.kind(), Kind::Configuration);
    assert_eq!((error.context("handler"), error.context("other")), (Some("refund"), Some("bill")));
    assert!(error.to_string().contains("a group of its own"), "{error}");
}

#[tokio::test]
async fn where_the_queue_is_the_group_it_has_one_handler() {
    let mut fake = Fake::new();
    Arc::get_mut(&mut fake).unwrap().groups_of_existing = Support::Unsupported;
    let bus = Bus::new(FakeTransport::over(&fake));
    let take = |_: Incoming<Order>| async {};
    for handler in ["bill", "pack"] {
        bus.queue("orders").json::<Order>().handle(handler, take);
    }
    let error = refused(&bus).await;
    assert_eq!(error.kind(), Kind::Configuration);
    assert_eq!((error.context("handler"), error.context("other")), (Some("pack"), Some("bill")));
    assert_eq!(error.context("topic"), Some("orders"));
    assert!(error.to_string().contains("a queue, or a subscription, of its own"), "{error}");

    // Subscribed one after the other it is the same mistake; a second member of a group is none.
    let of = |queue: &str, handler: &str| {
        let mut options =
            SubscriptionOptions::new([], bus.group_of(handler).unwrap(), take.into_handler());
        bus.queue(queue).json::<Order>().apply(handler, &mut options).unwrap();
        options
    };
    let bill = within(bus.subscribe(of("orders", "bill"))).await.unwrap();
    let error = within(bus.subscribe(of("orders", "pack"))).await.unwrap_err();
    assert_eq!((error.kind(), error.context("other")), (Kind::Configuration, Some("bill")));
    let replica = within(bus.subscribe(of("orders", "bill"))).await.unwrap();
    let elsewhere = within(bus.subscribe(of("refunds", "pack"))).await.unwrap();
    drop((bill, replica, elsewhere));
    // Who leaves takes nothing more.
    drop(within(bus.subscribe(of("orders", "pack"))).await.unwrap());
}
