//! Publishing: batches, order, retries, time-outs.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::fake::{Fake, FakeTransport};
use super::within;
use crate::bus::{Backoff, Bus, BusOptions};
use crate::error::{Error, Kind, Retry};
use crate::message::Message;
use crate::name::TopicName;

pub(super) fn bus(fake: &Arc<Fake>, adjust: impl FnOnce(&mut BusOptions)) -> (Bus, TopicName) {
    let mut options = BusOptions { clock: fake.clock.clone(), ..BusOptions::default() };
    adjust(&mut options);
    (Bus::with_options(FakeTransport::over(fake), options), TopicName::new("t").unwrap())
}

pub(super) fn payloads(fake: &Fake) -> Vec<Vec<String>> {
    let text = |message: &Message| String::from_utf8(message.payload.to_vec()).unwrap();
    let batches = &fake.script().published;
    batches.iter().map(|batch| batch.iter().map(text).collect()).collect()
}

#[tokio::test]
async fn concurrent_callers_share_calls_bounded_by_count_and_bytes_in_order() {
    let fake = Fake::new();
    let (bus, topic) = bus(&fake, |options| options.publish.batch_bytes_max = 12);
    let send = |text: &str| bus.publish_message(&topic, Message::new(text.to_owned()));
    let texts: Vec<_> = (0..25).map(|number| number.to_string()).collect();
    fake.stuck.send_replace(true);
    let all = join_all(texts.iter().map(|text| send(text)));
    let free = async { fake.stuck.send_replace(false) };
    let (receipts, _) = within(async { tokio::join!(all, free) }).await;
    assert!(receipts.iter().all(Result::is_ok));
    let batches = payloads(&fake);
    assert!(batches.iter().all(|batch| batch.len() <= 10 && batch.concat().len() <= 12));
    assert!(batches.len() < 10, "they share calls: {batches:?}");
    assert_eq!(batches.concat(), texts);
}

#[tokio::test]
async fn callers_that_are_about_to_publish_share_a_call() {
    let fake = Fake::new();
    let (bus, topic) = bus(&fake, |_| {});
    let now = bus.publish_message(&topic, Message::new("1"));
    let next = async {
        tokio::task::yield_now().await;
        bus.publish_message(&topic, Message::new("2")).await
    };
    let (now, next) = within(async { tokio::join!(now, next) }).await;
    assert!(now.is_ok() && next.is_ok());
    assert_eq!(payloads(&fake), [["1", "2"]]);
}

#[tokio::test]
async fn a_message_waits_no_longer_than_the_linger_for_company() {
    let fake = Fake::new();
    let linger = Duration::from_secs(5);
    let (bus, topic) = bus(&fake, |options| options.publish.linger = linger);
    let first = tokio::spawn({
        let (bus, topic) = (bus.clone(), topic.clone());
        async move { bus.publish_message(&topic, Message::new("1")).await }
    });
    let second = tokio::spawn(async move { bus.publish_message(&topic, Message::new("2")).await });
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert_eq!(payloads(&fake).len(), 0);
    fake.clock.advance(linger);
    within(first).await.unwrap().unwrap();
    within(second).await.unwrap().unwrap();
    assert_eq!(payloads(&fake), [["1", "2"]]);
}

#[tokio::test]
async fn closing_waits_for_no_company() {
    let fake = Fake::new();
    let (bus, topic) = bus(&fake, |options| options.publish.linger = Duration::from_secs(5));
    let publish = bus.publish_message(&topic, Message::new("1"));
    let close = async {
        tokio::task::yield_now().await;
        bus.close().await
    };
    let (published, closed) = within(async { tokio::join!(publish, close) }).await;
    assert!(published.is_ok() && closed.is_ok());
}

#[tokio::test]
async fn what_did_not_happen_is_tried_again_and_the_rest_is_answered() {
    let fake = Fake::new();
    let (bus, topic) = bus(&fake, |options| {
        options.publish.batch_messages_max = NonZeroUsize::new(4).unwrap();
    });
    let error = |kind| Err(Error::new(kind, "scripted"));
    let answers =
        vec![Ok(()), error(Kind::Overloaded), error(Kind::Unknown), error(Kind::Oversize)];
    fake.script().publishes.push_back(Ok(answers));
    // The second is of the key of the fifth.
    let all = [("0", ""), ("1", "k"), ("2", ""), ("3", ""), ("4", "k"), ("5", "")];
    let message = |(text, key): (&'static str, &'static str)| match key {
        "" => Message::new(text),
        key => Message::new(text).with_key(key),
    };
    let all = join_all(all.map(|one| bus.publish_message(&topic, message(one))));
    let move_time = async {
        while payloads(&fake).len() < 4 {
            fake.clock.advance(Duration::from_millis(20));
            tokio::task::yield_now().await;
        }
    };
    let (results, ()) = within(async { tokio::join!(all, move_time) }).await;
    let kinds: Vec<_> =
        (results.iter()).map(|result| result.as_ref().err().map(Error::kind)).collect();
    let failed = [Some(Kind::Unknown), Some(Kind::Oversize)];
    assert_eq!(kinds, [None, None, failed[0], failed[1], None, None]);
    let batches = [vec!["0", "1", "2", "3"], vec!["5"], vec!["1"], vec!["4"]];
    assert_eq!(payloads(&fake), batches, "a retry goes before anything newer of its key");
}

#[tokio::test]
async fn tries_are_bounded() {
    let fake = Fake::new();
    let (bus, topic) = bus(&fake, |options| options.publish.attempts_max = 3);
    for _ in 0..3 {
        fake.script().publishes.push_back(Err(Error::new(Kind::Unavailable, "away")));
    }
    let publish = bus.publish_message(&topic, Message::new("1"));
    let move_time = async {
        while payloads(&fake).len() < 3 {
            fake.clock.advance(Duration::from_millis(100));
            tokio::task::yield_now().await;
        }
    };
    let (result, ()) = within(async { tokio::join!(publish, move_time) }).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (Kind::Unavailable, Retry::Exhausted));
}

#[tokio::test]
async fn a_wait_for_the_next_try_outlives_no_message() {
    let fake = Fake::new();
    let (bus, topic) = bus(&fake, |options| {
        options.publish.timeout = Duration::from_secs(1);
        options.publish.backoff =
            Backoff { first: Duration::from_secs(60), max: Duration::from_secs(60) };
    });
    fake.script().publishes.push_back(Err(Error::new(Kind::Unavailable, "away")));
    let publish = bus.publish_message(&topic, Message::new("1"));
    let move_time = async {
        while payloads(&fake).is_empty() {
            tokio::task::yield_now().await;
        }
        fake.clock.advance(Duration::from_secs(1));
    };
    let (result, ()) = within(async { tokio::join!(publish, move_time) }).await;
    assert_eq!(result.unwrap_err().kind(), Kind::Timeout);
    assert_eq!(payloads(&fake).len(), 1, "it was not tried again");
}

#[tokio::test]
async fn no_confirm_in_time_is_unknown_and_closing_is_an_end() {
    let fake = Fake::new();
    let (bus, topic) = bus(&fake, |_| {});
    fake.stuck.send_replace(true);
    let publish = bus.publish_message(&topic, Message::new("1"));
    let move_time = async {
        for _ in 0..40 {
            fake.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let (result, ()) = within(async { tokio::join!(publish, move_time) }).await;
    assert_eq!(result.unwrap_err().kind(), Kind::Unknown);
    fake.stuck.send_replace(false);
    within(bus.close()).await.unwrap();
    let error = bus.publish_message(&topic, Message::new("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Closed);
}
