//! Who acts in a bus case: whoever asks, and processes that answer.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::Instant;
use wingman_core::Retry;
use wingman_core::bus::Bus;
use wingman_core::event::{CloudEvent, extension};
use wingman_core::name::TopicName;
use wingman_core::transport::Confirmed;

use super::script::Script;
use crate::environment::Environment;
use crate::expect::{Failure, Verdict, equal};
use crate::harness::{ASKED, GivenUp, LISTENER, Process, TELLER, TOLD, Work};

/// A wait between attempts where its length is of no concern.
pub(super) const SOON: Duration = Duration::from_millis(20);

/// A handler of [`ASKED`], three attempts, with a lease that does not end by itself.
pub(super) fn work(on: &Environment, handler: &str, script: &Script) -> Work {
    let lease = on.options(on.timing().long_lease()).lease;
    Work {
        handler: handler.to_owned(),
        consumes: ASKED,
        emits: None,
        code: script.handler(ASKED),
        retry: vec![SOON, SOON],
        hold_max: on.timing().case,
        run_time_max: on.timing().case,
        lease,
        in_flight_max: NonZeroUsize::new(256).unwrap_or(NonZeroUsize::MIN),
        ordered: is_ordered(on),
    }
}

/// Whether keys keep their order here.
pub(super) fn is_ordered(on: &Environment) -> bool {
    on.capabilities().order_by_key.is_supported()
}

/// A process with this work, on a connection of its own.
pub(super) async fn start(on: &Environment, work: Work) -> Verdict<Box<dyn Process>> {
    let bus = on.bus().await?;
    Ok(on.harness().start(bus, work).await?)
}

/// A process with the handler `answers`, whose dead letters may have at most this many bytes.
pub(super) async fn answers_in_little_room(
    on: &Environment,
    script: &Script,
    bytes_max: usize,
) -> Verdict<Box<dyn Process>> {
    let bus = on.narrow_bus(bytes_max).await?;
    Ok(on.harness().start(bus, work(on, "answers", script)).await?)
}

/// A process with the handler `answers` and this script.
pub(super) async fn answers(on: &Environment, script: &Script) -> Verdict<Box<dyn Process>> {
    start(on, work(on, "answers", script)).await
}

/// A process with the handler `teller`, which tells what it is asked.
pub(super) async fn tells(on: &Environment, script: &Script) -> Verdict<Box<dyn Process>> {
    let mut tells = work(on, TELLER, script);
    tells.emits = Some(TOLD);
    start(on, tells).await
}

/// A process with the handler [`LISTENER`], which takes what is told.
pub(super) async fn listens(on: &Environment, script: &Script) -> Verdict<Box<dyn Process>> {
    let mut listens = work(on, LISTENER, script);
    (listens.consumes, listens.code) = (TOLD, script.handler(TOLD));
    start(on, listens).await
}

/// Ends a process that has nothing left to do.
pub(super) async fn stop(on: &Environment, process: Box<dyn Process>) -> Verdict {
    let stopping = process.stop(on.timing().patience);
    let most = on.timing().patience * 2;
    tokio::time::timeout(most, stopping)
        .await
        .map_err(|_| Failure::new(format!("expected an end within {most:?}, seen none")))
}

/// Whoever publishes.
pub(super) struct Asker {
    pub(super) bus: Bus,
    pub(super) topic: TopicName,
    patience: Duration,
    wait: Duration,
}

impl Asker {
    pub(super) async fn new(on: &Environment) -> Verdict<Self> {
        let bus = on.bus().await?;
        Ok(Self {
            topic: bus.topic_of(ASKED)?,
            bus,
            patience: on.timing().patience,
            wait: on.timing().quiet / 10,
        })
    }

    /// Publishes events of one key, in order.
    pub(super) async fn ask(&self, key: &str, numbers: std::ops::Range<usize>) -> Verdict {
        for number in numbers {
            self.publish(&asked(key, number)?).await?;
        }
        Ok(())
    }

    /// Publishes an event until the broker confirms that it keeps it for the group, as a producer does that loses
    /// nothing.
    pub(super) async fn publish(&self, event: &CloudEvent) -> Verdict {
        let deadline = Instant::now() + self.patience;
        loop {
            let error = match self.bus.publish(event).await {
                Ok(receipt) => {
                    return equal("a group listens", Confirmed::Stored, receipt.confirmed);
                }
                Err(error) => error,
            };
            if error.retry() == Retry::Permanent || Instant::now() > deadline {
                return Err(error.into());
            }
            // The broker is away for a moment; asking more often does not bring it back sooner.
            tokio::time::sleep(self.wait).await;
        }
    }

    /// Exactly this many deliveries of the asked topic that were given up.
    pub(super) async fn given_up(&self, on: &Environment, count: usize) -> Verdict<Vec<GivenUp>> {
        let all = (on.harness()).given_up(&self.bus, &self.topic, count, self.patience).await?;
        equal("dead letters", count, all.len())?;
        Ok(all)
    }
}

/// The body of an event: `k3-007`.
pub(super) fn body(key: &str, number: usize) -> String {
    format!("{key}-{number:03}")
}

/// An event of [`ASKED`], whose id is its body.
pub(super) fn asked(key: &str, number: usize) -> Verdict<CloudEvent> {
    event(ASKED, key, &body(key, number))
}

/// An event with this body, which is its id too.
pub(super) fn event(ty: &str, key: &str, body: &str) -> Verdict<CloudEvent> {
    let mut event = CloudEvent::new(body, "/suite", ty)?;
    event.set_extension(extension::PARTITION_KEY, key)?;
    Ok(event.with_json(format!("{body:?}")))
}
