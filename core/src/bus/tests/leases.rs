//! Lease keep-alive, and what happens to deliveries whose lease is lost.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::fake::{Fake, FakeTransport};
use super::{Job, PATIENCE, Seen, job, publish_jobs, within};
use crate::bus::{Bus, BusOptions, Subscription, SubscriptionOptions};
use crate::handler::{Handler, Incoming, IntoHandler};
use crate::testing::TestBus;
use crate::transport::Settle;

#[tokio::test]
async fn a_slow_handler_keeps_its_lease() {
    let bus = TestBus::new();
    let clock = bus.clock().clone();
    let seen = Seen::default();
    let note = seen.clone();
    let handler = move |job: Incoming<Job>| {
        note.note(job.number.to_string());
        let clock = clock.clone();
        async move { clock.sleep(Duration::from_secs(600)).await }
    };
    let subscription = bus.subscribe("worker", handler).await.unwrap();
    publish_jobs(&bus, &[("a", 1), ("a", 2)]).await;
    within(subscription.wait_until(|status| status.counts.queued == 1)).await;
    bus.advance(Duration::from_secs(601)).await;
    within(subscription.wait_until(|status| status.counts.acked == 1)).await;
    bus.advance(Duration::from_secs(601)).await;
    bus.until_idle().await;
    assert_eq!(seen.all(), ["1", "2"]);
    assert_eq!(subscription.status().counts.stale, 0);
}

async fn subscribe(
    fake: &std::sync::Arc<Fake>,
    handler: std::sync::Arc<dyn Handler>,
) -> Subscription {
    let options = BusOptions { clock: fake.clock.clone(), ..BusOptions::default() };
    let bus = Bus::with_options(FakeTransport::over(fake), options);
    let topic = bus.topic_of("Job").unwrap();
    let options = SubscriptionOptions::new([topic], bus.group_of("worker").unwrap(), handler);
    within(bus.subscribe(options)).await.unwrap()
}

/// The handler blocks the only thread of the runtime; leases are renewed all the same.
#[tokio::test]
async fn a_handler_that_blocks_its_thread_keeps_its_lease() {
    let fake = Fake::new();
    let (fake_inside, clock) = (fake.clone(), fake.clock.clone());
    let (tell, told) = mpsc::channel();
    let handler = move |_: Incoming<Job>| {
        let deadline = std::time::Instant::now() + PATIENCE;
        while fake_inside.script().extended.len() < 3 && std::time::Instant::now() < deadline {
            clock.advance(Duration::from_secs(1));
            std::thread::yield_now();
        }
        tell.send(fake_inside.script().extended.clone()).unwrap();
        async {}
    };
    let subscription = subscribe(&fake, handler.into_handler()).await;
    fake.receives(Ok(vec![fake.delivery(job("a", 1).to_message().unwrap(), 1)]));
    within(subscription.wait_until(|status| status.counts.acked == 1)).await;
    let extended = told.try_recv().unwrap();
    assert!(extended.len() >= 3 && extended.iter().all(|tokens| tokens == &[1]), "{extended:?}");
}

#[tokio::test]
async fn what_is_lost_before_it_starts_is_dropped_and_what_runs_ends() {
    let fake = Fake::new();
    let (free, wait) = oneshot::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    let seen = Seen::default();
    let note = seen.clone();
    let handler = move |job: Incoming<Job>| {
        note.note(job.number.to_string());
        let wait = wait.lock().unwrap().take();
        async move {
            if let Some(wait) = wait {
                wait.await.unwrap();
            }
        }
    };
    let subscription = subscribe(&fake, handler.into_handler()).await;
    let deliveries = (1..=3).map(|n| fake.delivery(job("a", n).to_message().unwrap(), n.into()));
    fake.receives(Ok(deliveries.collect()));
    within(subscription.wait_until(|status| status.counts.queued == 2)).await;
    fake.script().lost.extend([1, 2]);
    fake.clock.advance(Duration::from_secs(10));
    within(subscription.wait_until(|status| status.counts.released == 1)).await;
    free.send(()).unwrap();
    within(subscription.wait_until(|status| status.counts.in_flight() == 0)).await;
    assert_eq!(seen.all(), ["1"], "3 must not overtake 2, which comes again");
    let expected = [(3, Settle::Release), (1, Settle::Ack)];
    assert_eq!(fake.script().settled, expected);
    assert_eq!(subscription.status().counts.stale, 1);
}

#[tokio::test]
async fn what_goes_to_another_consumer_before_it_starts_is_handed_back() {
    let fake = Fake::new();
    let (free, wait) = oneshot::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    let seen = Seen::default();
    let note = seen.clone();
    let handler = move |job: Incoming<Job>| {
        note.note(job.number.to_string());
        let wait = wait.lock().unwrap().take();
        async move {
            if let Some(wait) = wait {
                wait.await.unwrap();
            }
        }
    };
    let subscription = subscribe(&fake, handler.into_handler()).await;
    let deliveries = (1..=3).map(|n| fake.delivery(job("a", n).to_message().unwrap(), n.into()));
    fake.receives(Ok(deliveries.collect()));
    within(subscription.wait_until(|status| status.counts.queued == 2)).await;
    fake.script().leaving.extend([1, 2, 3]);
    free.send(()).unwrap();
    within(subscription.wait_until(|status| status.counts.in_flight() == 0)).await;
    assert_eq!(seen.all(), ["1"], "what runs is left to its end, nothing else starts");
    let expected = [(1, Settle::Ack), (3, Settle::Release), (2, Settle::Release)];
    assert_eq!(fake.script().settled, expected);
}

#[tokio::test]
async fn after_a_reconnect_what_runs_is_not_run_again_and_what_waits_keeps_its_order() {
    let fake = Fake::new();
    let (free, wait) = oneshot::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    let seen = Seen::default();
    let note = seen.clone();
    let handler = move |job: Incoming<Job>| {
        note.note(job.number.to_string());
        let wait = wait.lock().unwrap().take();
        async move {
            if let Some(wait) = wait {
                wait.await.unwrap();
            }
        }
    };
    let subscription = subscribe(&fake, handler.into_handler()).await;
    let deliver = || {
        let delivery = |n: u32| fake.delivery(job("a", n).to_message().unwrap(), n.into());
        let deliveries: Vec<_> = (1..=3).map(delivery).collect();
        let tokens: Vec<_> = deliveries.iter().map(|one| one.token.clone()).collect();
        fake.receives(Ok(deliveries));
        tokens
    };
    deliver();
    within(subscription.wait_until(|status| status.counts.queued == 2)).await;
    fake.reconnect();
    let tokens = deliver();
    within(subscription.wait_until(|status| status.counts.received == 6)).await;
    within(subscription.wait_until(|status| status.counts.stale == 2)).await;
    free.send(()).unwrap();
    within(subscription.wait_until(|status| status.counts.acked == 3)).await;
    assert_eq!(seen.all(), ["1", "2", "3"]);
    assert_eq!(fake.script().tokens, tokens, "the new hand-overs are acked");
    assert_eq!(subscription.status().counts.in_flight(), 0);
}
