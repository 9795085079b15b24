//! A broker that does what a script says and remembers what it was told.

use std::any::Any;
use std::collections::VecDeque;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, watch};

use super::Dice;
use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Kind, Result};
use crate::message::Message;
use crate::name::{GroupName, TopicName};
use crate::transport::{
    AckToken, Admin, Capabilities, Confirmed, Delivery, Generation, Limits, Position, Product,
    Publisher, PublisherOptions, Receipt, Settle, Subscriber, SubscriberOptions, Support,
    Transport,
};

/// What a call of the driver gives.
pub(super) type Answer = Result<Vec<Result<()>>>;

#[derive(Debug, Default)]
pub(super) struct Script {
    /// What opening a subscriber gives; afterwards it works.
    pub(super) opens: VecDeque<Error>,
    /// What `receive` gives; afterwards it waits.
    pub(super) receives: VecDeque<Result<Vec<Delivery>>>,
    /// What `publish` gives; afterwards everything is stored.
    pub(super) publishes: VecDeque<Answer>,
    /// Throws how long a call takes, and for each of its messages whether the broker has no room for it.
    pub(super) crowd: Option<Dice>,
    /// What the broker has, in its order.
    pub(super) stored: Vec<Message>,
    /// Calls of `publish` that have not returned, and the most that there were.
    pub(super) calling: (usize, usize),
    /// What `settle` gives; afterwards everything is settled.
    pub(super) settles: VecDeque<Answer>,
    /// Everything that was to be published, a list for each call as it began.
    pub(super) published: Vec<Vec<Message>>,
    pub(super) settled: Vec<(u64, Settle)>,
    /// The tokens of what was settled.
    pub(super) tokens: Vec<AckToken>,
    /// Calls of `extend`.
    pub(super) extended: Vec<Vec<u64>>,
    /// Positions whose lease is gone.
    pub(super) lost: Vec<u64>,
    /// Positions that go to another consumer.
    pub(super) leaving: Vec<u64>,
    pub(super) closed: bool,
}

impl Script {
    fn begin(&mut self, batch: &[Message]) {
        self.published.push(batch.to_vec());
        let (now, most) = &mut self.calling;
        *now += 1;
        *most = (*most).max(*now);
    }

    fn throw(&mut self) -> bool {
        self.crowd.as_mut().is_some_and(|dice| dice.one_in(4))
    }

    /// After one that has no room the rest is not sent, as in every driver: it would overtake.
    fn store(&mut self, messages: usize) -> Vec<Result<()>> {
        let room = (0..messages).take_while(|_| !self.throw()).count();
        let full = || Err(Error::new(Kind::Overloaded, "no room"));
        (0..messages).map(|number| if number < room { Ok(()) } else { full() }).collect()
    }
}

#[derive(Debug)]
pub(super) struct Fake {
    pub(super) clock: Clock,
    script: Mutex<Script>,
    changed: Notify,
    /// While true, `publish` does not answer.
    pub(super) stuck: watch::Sender<bool>,
    generation: Mutex<Generation>,
    pub(super) ordered: Support,
    pub(super) delayed_retry: Support,
    pub(super) stable_position: Support,
    pub(super) groups_of_existing: Support,
}

impl Fake {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            clock: Clock::manual(Timestamp::from_millis(1_000)),
            script: Mutex::default(),
            changed: Notify::new(),
            stuck: watch::Sender::new(false),
            generation: Mutex::new(Generation::next()),
            ordered: Support::Native,
            delayed_retry: Support::Native,
            stable_position: Support::Native,
            groups_of_existing: Support::Native,
        })
    }

    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// What comes from now on is of another connection.
    pub(super) fn reconnect(&self) {
        *self.generation.lock().unwrap() = Generation::next();
    }

    pub(super) fn receives(&self, result: Result<Vec<Delivery>>) {
        self.script().receives.push_back(result);
        self.changed.notify_one();
    }

    /// A delivery of an event, at this place, from now on.
    pub(super) fn delivery(&self, message: Message, place: u64) -> Delivery {
        Delivery {
            message,
            position: Position { lane: 0, major: place, minor: 0 },
            token: AckToken {
                generation: *self.generation.lock().unwrap(),
                lane: 0,
                position: place,
                sequence: 0,
                handle: None,
            },
            attempt: NonZeroU32::new(1),
            received: self.clock.now(),
            lease: Some(Duration::from_secs(30)),
        }
    }
}

/// The transport, its publishers and subscribers at once.
#[derive(Debug, Clone)]
pub(super) struct FakeTransport {
    fake: Arc<Fake>,
    /// Of this subscriber alone: letters are provisioned by one that is opened and closed.
    closed: Arc<AtomicBool>,
}

impl FakeTransport {
    pub(super) fn over(fake: &Arc<Fake>) -> Arc<dyn Transport> {
        Arc::new(Self { fake: Arc::clone(fake), closed: Arc::default() })
    }
}

#[async_trait]
impl Transport for FakeTransport {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "fake",
            order_by_key: self.fake.ordered,
            delayed_retry: self.fake.delayed_retry,
            attempt_count: Support::Native,
            dead_letter: Support::Unsupported,
            lease_extension: Support::Native,
            replay: Support::Unsupported,
            transactions: Support::Unsupported,
            admin: Support::Unsupported,
            lag: Support::Unsupported,
            no_group_reported: Support::Unsupported,
            stable_position: self.fake.stable_position,
            groups_of_existing: self.fake.groups_of_existing,
            survives_restart: false,
            limits: Limits {
                payload_bytes_max: 1 << 20,
                batch_messages_max: 10,
                publish_calls_max: None,
                headers_max: None,
                delay_max: None,
                lease_max: None,
                hold_max: Some(Duration::from_secs(300)),
            },
        }
    }

    async fn publisher(&self, _: &TopicName, _: PublisherOptions) -> Result<Box<dyn Publisher>> {
        Ok(Box::new(self.clone()))
    }

    async fn subscriber(
        &self,
        _: &TopicName,
        _: &GroupName,
        _: SubscriberOptions,
    ) -> Result<Box<dyn Subscriber>> {
        match self.fake.script().opens.pop_front() {
            Some(error) => Err(error),
            None => Ok(Box::new(Self { closed: Arc::default(), ..self.clone() })),
        }
    }

    fn admin(&self) -> Result<Arc<dyn Admin>> {
        Err(Error::new(Kind::Unsupported, "the fake has no admin"))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn product(&self) -> Result<Product> {
        Ok(Product::named("fake"))
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }

    fn native(&self) -> &dyn Any {
        self
    }
}

#[async_trait]
impl Publisher for FakeTransport {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        self.fake.script().begin(batch);
        let _ = self.fake.stuck.subscribe().wait_for(|stuck| !stuck).await;
        while self.fake.script().throw() {
            tokio::task::yield_now().await;
        }
        let mut script = self.fake.script();
        script.calling.0 -= 1;
        let answers = match script.publishes.pop_front() {
            Some(answers) => answers?,
            None => script.store(batch.len()),
        };
        let stored = batch.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
        script.stored.extend(stored.map(|(message, _)| message.clone()));
        let receipt = Receipt { position: None, confirmed: Confirmed::Stored };
        Ok(answers.into_iter().map(|answer| answer.map(|()| receipt.clone())).collect())
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Subscriber for FakeTransport {
    async fn receive(&self, max: NonZeroUsize, _: Duration) -> Result<Vec<Delivery>> {
        loop {
            {
                if self.closed.load(Ordering::Relaxed) {
                    return Err(Error::new(Kind::Closed, "closed"));
                }
                let mut script = self.fake.script();
                if let Some(result) = script.receives.pop_front() {
                    assert!(
                        result.as_ref().is_ok_and(|all| all.len() <= max.get()) || result.is_err()
                    );
                    return result;
                }
            }
            self.fake.changed.notified().await;
        }
    }

    async fn settle(&self, batch: &[(AckToken, Settle)]) -> Answer {
        let mut script = self.fake.script();
        if let Some(answer) = script.settles.pop_front() {
            return answer;
        }
        for (token, settle) in batch {
            script.settled.push((token.position, *settle));
            script.tokens.push(token.clone());
        }
        Ok(batch.iter().map(|_| Ok(())).collect())
    }

    async fn extend(&self, tokens: &[AckToken], _: Duration) -> Answer {
        let mut script = self.fake.script();
        script.extended.push(tokens.iter().map(|token| token.position).collect());
        let renew = |token: &AckToken| match script.lost.contains(&token.position) {
            true => Err(Error::new(Kind::StaleLease, "lost")),
            false => Ok(()),
        };
        Ok(tokens.iter().map(renew).collect())
    }

    fn holds(&self, token: &AckToken) -> bool {
        !self.fake.script().leaving.contains(&token.position)
    }

    async fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Relaxed);
        self.fake.script().closed = true;
        self.fake.changed.notify_one();
        Ok(())
    }
}
