//! Drain: finished within the grace, or cancelled and handed back, tail first.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::fake::{Fake, FakeTransport};
use super::{Job, Seen, job, publish_jobs, within};
use crate::bus::{Bus, BusOptions, DrainReport, SubscriptionOptions, SubscriptionState};
use crate::handler::{Handler, Incoming, IntoHandler};
use crate::testing::TestBus;
use crate::transport::Settle;

const GRACE: Duration = Duration::from_secs(10);

/// Notes when a handler's future is dropped.
struct Ends(Seen, u32);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.note(format!("{} ended", self.1));
    }
}

fn waiting(gate: &Arc<Semaphore>, seen: &Seen) -> Arc<dyn Handler> {
    let (gate, seen) = (gate.clone(), seen.clone());
    let handler = move |job: Incoming<Job>| {
        seen.note(format!("{} started", job.number));
        let (gate, ends) = (gate.clone(), Ends(seen.clone(), job.number));
        async move {
            let _ends = ends;
            gate.acquire().await.unwrap().forget();
        }
    };
    handler.into_handler()
}

#[tokio::test]
async fn what_runs_ends_in_the_grace_and_what_waits_comes_again_in_order() {
    let bus = TestBus::new();
    let (gate, seen) = (Arc::new(Semaphore::new(0)), Seen::default());
    let topic = bus.bus().topic_of("Job").unwrap();
    let subscribe = |gate, seen| {
        let topic = topic.clone();
        bus.subscribe_with("worker", waiting(gate, seen), |options| options.topics = vec![topic])
    };
    let first = subscribe(&gate, &seen).await.unwrap();
    publish_jobs(&bus, &[("a", 1), ("a", 2), ("a", 3), ("b", 4), ("a", 5)]).await;
    within(first.wait_until(|status| status.counts.queued == 3)).await;
    let free = async {
        within(first.wait_until(|status| status.counts.released >= 3)).await;
        assert_eq!(first.status().state, SubscriptionState::Draining);
        gate.add_permits(2);
    };
    let (report, ()) = within(async { tokio::join!(first.drain(GRACE), free) }).await;
    assert_eq!((report.acked, report.abandoned, report.unsettled), (2, 0, 0));
    assert!(within(first.closed()).await.is_ok());

    seen.take();
    gate.add_permits(100);
    let second = subscribe(&gate, &seen).await.unwrap();
    bus.until_idle().await;
    let starts: Vec<_> = seen.take().into_iter().filter(|one| one.ends_with("started")).collect();
    assert_eq!(starts, ["2 started", "3 started", "5 started"]);
    assert_eq!(second.status().counts.acked, 3);
}

#[tokio::test]
async fn after_the_grace_handlers_are_cancelled_before_their_lease_is_let_go() {
    let fake = Fake::new();
    let options = BusOptions { clock: fake.clock.clone(), ..BusOptions::default() };
    let bus = Bus::with_options(FakeTransport::over(&fake), options);
    let (gate, seen) = (Arc::new(Semaphore::new(0)), Seen::default());
    let topic = bus.topic_of("Job").unwrap();
    let group = bus.group_of("worker").unwrap();
    let options = SubscriptionOptions::new([topic], group, waiting(&gate, &seen));
    let subscription = within(bus.subscribe(options)).await.unwrap();
    let deliveries = (1..=4).map(|n| fake.delivery(job("a", n).to_message().unwrap(), n.into()));
    fake.receives(Ok(deliveries.collect()));
    within(subscription.wait_until(|status| status.counts.queued == 3)).await;
    let advance = async {
        within(subscription.wait_until(|status| status.counts.released == 3)).await;
        fake.clock.advance(GRACE - Duration::from_millis(1));
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        assert_eq!(seen.all(), ["1 started"]);
        fake.clock.advance(Duration::from_millis(1));
    };
    let (report, ()) = within(async { tokio::join!(subscription.drain(GRACE), advance) }).await;
    let expected = DrainReport { acked: 0, released: 4, abandoned: 1, unsettled: 0 };
    assert_eq!(report, expected);
    assert_eq!(seen.all(), ["1 started", "1 ended"]);
    let order: Vec<_> = fake.script().settled.clone();
    assert_eq!(order, [4, 3, 2, 1].map(|place| (place, Settle::Release)));
    assert!(fake.script().closed);
}

#[tokio::test]
async fn closing_the_bus_drains_and_dropping_the_handle_does_too() {
    let bus = TestBus::new();
    let dropped = bus.subscribe("dropped", |_: Incoming<Job>| async {}).await.unwrap();
    let kept = bus.subscribe("kept", |_: Incoming<Job>| async {}).await.unwrap();
    publish_jobs(&bus, &[("a", 1)]).await;
    bus.until_idle().await;
    let control = dropped.control().clone();
    drop(dropped);
    within(async {
        while !control.has_ended() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    within(bus.bus().close()).await.unwrap();
    assert!(within(kept.closed()).await.is_ok());
    assert_eq!(kept.status().state, SubscriptionState::Stopped);
}
