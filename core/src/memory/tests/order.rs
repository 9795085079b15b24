//! Order by key under random hand-overs, returns, crashes and time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Desk, LEASE, take};
use crate::choices::Choices;
use crate::clock::Timestamp;
use crate::memory::MemoryLimits;
use crate::message::Message;
use crate::transport::{Delivery, Settle, Subscriber};

const KEYS: u64 = 10;
const MESSAGES: u64 = 300;
const STEPS_MAX: u64 = 200_000;

/// What one consumer holds, by key and offset, and what the whole group has settled.
#[derive(Default)]
struct Model {
    held: [BTreeMap<(u64, u64), Delivery>; 3],
    acked: BTreeSet<u64>,
}

impl Model {
    /// A hand-over may come only when every earlier message of its key is acked or with the same
    /// consumer, and no other consumer has any of the key.
    fn hand_over(&mut self, consumer: usize, delivery: Delivery) {
        let offset = delivery.position.major;
        let key = offset % KEYS;
        for other in (0..self.held.len()).filter(|other| *other != consumer) {
            let theirs = self.held[other].keys().any(|(of, _)| *of == key);
            assert!(!theirs, "key {key} is with two consumers at offset {offset}");
        }
        for earlier in (key..offset).step_by(KEYS as usize) {
            let settled = self.acked.contains(&earlier);
            let with_us = self.held[consumer].contains_key(&(key, earlier));
            assert!(settled || with_us, "{offset} went before {earlier} of key {key}");
        }
        assert!(!self.acked.contains(&offset), "{offset} came back after its ack");
        self.held[consumer].insert((key, offset), delivery);
    }

    fn expire(&mut self, now: Timestamp) {
        for held in &mut self.held {
            held.retain(|_, delivery| now < delivery.received + LEASE);
        }
    }
}

async fn random_run(seed: u64) {
    let mut choices = Choices(seed);
    let desk = Desk::open(MemoryLimits::default()).await;
    let consumers =
        [desk.join("billing").await, desk.join("billing").await, desk.join("billing").await];
    let mut model = Model::default();
    let mut published = 0;
    for step in 0.. {
        assert!(step < STEPS_MAX, "seed {seed}: {} acked", model.acked.len());
        if model.acked.len() as u64 == MESSAGES {
            break;
        }
        let consumer = choices.below(3) as usize;
        match choices.below(100) {
            0..20 if published < MESSAGES => {
                let key = (published % KEYS).to_string();
                let message = Message::new("").with_key(key);
                desk.publisher.publish(&[message]).await.unwrap();
                published += 1;
            }
            0..60 => {
                let max = 1 + choices.below(4) as usize;
                for delivery in take(&*consumers[consumer], max).await {
                    model.hand_over(consumer, delivery);
                }
            }
            60..97 => settle_one(&mut choices, &*consumers[consumer], consumer, &mut model).await,
            97 => {
                desk.clock.advance(Duration::from_secs(1 + choices.below(3)));
                model.expire(desk.clock.now());
            }
            98 => {
                desk.clock.advance(LEASE);
                model.expire(desk.clock.now());
            }
            _ => {
                desk.transport.restart();
                model.held = Default::default();
                for subscriber in &consumers {
                    let told = subscriber.receive(super::at_most(1), Duration::ZERO).await;
                    told.unwrap_err();
                }
            }
        }
    }
}

async fn settle_one(
    choices: &mut Choices,
    subscriber: &dyn Subscriber,
    consumer: usize,
    model: &mut Model,
) {
    let count = model.held[consumer].len() as u64;
    if count == 0 {
        return;
    }
    let place = *model.held[consumer].keys().nth(choices.below(count) as usize).unwrap();
    let delivery = model.held[consumer].remove(&place).unwrap();
    let how = match choices.below(10) {
        0 => Settle::Release,
        1..4 => Settle::Retry { after: Duration::from_secs(choices.below(3)) },
        _ => Settle::Ack,
    };
    assert_eq!(super::settle(subscriber, &delivery, how).await, None);
    if how == Settle::Ack {
        model.acked.insert(place.1);
    }
}

#[tokio::test]
async fn a_key_is_with_one_consumer_and_in_order_whatever_happens() {
    for seed in 0..20 {
        random_run(seed).await;
    }
}
