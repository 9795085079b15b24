//! Order by key: one consumer at a time, in publish order, redelivery first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::transport::{Delivery, Settle};

use crate::actors::{Consumer, at_most, bodies, sorted};
use crate::environment::Environment;
use crate::expect::{Failure, Verdict, equal, holds};

const KEYS: usize = 10;
const MESSAGES_OF_A_KEY: usize = 20;
const CONSUMERS: usize = 3;

/// Ten keys in turn; the payload is the message's number within its key.
fn ten_keys() -> Vec<Message> {
    let all = (0..MESSAGES_OF_A_KEY).flat_map(|number| (0..KEYS).map(move |key| (key, number)));
    all.map(|(key, number)| Message::new(number.to_string()).with_key(format!("key-{key}")))
        .collect()
}

/// Without order, everything still arrives.
pub(super) async fn all_keys_arrive(on: &Environment) -> Verdict {
    let topic = on.topic("keys")?;
    let consumer = on.consumer(&topic, "all").await?;
    let sent = ten_keys();
    on.producer(&topic).await?.send(&sent).await?;
    let seen = consumer.drain(sent.len()).await?;
    equal("deliveries", sent.len(), seen.len())
}

pub(super) async fn what_comes_back_goes_before_later_ones_of_its_key(on: &Environment) -> Verdict {
    let topic = on.topic("back")?;
    let consumer = on.consumer(&topic, "all").await?;
    let message = |body: &'static str| Message::new(body).with_key("k");
    on.producer(&topic).await?.send(&["1", "2", "3"].map(message)).await?;
    let first = consumer.take_one().await?;
    equal("the first", vec!["1".to_owned()], bodies(std::slice::from_ref(&first)))?;
    consumer.settle(&first, Settle::Release).await?;
    let held = consumer.take(3).await?;
    equal("after one came back", "123".to_owned(), bodies(&held).concat())?;
    for delivery in held.iter().rev() {
        consumer.settle(delivery, Settle::Release).await?;
    }
    let again = consumer.take(3).await?;
    equal("after all came back", "123".to_owned(), bodies(&again).concat())?;
    consumer.ack(&again).await?;
    if on.capabilities().delayed_retry.is_supported() {
        a_delayed_head_is_waited_for(on, &topic, &consumer).await?;
    }
    consumer.nothing().await
}

async fn a_delayed_head_is_waited_for(
    on: &Environment,
    topic: &TopicName,
    consumer: &Consumer,
) -> Verdict {
    let message = |body: &'static str| Message::new(body).with_key("k");
    let producer = on.producer(topic).await?;
    producer.send(&[message("4")]).await?;
    let head = consumer.take_one().await?;
    let after = on.timing().retry;
    consumer.settle(&head, Settle::Retry { after }).await?;
    producer.send(&[message("5")]).await?;
    let both = consumer.take(2).await?;
    equal("behind a delayed head", "45".to_owned(), bodies(&both).concat())?;
    consumer.ack(&both).await
}

pub(super) async fn a_key_keeps_its_order_across_competing_consumers(on: &Environment) -> Verdict {
    let topic = on.topic("keys")?;
    let mut consumers = Vec::new();
    for _ in 0..CONSUMERS {
        consumers.push(on.consumer(&topic, "workers").await?);
    }
    let sent = ten_keys();
    on.producer(&topic).await?.send(&sent).await?;
    let book = Arc::new(Book::default());
    let mut working = tokio::task::JoinSet::new();
    for (number, consumer) in consumers.into_iter().enumerate() {
        let failing: Vec<bool> = (0..50).map(|_| on.choices().below(6) == 0).collect();
        let worker = Worker {
            number,
            consumer,
            book: book.clone(),
            deadline: Instant::now() + on.timing().patience,
            quiet: on.timing().quiet / 3,
        };
        working.spawn(worker.work(failing));
    }
    while let Some(ended) = working.join_next().await {
        ended.map_err(|panic| Failure::new(panic.to_string()))??;
    }
    book.verdict(sent.len())
}

/// Handles what it gets, one at a time, and lets some fail.
struct Worker {
    number: usize,
    consumer: Consumer,
    book: Arc<Book>,
    deadline: Instant,
    quiet: Duration,
}

impl Worker {
    async fn work(self, failing: Vec<bool>) -> Verdict {
        let mut failing = failing.into_iter();
        while self.book.acked() < KEYS * MESSAGES_OF_A_KEY && Instant::now() < self.deadline {
            let mut batch = self.consumer.subscriber.receive(at_most(7), self.quiet).await?;
            self.book.handed_over(self.number, &batch);
            while !batch.is_empty() {
                if failing.next() == Some(true) {
                    self.fail_head(&mut batch).await?;
                } else {
                    let head = batch.remove(0);
                    // Written down first: once the broker has the ack, others may go on.
                    self.book.acked_by(&head);
                    self.consumer.settle(&head, Settle::Ack).await?;
                }
            }
        }
        Ok(())
    }

    /// Returns the head with what is held behind it of its key, tail first.
    async fn fail_head(&self, batch: &mut Vec<Delivery>) -> Verdict {
        let key = batch[0].message.key.clone();
        let of_key: Vec<_> = batch.extract_if(.., |delivery| delivery.message.key == key).collect();
        for delivery in of_key.iter().rev() {
            self.book.returned(delivery);
            self.consumer.settle(delivery, Settle::Release).await?;
        }
        Ok(())
    }
}

/// What happened to each message, in the order it was written down.
#[derive(Default)]
struct Book(Mutex<Pages>);

#[derive(Default)]
struct Pages {
    states: BTreeMap<(String, usize), State>,
    acked: usize,
    wrong: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Held(usize),
    Returned,
    Acked,
}

impl Book {
    /// Each earlier message of the key must be acked, or with the same consumer.
    fn handed_over(&self, consumer: usize, batch: &[Delivery]) {
        let mut pages = self.pages();
        for delivery in batch {
            let (key, number) = place(delivery);
            let earlier = (0..number).find_map(|before| {
                let state = pages.states.get(&(key.clone(), before)).copied();
                let is_fine =
                    matches!(state, Some(State::Acked)) || state == Some(State::Held(consumer));
                (!is_fine).then_some((before, state))
            });
            if let Some((before, state)) = earlier {
                pages.wrong.get_or_insert(format!(
                    "{key}: message {number} came to consumer {consumer} while message {before} \
                     was {state:?}"
                ));
            }
            pages.states.insert((key, number), State::Held(consumer));
        }
    }

    fn acked_by(&self, delivery: &Delivery) {
        let mut pages = self.pages();
        pages.states.insert(place(delivery), State::Acked);
        pages.acked += 1;
    }

    fn returned(&self, delivery: &Delivery) {
        self.pages().states.insert(place(delivery), State::Returned);
    }

    fn acked(&self) -> usize {
        self.pages().acked
    }

    fn verdict(&self, sent: usize) -> Verdict {
        let pages = self.pages();
        holds("each key in order", pages.wrong.is_none(), &pages.wrong)?;
        equal("messages that were acked, each once", sent, pages.acked)?;
        equal("messages that were handed over", sent, pages.states.len())
    }

    fn pages(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(delivery: &Delivery) -> (String, usize) {
    let key = delivery.message.key.as_deref().unwrap_or_default();
    let number = sorted(std::slice::from_ref(delivery)).concat();
    (String::from_utf8_lossy(key).into(), number.parse().unwrap_or(usize::MAX))
}
