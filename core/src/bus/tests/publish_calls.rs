//! Publishing with several calls of the driver under way: how many, and that keys keep their order (T3).

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::future::join_all;

use super::fake::Fake;
use super::publish::{bus, payloads};
use super::{Dice, within};
use crate::bus::backoff::seed;
use crate::error::Result;
use crate::message::Message;

const KEYS: usize = 12;
/// Within what one task may do before it has to pause, so that their calls are in order.
const MESSAGES: usize = 100;

async fn turns() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn calls_overlap_up_to_their_bound_and_begin_in_order() {
    let fake = Fake::new();
    let (bus, topic) = bus(&fake, |options| {
        options.publish.batch_messages_max = NonZeroUsize::MIN;
        options.publish.calls_max = NonZeroUsize::new(3).unwrap();
    });
    fake.stuck.send_replace(true);
    let texts: Vec<_> = (0..10).map(|number| number.to_string()).collect();
    let send = |text: &String| bus.publish_message(&topic, Message::new(text.clone()));
    let all = join_all(texts.iter().map(send));
    let free = async {
        turns().await;
        assert_eq!(fake.script().calling, (3, 3));
        fake.stuck.send_replace(false);
    };
    let (receipts, ()) = within(async { tokio::join!(all, free) }).await;
    assert!(receipts.iter().all(Result::is_ok));
    assert_eq!(fake.script().calling, (0, 3));
    assert_eq!(payloads(&fake).concat(), texts);
}

#[tokio::test]
async fn a_key_has_one_call_and_the_others_go_on() {
    let fake = Fake::new();
    let (bus, topic) = bus(&fake, |options| options.publish.batch_messages_max = NonZeroUsize::MIN);
    fake.stuck.send_replace(true);
    let send = |key: &'static str| bus.publish_message(&topic, Message::new("").with_key(key));
    let all = join_all(["a", "a", "a", "b", "c"].map(send));
    let free = async {
        turns().await;
        assert_eq!(fake.script().calling, (3, 3), "a, b and c");
        fake.stuck.send_replace(false);
    };
    let (receipts, ()) = within(async { tokio::join!(all, free) }).await;
    assert!(receipts.iter().all(Result::is_ok));
    assert_eq!(fake.script().stored.len(), 5);
}

#[tokio::test]
async fn keys_keep_their_order_over_calls_and_retries() {
    let seed = seed();
    let mut overlaps = 0;
    for round in 0..20 {
        println!("seed {seed}, round {round}");
        let fake = Fake::new();
        let (bus, topic) = bus(&fake, |options| {
            options.publish.batch_messages_max = NonZeroUsize::new(4).unwrap();
            options.publish.attempts_max = 100;
            options.publish.timeout = Duration::from_secs(100_000);
        });
        fake.script().crowd = Some(Dice(seed.wrapping_add(round)));
        let message = |number: usize| match number % (KEYS + 1) {
            KEYS => Message::new(number.to_string()),
            key => Message::new(number.to_string()).with_key(vec![key as u8]),
        };
        let all =
            join_all((0..MESSAGES).map(|number| bus.publish_message(&topic, message(number))));
        let mut all = std::pin::pin!(all);
        let receipts = within(async {
            loop {
                tokio::select! {
                    receipts = &mut all => break receipts,
                    () = turns() => { fake.clock.advance(Duration::from_millis(100)); }
                }
            }
        })
        .await;
        assert!(receipts.iter().all(Result::is_ok));
        let script = fake.script();
        overlaps += usize::from(script.calling.1 > 1);
        let mut keys: HashMap<_, Vec<usize>> = HashMap::new();
        for one in script.stored.iter().filter(|one| one.key.is_some()) {
            let number = std::str::from_utf8(&one.payload).unwrap().parse().unwrap();
            keys.entry(one.key.clone()).or_default().push(number);
        }
        assert_eq!((script.stored.len(), keys.len()), (MESSAGES, KEYS));
        for (key, numbers) in keys {
            assert!(numbers.is_sorted(), "{key:?}: {numbers:?}");
        }
    }
    assert!(overlaps > 0, "no calls overlapped");
}
