//! Dead letters that a broker does not take as they are (T6).

use std::sync::Arc;

use super::fake::{Fake, FakeTransport};
use super::{Job, job, within};
use crate::bus::dead_letter::DeadLetter;
use crate::bus::{Bus, BusOptions, RetrySchedule, Subscription, SubscriptionOptions};
use crate::error::{Error, Kind};
use crate::handler::{Failure, Incoming, IntoHandler};
use crate::message::Message;
use crate::transport::Settle;

/// A subscription that gives up both of its deliveries of one key, with a long reason each.
async fn gives_up(fake: &Arc<Fake>, refusals: &[Kind]) -> (Bus, Subscription) {
    for kind in refusals {
        let refused = Err(Error::new(*kind, "the broker takes no message of this size"));
        fake.script().publishes.push_back(Ok(vec![refused]));
    }
    let options = BusOptions { clock: fake.clock.clone(), ..BusOptions::default() };
    let bus = Bus::with_options(FakeTransport::over(fake), options);
    let deliveries = [1, 2].map(|number| fake.delivery(message(number), number.into()));
    fake.receives(Ok(deliveries.to_vec()));
    let handler = |_: Incoming<Job>| async { Err::<(), _>(Failure::structural("é".repeat(300))) };
    let mut options = SubscriptionOptions::new(
        [bus.topic_of("Job").unwrap()],
        bus.group_of("worker").unwrap(),
        handler.into_handler(),
    );
    options.retry = RetrySchedule::new([]).unwrap();
    let subscription = bus.subscribe(options).await.unwrap();
    (bus, subscription)
}

fn message(number: u32) -> Message {
    job("a", number).to_message().unwrap()
}

#[tokio::test]
async fn a_letter_that_is_too_large_says_less_and_keeps_its_bytes() {
    for kind in [Kind::Oversize, Kind::Rejected] {
        let fake = Fake::new();
        let (_bus, subscription) = gives_up(&fake, &[kind]).await;
        within(subscription.wait_until(|status| status.counts.acked == 2)).await;
        let published = fake.script().published.clone();
        let letters: Vec<_> = (published.iter().flatten())
            .map(|letter| DeadLetter::from_message(letter).unwrap().unwrap())
            .collect();
        let reasons: Vec<_> = letters.iter().map(|it| it.attempts[0].reason.len()).collect();
        assert_eq!(reasons, [512, 64, 512]);
        let shortened: Vec<_> = letters.iter().map(|it| it.shortened).collect();
        assert_eq!(shortened, [false, true, false], "each begins with all it has to say");
        for (letter, number) in published.iter().flatten().zip([1, 1, 2]) {
            assert_eq!(DeadLetter::original(letter).unwrap(), message(number));
        }
    }
}

#[tokio::test]
async fn a_letter_that_no_broker_takes_ends_the_subscription_and_stays() {
    let fake = Fake::new();
    let (_bus, subscription) = gives_up(&fake, &[Kind::Oversize; 2]).await;
    let error = within(subscription.closed()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Oversize, "{error}");
    let named = ["topic", "position", "group", "dead_letters"].map(|name| error.context(name));
    let expected = ["Job", "0/1-0", "worker", "Job.dead-letters"];
    assert_eq!(named, expected.map(Some));
    // What stands behind it goes back first, so that it comes again in order (T3).
    assert_eq!(fake.script().settled, [(2, Settle::Release), (1, Settle::Release)]);
    assert_eq!(fake.script().published.len(), 2, "whole, then with the least reason");
}
