//! The memory transport on a clock that stands still unless moved.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::{MemoryLimits, MemoryTransport};
use crate::clock::{Clock, Timestamp};
use crate::error::Kind;
use crate::message::Message;
use crate::name::{GroupName, TopicName};
use crate::transport::{
    Confirmed, Created, Delivery, Publisher, PublisherOptions, Settle, StartPosition, Subscriber,
    SubscriberOptions, Transport,
};

mod order;

const LEASE: Duration = Duration::from_secs(30);
const BOUND: Duration = Duration::from_secs(10);

struct Desk {
    clock: Clock,
    transport: Arc<MemoryTransport>,
    publisher: Box<dyn Publisher>,
}

impl Desk {
    async fn open(limits: MemoryLimits) -> Self {
        let clock = Clock::manual(Timestamp::from_millis(1_000));
        let transport = MemoryTransport::with_limits(clock.clone(), limits);
        let options = PublisherOptions::default();
        let publisher = transport.publisher(&topic(), options).await.unwrap();
        Self { clock, transport, publisher }
    }

    async fn join(&self, group: &str) -> Box<dyn Subscriber> {
        let options = SubscriberOptions { lease: LEASE, ..SubscriberOptions::default() };
        let group = GroupName::new(group).unwrap();
        self.transport.subscriber(&topic(), &group, options).await.unwrap()
    }

    async fn publish(&self, payloads: &[&'static str]) -> Vec<Result<Confirmed, Kind>> {
        let batch: Vec<_> = payloads.iter().map(|body| Message::new(*body)).collect();
        let results = self.publisher.publish(&batch).await.unwrap();
        let confirmed = |result: crate::Result<crate::transport::Receipt>| {
            result.map(|receipt| receipt.confirmed).map_err(|error| error.kind())
        };
        results.into_iter().map(confirmed).collect()
    }
}

fn topic() -> TopicName {
    TopicName::new("orders").unwrap()
}

fn at_most(max: usize) -> NonZeroUsize {
    NonZeroUsize::new(max).unwrap()
}

/// What is there now.
async fn take(subscriber: &dyn Subscriber, max: usize) -> Vec<Delivery> {
    subscriber.receive(at_most(max), Duration::ZERO).await.unwrap()
}

async fn settle(subscriber: &dyn Subscriber, delivery: &Delivery, how: Settle) -> Option<Kind> {
    let batch = [(delivery.token.clone(), how)];
    let mut results = subscriber.settle(&batch).await.unwrap();
    results.remove(0).err().map(|error| error.kind())
}

fn bodies(deliveries: &[Delivery]) -> Vec<&str> {
    let payloads = deliveries.iter().map(|delivery| &delivery.message.payload);
    payloads.map(|payload| std::str::from_utf8(payload).unwrap()).collect()
}

#[tokio::test]
async fn a_lease_ends_by_the_clock_and_takes_its_token_along() {
    let desk = Desk::open(MemoryLimits::default()).await;
    let (one, two) = (desk.join("billing").await, desk.join("billing").await);
    desk.publish(&["a", "b"]).await;
    let first = take(&*one, 2).await;
    desk.clock.advance(LEASE / 2);
    let extended = one.extend(&[first[1].token.clone()], LEASE).await.unwrap();
    assert!(extended[0].is_ok());
    desk.clock.advance(LEASE / 2 - Duration::from_millis(1));
    assert_eq!(bodies(&take(&*two, 2).await), [""; 0]);
    desk.clock.advance(Duration::from_millis(1));
    let again = take(&*two, 2).await;
    assert_eq!(bodies(&again), ["a"]);
    assert_eq!(again[0].attempt.unwrap().get(), 2);
    assert_eq!(again[0].position, first[0].position);
    assert_eq!(settle(&*one, &first[0], Settle::Ack).await, Some(Kind::StaleLease));
    assert_eq!(settle(&*one, &first[1], Settle::Ack).await, None);
    assert_eq!(settle(&*two, &again[0], Settle::Ack).await, None);
}

#[tokio::test]
async fn a_blocked_receive_wakes_by_publish_by_the_clock_and_by_close() {
    let desk = Desk::open(MemoryLimits::default()).await;
    let (one, two) = (desk.join("billing").await, desk.join("billing").await);
    desk.publish(&["a"]).await;
    let held = take(&*one, 1).await;
    let two: Arc<dyn Subscriber> = two.into();
    let blocked = tokio::spawn({
        let two = two.clone();
        async move { two.receive(at_most(1), Duration::from_secs(3_600)).await }
    });
    tokio::task::yield_now().await;
    desk.clock.advance(LEASE);
    let taken = tokio::time::timeout(BOUND, blocked).await.unwrap().unwrap().unwrap();
    assert_eq!(taken[0].position, held[0].position);

    let blocked = tokio::spawn({
        let two = two.clone();
        async move { two.receive(at_most(1), Duration::from_secs(3_600)).await }
    });
    tokio::task::yield_now().await;
    desk.transport.close().await.unwrap();
    let closed = tokio::time::timeout(BOUND, blocked).await.unwrap().unwrap();
    assert_eq!(closed.unwrap_err().kind(), Kind::Closed);
    assert_eq!(desk.transport.ping().await.unwrap_err().kind(), Kind::Closed);
}

#[tokio::test]
async fn a_retry_keeps_its_floor_and_a_release_does_not_count() {
    let desk = Desk::open(MemoryLimits::default()).await;
    let one = desk.join("billing").await;
    desk.publish(&["a"]).await;
    let first = take(&*one, 1).await;
    assert_eq!(settle(&*one, &first[0], Settle::Release).await, None);
    let second = take(&*one, 1).await;
    assert_eq!(second[0].attempt.unwrap().get(), 1);
    let after = Duration::from_secs(5);
    assert_eq!(settle(&*one, &second[0], Settle::Retry { after }).await, None);
    desk.clock.advance(after - Duration::from_millis(1));
    assert!(take(&*one, 1).await.is_empty());
    desk.clock.advance(Duration::from_millis(1));
    assert_eq!(take(&*one, 1).await[0].attempt.unwrap().get(), 2);
}

#[tokio::test]
async fn a_restart_is_told_once_and_brings_back_what_was_not_settled() {
    let desk = Desk::open(MemoryLimits::default()).await;
    let one = desk.join("billing").await;
    desk.publish(&["a", "b"]).await;
    let before = take(&*one, 2).await;
    assert_eq!(settle(&*one, &before[0], Settle::Ack).await, None);
    desk.transport.restart();
    assert_eq!(settle(&*one, &before[1], Settle::Ack).await, Some(Kind::StaleLease));
    let lost = one.receive(at_most(1), Duration::ZERO).await.unwrap_err();
    assert_eq!(lost.kind(), Kind::Unavailable);
    let again = take(&*one, 2).await;
    assert_eq!(bodies(&again), ["b"]);
    assert_eq!(settle(&*one, &before[1], Settle::Ack).await, Some(Kind::StaleLease));

    desk.transport.stop();
    assert_eq!(desk.transport.ping().await.unwrap_err().kind(), Kind::Unavailable);
    desk.transport.start();
    assert_eq!(desk.publish(&["c"]).await, [Ok(Confirmed::Stored)]);
}

#[tokio::test]
async fn a_stuck_message_does_not_hold_what_was_settled_after_it() {
    let limits =
        MemoryLimits { store_bytes_max: 4 * 300, history_bytes_max: 0, ..MemoryLimits::default() };
    let desk = Desk::open(limits).await;
    let one = desk.join("billing").await;
    desk.publish(&["stuck"]).await;
    take(&*one, 1).await;
    for _ in 0..100 {
        assert_eq!(desk.publish(&["passes"]).await, [Ok(Confirmed::Stored)]);
        let taken = take(&*one, 1).await;
        assert_eq!(settle(&*one, &taken[0], Settle::Ack).await, None);
    }
    let full = desk.publish(&["1", "2", "3", "4", "5"]).await;
    let seen: Vec<_> = full.into_iter().filter_map(Result::err).collect();
    assert_eq!(seen, [Kind::Overloaded, Kind::Overloaded]);
}

#[tokio::test]
async fn history_serves_later_groups_and_gives_way_when_room_is_needed() {
    let limits = MemoryLimits { store_bytes_max: 3 * 300, ..MemoryLimits::default() };
    let desk = Desk::open(limits).await;
    for body in ["a", "b", "c", "d"] {
        assert_eq!(desk.publish(&[body]).await, [Ok(Confirmed::NoGroup)]);
    }
    let one = desk.join("late").await;
    let old = take(&*one, 9).await;
    assert_eq!(bodies(&old).last(), Some(&"d"));
    assert!(old.len() < 4, "the oldest gave way");
    let full = desk.publish(&["e"]).await;
    assert_eq!(full, [Err(Kind::Overloaded)], "what a group needs does not");
}

#[tokio::test]
async fn a_group_that_is_deleted_frees_its_messages_and_may_come_back() {
    let desk = Desk::open(MemoryLimits::default()).await;
    let one = desk.join("billing").await;
    desk.publish(&["a"]).await;
    let held = take(&*one, 1).await;
    let admin = desk.transport.admin().unwrap();
    let billing = GroupName::new("billing").unwrap();
    assert!(admin.delete_group(&topic(), &billing).await.unwrap());
    let missing = one.receive(at_most(1), Duration::ZERO).await.unwrap_err();
    assert_eq!((missing.kind(), missing.context("group")), (Kind::NotFound, Some("billing")));
    let start = StartPosition::Latest;
    let created = admin.create_group(&topic(), &billing, start).await.unwrap();
    assert_eq!(created, Created::Created);
    desk.publish(&["b"]).await;
    assert_eq!(settle(&*one, &held[0], Settle::Ack).await, Some(Kind::StaleLease));
    assert_eq!(bodies(&take(&*one, 9).await), ["b"]);
    assert_eq!(admin.lag(&topic(), &billing).await.unwrap(), Some(0));
}

#[tokio::test]
async fn dropping_a_subscriber_gives_back_what_it_held() {
    let desk = Desk::open(MemoryLimits::default()).await;
    let (one, two) = (desk.join("billing").await, desk.join("billing").await);
    desk.publish(&["a"]).await;
    take(&*one, 1).await;
    drop(one);
    assert_eq!(bodies(&take(&*two, 1).await), ["a"]);
}
