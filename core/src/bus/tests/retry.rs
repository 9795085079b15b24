//! Retries and dead letters without a gate.

use std::sync::Arc;
use std::time::Duration;

use super::fake::{Fake, FakeTransport};
use super::{Done, Job, Seen, job, publish_jobs, within};
use crate::bus::dead_letter::{Cause, DeadLetter};
use crate::bus::{Bus, BusOptions, Declared, Mapping, RetrySchedule, SubscriptionOptions};
use crate::error::{Error, Kind};
use crate::event::{CloudEvent, extension};
use crate::handler::{Attempt, Failure, Incoming, IntoHandler, Refusal};
use crate::message::Message;
use crate::testing::TestBus;
use crate::transport::Settle;

const SECOND: Duration = Duration::from_secs(1);

fn failing(
    seen: &Seen,
) -> impl Fn(Incoming<Job>, Attempt) -> std::future::Ready<Result<(), Failure>> + use<> {
    let seen = seen.clone();
    move |job, attempt| {
        seen.note(format!("{}/{}", job.number, attempt.0));
        std::future::ready(Err(Failure::environmental(format!("failure {}", attempt.0))))
    }
}

#[tokio::test]
async fn a_retry_does_not_come_before_its_wait_is_over() {
    for ordered in [true, false] {
        let bus = TestBus::new();
        let seen = Seen::default();
        let subscription = bus.subscribe_with("worker", failing(&seen), |options| {
            options.ordered = ordered;
            options.retry = RetrySchedule::new([5 * SECOND, 30 * SECOND]).unwrap();
        });
        let _subscription = subscription.await.unwrap();
        publish_jobs(&bus, &[("a", 1)]).await;
        bus.until_idle().await;
        bus.advance(Duration::from_millis(4_999)).await;
        bus.until_idle().await;
        assert_eq!(seen.all(), ["1/1"], "ordered {ordered}");
        bus.advance(Duration::from_millis(1_252)).await;
        bus.until_idle().await;
        assert_eq!(seen.all(), ["1/1", "1/2"], "ordered {ordered}");
        bus.advance(29 * SECOND).await;
        bus.until_idle().await;
        assert_eq!(seen.all().len(), 2);
        bus.advance(9 * SECOND).await;
        bus.until_idle().await;
        assert_eq!(seen.all(), ["1/1", "1/2", "1/3"], "ordered {ordered}");
        let topic = bus.bus().topic_of("Job").unwrap();
        let letters = bus.dead_letters(&topic).await.unwrap();
        let letter = DeadLetter::from_message(&letters[0]).unwrap().unwrap();
        let reasons: Vec<_> = letter.attempts.iter().map(|one| one.reason.as_str()).collect();
        assert_eq!(reasons, ["failure 1", "failure 2", "failure 3"], "ordered {ordered}");
    }
}

#[tokio::test]
async fn a_dead_letter_has_the_bytes_and_every_reason_and_frees_its_key() {
    let bus = TestBus::new();
    let handler = |job: Incoming<Job>, attempt: Attempt| async move {
        match (job.number, attempt.0) {
            (1, 1) => Err(Failure::environmental("down")),
            (1, 2) => panic!("at the disco"),
            (1, 3) => std::future::pending().await,
            (1, _) => Err(Failure::structural("never")),
            _ => Ok(()),
        }
    };
    let subscription = bus.subscribe_with("worker", handler, |options| {
        options.retry = RetrySchedule::new([SECOND; 3]).unwrap();
        options.run_time_max = Some(10 * SECOND);
    });
    let subscription = subscription.await.unwrap();
    publish_jobs(&bus, &[("a", 1), ("a", 2)]).await;
    for wait in [2, 2] {
        bus.until_idle().await;
        bus.advance(wait * SECOND).await;
    }
    within(subscription.wait_until(|status| status.counts.running == 1)).await;
    bus.advance(10 * SECOND).await;
    bus.until_idle().await;
    bus.advance(2 * SECOND).await;
    bus.until_idle().await;

    let topic = bus.bus().topic_of("Job").unwrap();
    let letters = bus.dead_letters(&topic).await.unwrap();
    assert_eq!(DeadLetter::original(&letters[0]).unwrap(), job("a", 1).to_message().unwrap());
    let letter = DeadLetter::from_message(&letters[0]).unwrap().unwrap();
    assert_eq!((letter.topic.as_str(), letter.group.as_str()), ("Job", "worker"));
    assert_eq!(letter.position, "0/0-0");
    let attempts: Vec<_> =
        (letter.attempts.iter()).map(|one| (one.attempt, one.cause, one.reason.as_str())).collect();
    assert_eq!(
        attempts,
        [
            (1, Cause::Environmental, "down"),
            (2, Cause::Panicked, "at the disco"),
            (3, Cause::TimedOut, "the handler ran longer than allowed"),
            (4, Cause::Structural, "never"),
        ]
    );
    assert!(letter.attempts.windows(2).all(|pair| pair[0].at_millis < pair[1].at_millis));
    let counts = subscription.status().counts;
    assert_eq!((counts.dead_lettered, counts.acked, counts.in_flight()), (1, 2, 0));
    assert_eq!(letters.len(), 1);
}

#[tokio::test]
async fn what_does_not_decode_or_does_not_belong_is_a_dead_letter() {
    let bus = TestBus::new();
    let handler = |_: Incoming<Job>| async {};
    let subscription = bus.subscribe("worker", handler).await.unwrap();
    let topic = bus.bus().topic_of("Job").unwrap();
    let stray = CloudEvent::new("1", "/test", "Jbo").unwrap().to_message().unwrap();
    for message in [Message::new("?"), stray] {
        bus.bus().publish_message(&topic, message).await.unwrap();
    }
    bus.until_idle().await;
    let letters = bus.dead_letters(&topic).await.unwrap();
    let causes = letters
        .iter()
        .map(|letter| DeadLetter::from_message(letter).unwrap().unwrap().attempts[0].cause);
    assert_eq!(causes.collect::<Vec<_>>(), [Cause::Undecodable, Cause::Unexpected]);
    assert_eq!(letters[0].payload, "?");
    assert_eq!(subscription.status().counts.acked, 2);
}

#[tokio::test]
async fn another_type_that_shares_the_topic_by_a_route_is_skipped() {
    let routes = [("Job", "work"), ("Other", "work")].map(|(ty, to)| (ty.into(), to.into()));
    let bus = TestBus::with_options(BusOptions { routes: routes.into(), ..BusOptions::default() });
    let subscription = bus.subscribe("worker", |_: Incoming<Job>| async {}).await.unwrap();
    bus.bus().publish(&CloudEvent::new("1", "/test", "Other").unwrap()).await.unwrap();
    publish_jobs(&bus, &[("a", 1)]).await;
    bus.until_idle().await;
    let counts = subscription.status().counts;
    assert_eq!((counts.skipped, counts.acked, counts.dead_lettered), (1, 2, 0));
}

#[tokio::test]
async fn plain_json_gets_an_identity_that_stays() {
    let bus = TestBus::new();
    let seen = Seen::default();
    let note = seen.clone();
    let handler = move |event: Arc<CloudEvent>| {
        note.note(format!("{} {:?}", event.id(), event.partition_key()));
        std::future::ready(Err::<(), _>(Failure::structural("no")))
    };
    let topic = bus.bus().topic_of("legacy").unwrap();
    let subscription = bus.subscribe_with("worker", handler, |options| {
        options.topics = vec![topic.clone()];
        options.mapping = Mapping::Declared(Declared::json("Legacy", "/legacy"));
    });
    let _subscription = subscription.await.unwrap();
    for payload in ["{\"a\": 1}", "not json"] {
        let message = Message::new(payload).with_key("k");
        bus.bus().publish_message(&topic, message).await.unwrap();
    }
    bus.until_idle().await;
    let letters = bus.dead_letters(&topic).await.unwrap();
    assert_eq!(letters.len(), 2);
    bus.bus().publish_message(&topic, letters[0].clone()).await.unwrap();
    bus.until_idle().await;
    assert_eq!(seen.all(), ["legacy/0/0-0 Some(\"k\")", "legacy/0/0-0 Some(\"k\")"]);
}

#[tokio::test]
async fn outputs_are_published_before_the_ack_and_refusals_are_outcomes() {
    let bus = TestBus::new();
    let handler = |job: Incoming<Job>| async move {
        if job.number == 2 {
            let reason = String::from("not allowed");
            return Err(Refusal { code: "P-02".into(), reason, output: None });
        }
        Ok(vec![Done { number: job.number }, Done { number: 7 }])
    };
    let subscription = bus.subscribe("worker", handler).await.unwrap();
    publish_jobs(&bus, &[("a", 1), ("a", 2)]).await;
    bus.until_idle().await;
    assert_eq!(subscription.status().counts.acked, 2);
    let outputs = bus.events("JobDone").await.unwrap();
    assert_eq!(outputs.len(), 2);
    let execution = outputs[0].extension(extension::CAUSATION).unwrap();
    for (index, output) in outputs.iter().enumerate() {
        assert_eq!(output.id(), format!("{execution}-{index}"));
        assert_eq!((output.source(), output.correlation()), ("/worker", "a1"));
        assert_eq!(output.partition_key(), Some("a"));
    }
}

/// A bus on a fake with one delivery, and its subscription.
async fn one_delivery(fake: &Arc<Fake>, ordered: bool, seen: &Seen) -> crate::bus::Subscription {
    let options = BusOptions { clock: fake.clock.clone(), ..BusOptions::default() };
    let bus = Bus::with_options(FakeTransport::over(fake), options);
    let delivery = fake.delivery(job("a", 1).to_message().unwrap(), 1);
    fake.receives(Ok(vec![delivery]));
    let mut options = SubscriptionOptions::new(
        [bus.topic_of("Job").unwrap()],
        bus.group_of("worker").unwrap(),
        failing(seen).into_handler(),
    );
    options.ordered = ordered;
    options.retry = RetrySchedule::new([5 * SECOND]).unwrap();
    bus.subscribe(options).await.unwrap()
}

#[tokio::test]
async fn unordered_retries_wait_at_the_broker_and_ordered_ones_in_their_lane() {
    for ordered in [true, false] {
        let fake = Fake::new();
        let seen = Seen::default();
        let subscription = one_delivery(&fake, ordered, &seen).await;
        within(
            subscription
                .wait_until(|status| status.counts.retried == 1 && status.counts.settling == 0),
        )
        .await;
        let settled = fake.script().settled.clone();
        match (&settled[..], ordered) {
            ([], true) => {}
            ([(1, Settle::Retry { after })], false) => assert!(*after >= 5 * SECOND),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_dead_letter_that_cannot_be_published_is_held_and_tried_again() {
    let fake = Fake::new();
    let seen = Seen::default();
    for _ in 0..3 {
        fake.script().publishes.push_back(Err(Error::new(Kind::Forbidden, "no")));
    }
    let subscription = one_delivery(&fake, true, &seen).await;
    within(subscription.wait_until(|status| status.counts.held == 1)).await;
    fake.clock.advance(7 * SECOND);
    let tried = async {
        while fake.script().published.len() < 4 {
            assert_eq!(fake.script().settled, [], "not acked before the dead letter is stored");
            fake.clock.advance(SECOND);
            tokio::task::yield_now().await;
        }
    };
    within(tried).await;
    within(subscription.wait_until(|status| status.counts.acked == 1)).await;
    assert_eq!(fake.script().settled, [(1, Settle::Ack)]);
    assert_eq!(fake.script().published.len(), 4);
}

#[tokio::test]
async fn a_schedule_that_may_not_be_held_is_refused() {
    let schedules = [
        (Duration::from_secs(3_600), Kind::Configuration),
        (Duration::from_secs(400), Kind::Unsupported),
    ];
    for (wait, kind) in schedules {
        let fake = Fake::new();
        let bus = Bus::new(FakeTransport::over(&fake));
        let handler = (|_: Incoming<Job>| async {}).into_handler();
        let topic = bus.topic_of("Job").unwrap();
        let mut options = SubscriptionOptions::new([topic], bus.group_of("w").unwrap(), handler);
        options.retry = RetrySchedule::new([wait]).unwrap();
        let error = bus.subscribe(options.clone()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        options.ordered = false;
        bus.subscribe(options).await.unwrap();
    }
}
