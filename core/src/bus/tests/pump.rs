//! Pumps: a broker that is away, and one that says no.

use std::time::Duration;

use super::fake::{Fake, FakeTransport};
use super::{Job, Seen, publish_jobs, within};
use crate::bus::{Bus, BusOptions, Subscription, SubscriptionOptions, SubscriptionState};
use crate::error::{Error, Kind, Result};
use crate::handler::{Incoming, IntoHandler};
use crate::testing::TestBus;

#[tokio::test]
async fn a_broker_that_goes_away_is_waited_for() {
    let bus = TestBus::new();
    bus.transport().stop();
    let seen = Seen::default();
    let note = seen.clone();
    let handler = move |job: Incoming<Job>| {
        note.note(job.number.to_string());
        async {}
    };
    let subscription = bus.subscribe("worker", handler).await.unwrap();
    let status = subscription.status();
    assert!(!status.connected);
    assert_eq!(status.last_error.unwrap().kind(), Kind::Unavailable);
    bus.transport().start();
    bus.advance(Duration::from_secs(1)).await;
    within(subscription.wait_until(|status| status.connected)).await;
    publish_jobs(&bus, &[("a", 1)]).await;
    bus.until_idle().await;

    bus.transport().stop();
    within(subscription.wait_until(|status| !status.connected)).await;
    bus.transport().start();
    bus.advance(Duration::from_secs(20)).await;
    within(subscription.wait_until(|status| status.connected)).await;
    publish_jobs(&bus, &[("a", 2)]).await;
    bus.until_idle().await;
    assert_eq!(seen.all(), ["1", "2"]);
}

async fn subscribe(fake: &std::sync::Arc<Fake>) -> Result<Subscription> {
    let options = BusOptions { clock: fake.clock.clone(), ..BusOptions::default() };
    let bus = Bus::with_options(FakeTransport::over(fake), options);
    let handler = (|_: Incoming<Job>| async {}).into_handler();
    let topic = bus.topic_of("Job")?;
    bus.subscribe(SubscriptionOptions::new([topic], bus.group_of("worker")?, handler)).await
}

#[tokio::test]
async fn a_permanent_error_at_the_start_is_returned() {
    let fake = Fake::new();
    fake.script().opens.push_back(Error::new(Kind::Forbidden, "no"));
    let error = within(subscribe(&fake)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Forbidden);
}

#[tokio::test]
async fn a_permanent_error_later_ends_the_subscription_and_is_told() {
    let fake = Fake::new();
    let subscription = within(subscribe(&fake)).await.unwrap();
    fake.receives(Err(Error::new(Kind::Unavailable, "away")));
    within(subscription.wait_until(|status| !status.connected)).await;
    fake.receives(Err(Error::new(Kind::NotFound, "the topic was deleted")));
    let wait = async {
        while subscription.status().state != SubscriptionState::Stopped {
            fake.clock.advance(Duration::from_millis(100));
            tokio::task::yield_now().await;
        }
    };
    within(wait).await;
    assert_eq!(within(subscription.closed()).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(subscription.status().last_error.unwrap().kind(), Kind::NotFound);
}
