//! Lanes: order by key, concurrency across keys, back-pressure.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::fake::{Fake, FakeTransport};
use super::{Job, Seen, publish_jobs, within};
use crate::bus::{Bus, BusOptions, Declared, Mapping, Place, Subscription, SubscriptionOptions};
use crate::event::CloudEvent;
use crate::handler::{Attempt, Failure, Incoming, IntoHandler};
use crate::message::Message;
use crate::testing::TestBus;
use crate::transport::Settle;

#[tokio::test]
async fn a_failing_head_holds_its_key_and_no_other() {
    let bus = TestBus::new();
    let seen = Seen::default();
    let note = seen.clone();
    let handler = move |job: Incoming<Job>, attempt: Attempt| {
        note.note(format!("{}{}/{}", job.key, job.number, attempt.0));
        let fails = job.key == "a" && job.number == 1 && attempt.0 < 3;
        async move { if fails { Err(Failure::environmental("not yet")) } else { Ok(()) } }
    };
    let subscription = bus.subscribe("worker", handler).await.unwrap();
    publish_jobs(&bus, &[("a", 1), ("a", 2), ("b", 1), ("a", 3), ("b", 2)]).await;
    bus.until_idle().await;
    assert_eq!(seen.take(), ["a1/1", "b1/1", "b2/1"]);
    let counts = subscription.status().counts;
    assert_eq!((counts.held, counts.queued, counts.acked), (1, 2, 2), "{counts:?}");
    bus.advance(Duration::from_secs(60)).await;
    bus.until_idle().await;
    assert_eq!(seen.take(), ["a1/2", "a1/3", "a2/1", "a3/1"]);
}

#[tokio::test]
async fn keys_run_in_parallel_and_one_key_one_at_a_time() {
    let bus = TestBus::new();
    let gate = Arc::new(Semaphore::new(0));
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Seen::default();
    let handler = {
        let (gate, running, most, seen) =
            (gate.clone(), running.clone(), most.clone(), seen.clone());
        move |job: Incoming<Job>| {
            let (gate, running, most, seen) =
                (gate.clone(), running.clone(), most.clone(), seen.clone());
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                seen.note(format!("{}{}", job.key, job.number));
                running.fetch_sub(1, Ordering::SeqCst);
            }
        }
    };
    let subscription = bus.subscribe("worker", handler).await.unwrap();
    publish_jobs(&bus, &[("a", 1), ("a", 2), ("b", 1), ("", 1), ("", 2), ("b", 2)]).await;
    within(subscription.wait_until(|status| status.counts.running == 4)).await;
    gate.add_permits(100);
    bus.until_idle().await;
    assert_eq!(most.load(Ordering::SeqCst), 4, "two keys, and two without a key");
    let all = seen.take();
    let of = |key: &str| all.iter().filter(|one| one.starts_with(key)).cloned().collect::<Vec<_>>();
    assert_eq!(
        (of("a"), of("b")),
        (vec!["a1".into(), "a2".into()], vec!["b1".into(), "b2".into()])
    );
    assert_eq!(all.len(), 6);
}

#[tokio::test]
async fn what_is_held_is_bounded_by_count_and_by_bytes() {
    for (count_max, bytes_max) in [(4, usize::MAX), (usize::MAX, 1_000)] {
        let bus = TestBus::new();
        let gate = Arc::new(Semaphore::new(0));
        let handler = {
            let gate = gate.clone();
            move |_: Incoming<Job>| {
                let gate = gate.clone();
                async move { gate.acquire().await.unwrap().forget() }
            }
        };
        let subscription = bus.subscribe_with("worker", handler, |options| {
            options.in_flight_max = NonZeroUsize::new(count_max.min(64)).unwrap();
            options.in_flight_bytes_max = bytes_max;
        });
        let subscription = subscription.await.unwrap();
        for number in 0..300 {
            publish_jobs(&bus, &[("", number)]).await;
        }
        let one = super::job("", 100).to_message().unwrap().size_bytes();
        let most = count_max.min(bytes_max / one + 1);
        within(subscription.wait_until(|status| status.counts.running >= most)).await;
        let batch = count_max.min(64);
        let mut all = 0;
        while all < 300 {
            let counts = subscription.status().counts;
            assert!(counts.running + counts.queued <= most, "{counts:?}");
            assert!(counts.in_flight() <= most + 2 * batch, "{counts:?}");
            assert!(counts.bytes <= bytes_max.saturating_add(one), "{counts:?}");
            gate.add_permits(1);
            all += 1;
            within(subscription.wait_until(|status| status.counts.acked >= all)).await;
        }
        bus.until_idle().await;
        assert_eq!(subscription.status().counts.acked, 300);
    }
}

#[tokio::test]
async fn a_key_is_one_lane_over_all_topics_of_a_subscription() {
    let bus = TestBus::new();
    let topics = ["Job", "Done"].map(|ty| bus.bus().topic_of(ty).unwrap());
    let (gate, seen) = (Arc::new(Semaphore::new(0)), Seen::default());
    let handler = {
        let (gate, seen) = (gate.clone(), seen.clone());
        move |event: Arc<CloudEvent>| {
            let (gate, seen) = (gate.clone(), seen.clone());
            async move {
                gate.acquire().await.unwrap().forget();
                seen.note(event.ty());
            }
        }
    };
    let subscription = bus.subscribe_with("worker", handler, |options| {
        options.topics = topics.to_vec();
    });
    let subscription = subscription.await.unwrap();
    for ty in ["Job", "Done"] {
        let mut event = CloudEvent::new("1", "/test", ty).unwrap();
        event.set_extension("partitionkey", "a").unwrap();
        bus.bus().publish(&event).await.unwrap();
    }
    within(subscription.wait_until(|status| status.counts.queued == 1)).await;
    assert_eq!(subscription.status().counts.running, 1);
    gate.add_permits(2);
    bus.until_idle().await;
    assert_eq!(seen.all().len(), 2);
}

#[tokio::test]
async fn a_pause_starts_nothing_and_loses_nothing() {
    let bus = TestBus::new();
    let seen = Seen::default();
    let note = seen.clone();
    let handler = move |job: Incoming<Job>| {
        note.note(job.number.to_string());
        async {}
    };
    let subscription = bus.subscribe("worker", handler).await.unwrap();
    subscription.pause();
    publish_jobs(&bus, &[("a", 1), ("a", 2)]).await;
    bus.until_idle().await;
    bus.advance(Duration::from_secs(120)).await;
    assert_eq!(seen.all(), Vec::<String>::new());
    subscription.resume();
    bus.until_idle().await;
    assert_eq!(seen.all(), ["1", "2"]);
}

/// A subscription to messages whose key is declared to be in their payload, with room for one. The
/// event `hangs` never ends.
async fn keyed_by_payload(fake: &Arc<Fake>, seen: &Seen) -> Subscription {
    let options = BusOptions { clock: fake.clock.clone(), ..BusOptions::default() };
    let bus = Bus::with_options(FakeTransport::over(fake), options);
    let note = seen.clone();
    let handler = move |event: Arc<CloudEvent>| {
        note.note(event.id());
        async move {
            if event.id() == "hangs" {
                std::future::pending::<()>().await;
            }
        }
    };
    let topic = bus.topic_of("Job").unwrap();
    let group = bus.group_of("worker").unwrap();
    let mut options = SubscriptionOptions::new([topic], group, handler.into_handler());
    let declared = Declared::json("Job", "/test").id(Place::Pointer("/id".into()));
    options.mapping = Mapping::Declared(declared.key(Place::Pointer("/order".into())));
    options.in_flight_bytes_max = 1;
    bus.subscribe(options).await.unwrap()
}

/// A message whose own key is not the declared one.
fn of_order(order: u32, id: &str) -> Message {
    Message::new(format!(r#"{{"order":{order},"id":"{id}"}}"#)).with_key(id.to_owned())
}

#[tokio::test]
async fn what_is_behind_a_head_of_a_declared_key_goes_back_with_it() {
    let fake = Fake::new();
    let seen = Seen::default();
    let subscription = keyed_by_payload(&fake, &seen).await;
    fake.script().leaving.push(1);
    let messages = [of_order(1, "first"), of_order(2, "other"), of_order(1, "second")];
    let deliveries = (1..).zip(messages).map(|(place, message)| fake.delivery(message, place));
    fake.receives(Ok(deliveries.collect()));
    within(subscription.wait_until(|status| status.counts.acked == 1)).await;
    within(subscription.wait_until(|status| status.counts.in_flight() == 0)).await;
    assert_eq!(seen.all(), ["other"], "the second may not overtake the first");
    let settled = fake.script().settled.clone();
    assert_eq!(settled, [(3, Settle::Release), (1, Settle::Release), (2, Settle::Ack)]);
}

#[tokio::test]
async fn what_would_be_behind_a_lost_delivery_goes_back_too() {
    let fake = Fake::new();
    let seen = Seen::default();
    let subscription = keyed_by_payload(&fake, &seen).await;
    let messages = [of_order(2, "hangs"), of_order(1, "first"), of_order(1, "second")];
    let deliveries = (1..).zip(messages).map(|(place, message)| fake.delivery(message, place));
    fake.receives(Ok(deliveries.collect()));
    within(subscription.wait_until(|status| status.counts.waiting == 2)).await;
    fake.script().lost.push(2);
    fake.clock.advance(Duration::from_secs(10));
    within(subscription.wait_until(|status| status.counts.released == 1)).await;
    assert_eq!(seen.all(), ["hangs"]);
    assert_eq!(fake.script().settled, [(3, Settle::Release)]);
}
