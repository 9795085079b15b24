//! What is published before a delivery is acked: the outputs of its run, or its dead letter (T2).
//! Tries again until it is done, its lease is lost or trying cannot help.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::OnceCell;

use super::SubscriptionOptions;
use super::dead_letter::{self, DeadLetter};
use super::entries::Number;
use crate::bus::backoff::seed;
use crate::bus::{Backoff, Bus};
use crate::error::{Error, Kind, Result, Retry};
use crate::event::{CloudEvent, Output, execution_id};
use crate::handler::BoxFuture;
use crate::message::Message;
use crate::name::{GroupName, TopicName};
use crate::transport::{Confirmed, Delivery, Provision, StartPosition, SubscriberOptions};

/// How publishing ended.
pub(crate) struct Followed {
    pub(crate) number: Number,
    pub(crate) what: What,
    pub(crate) result: Result<()>,
}

/// What was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Outputs,
    DeadLetter,
}

/// Publishes for the handlers of one subscription.
pub(crate) struct Follower {
    pub(crate) bus: Bus,
    group: GroupName,
    provision: Provision,
    /// For each topic of the subscription.
    places: Vec<DeadLetters>,
}

/// Where the dead letters of a topic go.
struct DeadLetters {
    topic: TopicName,
    group: GroupName,
    provisioned: OnceCell<()>,
}

impl DeadLetters {
    fn of(topic: &TopicName, bus: &Bus) -> Result<Self> {
        Ok(Self {
            topic: bus.dead_letters_of(topic)?,
            group: bus.group_of(dead_letter::GROUP)?,
            provisioned: OnceCell::new(),
        })
    }

    fn refused(&self, letter: &DeadLetter, error: Error) -> Error {
        let why = "the broker takes no dead letter of this message, with the least of a reason \
                   neither: mend what it objects to, or take the message off its topic, and \
                   subscribe again";
        Error::new(error.kind(), why)
            .during("dead letter")
            .with("topic", &letter.topic)
            .with("position", &letter.position)
            .with("group", &letter.group)
            .with("dead_letters", &self.topic)
            .because(error)
    }
}

impl Follower {
    /// One for a subscription.
    ///
    /// # Errors
    /// [`Kind::InvalidName`] if the name of a topic for dead letters becomes too long.
    pub(crate) fn new(bus: &Bus, options: &SubscriptionOptions) -> Result<Self> {
        let places = options.topics.iter().map(|topic| DeadLetters::of(topic, bus));
        Ok(Self {
            bus: bus.clone(),
            group: options.group.clone(),
            provision: options.provision,
            places: places.collect::<Result<_>>()?,
        })
    }

    /// The events that follow from a run.
    pub(crate) fn events(
        &self,
        cause: &CloudEvent,
        outputs: Vec<Output>,
    ) -> Result<Vec<CloudEvent>> {
        let group = self.group.as_str();
        let execution = execution_id(group, group, cause);
        let source = format!("/{group}");
        let outputs = outputs.into_iter().enumerate();
        outputs
            .map(|(index, output)| output.into_event(cause, &source, &execution, index))
            .collect()
    }

    /// Publishes the outputs of a run. Permanent errors end it: the run has failed then.
    pub(crate) fn outputs(
        self: &Arc<Self>,
        number: Number,
        mut events: Vec<CloudEvent>,
    ) -> BoxFuture<Followed> {
        let this = Arc::clone(self);
        Box::pin(async move {
            let seed = seed();
            let mut result = Ok(());
            for failures in 1.. {
                let receipts = join_all(events.iter().map(|event| this.bus.publish(event))).await;
                let mut receipts = receipts.into_iter();
                let mut last = None;
                events.retain(|_| match receipts.next() {
                    Some(Err(error)) => {
                        last = Some(error);
                        true
                    }
                    Some(Ok(_)) | None => false,
                });
                result = match last {
                    None => Ok(()),
                    Some(error) if may_help(&error) => {
                        this.wait(&error, failures, seed, "outputs").await;
                        continue;
                    }
                    Some(error) => Err(error),
                };
                break;
            }
            Followed { number, what: What::Outputs, result }
        })
    }

    /// Publishes a dead letter.
    pub(crate) fn dead_letter(
        self: &Arc<Self>,
        number: Number,
        source: usize,
        letter: DeadLetter,
        delivery: Delivery,
    ) -> BoxFuture<Followed> {
        let this = Arc::clone(self);
        Box::pin(async move {
            let result = this.keep(&this.places[source], letter, &delivery).await;
            Followed { number, what: What::DeadLetter, result }
        })
    }

    /// Tries until a dead letter is kept, because the delivery must not be lost (T6): what is missing
    /// or forbidden is waited for. One that is refused for what it is says less of its attempts; its
    /// bytes are never cut.
    ///
    /// # Errors
    /// That the broker takes it in no form: waiting cannot help.
    async fn keep(
        &self,
        place: &DeadLetters,
        mut letter: DeadLetter,
        delivery: &Delivery,
    ) -> Result<()> {
        let seed = seed();
        let mut failures = 0;
        loop {
            let sent = match letter.message(delivery) {
                Ok(message) => self.send(place, message).await,
                Err(error) => Err(error),
            };
            let Err(error) = sent else { return Ok(()) };
            failures += 1;
            if !is_refused(&error) {
                self.wait(&error, failures, seed, "dead letter").await;
                continue;
            }
            letter = match letter.shortened() {
                Some(shorter) => shorter,
                None => return Err(place.refused(&letter, error)),
            };
        }
    }

    async fn wait(&self, error: &Error, failures: u32, seed: u64, what: &str) {
        let wait = Backoff::default().delay(failures, seed);
        tracing::warn!(group = %self.group, %error, failures, ?wait, what, "What follows from a delivery could not be published and is tried again");
        self.bus.clock().sleep(wait).await;
    }

    async fn send(&self, place: &DeadLetters, message: Message) -> Result<()> {
        place.provisioned.get_or_try_init(|| self.provision(place)).await?;
        let receipt = self.bus.publish_message(&place.topic, message).await?;
        match receipt.confirmed {
            Confirmed::Stored => Ok(()),
            Confirmed::NoGroup => Err(Error::new(
                Kind::Unroutable,
                "nobody keeps dead letters: create this group on the topic",
            )
            .with("topic", &place.topic)
            .with("group", &place.group)),
        }
    }

    /// Opens a subscriber once, which creates topic and group by any backend's own means.
    async fn provision(&self, place: &DeadLetters) -> Result<()> {
        if self.provision != Provision::Ensure {
            return Ok(());
        }
        let transport = self.bus.transport();
        match transport.admin() {
            Ok(admin) => {
                admin.create_topic(&place.topic).await?;
                let start = StartPosition::Earliest;
                admin.create_group(&place.topic, &place.group, start).await?;
                Ok(())
            }
            Err(error) if error.kind() == Kind::Unsupported => {
                let options = SubscriberOptions::default();
                let subscriber = transport.subscriber(&place.topic, &place.group, options);
                subscriber.await?.close().await
            }
            Err(error) => Err(error),
        }
    }
}

/// The ids of outputs are the same each time, so that doubt is resolved by trying again.
fn may_help(error: &Error) -> bool {
    match error.retry() {
        Retry::Temporary { .. } | Retry::Ambiguous | Retry::Exhausted => true,
        Retry::Permanent => false,
    }
}

/// Whether it is the message that the broker does not take, or the name. A topic or group that is
/// missing can be made while we wait.
fn is_refused(error: &Error) -> bool {
    let kind = error.kind();
    kind == Kind::InvalidName || kind.is_about_message() && kind != Kind::Unroutable
}
