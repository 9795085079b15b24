//! One consumer on one channel: what it brought, until the channel ends.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::sync::Notify;
use tokio::time::Instant;
use wingman_core::driver::lacking;
use wingman_core::transport::Generation;
use wingman_core::{Error, Kind, Result};

use super::shelf::{Known, Shelf};
use crate::admin::topology::{Standing, queue_name};
use crate::config::Order;
use crate::subscriber::Seat;
use crate::transport::Purpose;

pub(super) struct Link {
    pub(super) channel: Channel,
    pub(super) generation: Generation,
    shelf: Mutex<Shelf>,
    wake: Notify,
    /// When something was acked last.
    acked: Mutex<Option<Instant>>,
}

/// How long after an ack a channel may be closed. The server answers no ack, applies it later, and
/// drops those that wait behind more than 32 others of a quorum queue when the channel ends.
const ACKS_APPLIED_AFTER: Duration = Duration::from_millis(250);

impl Link {
    /// Begins to consume; what the consumer brings is for the shelf.
    pub(super) async fn open(
        seat: &Seat,
        standing: Standing,
        known: &mut Known,
    ) -> Result<(Arc<Self>, Consumer)> {
        const OPERATION: &str = "subscribe";
        let connector = &seat.server.connector;
        let channel = connector.channel(Purpose::Consuming).await?;
        // Without it the server sends all that it has, and the client keeps it.
        let prefetch = channel.basic_qos(seat.server.config.prefetch, BasicQosOptions::default());
        connector.ask(OPERATION, prefetch).await?;
        let exclusive = seat.options.ordered
            && standing == Standing::Found
            && seat.server.config.order == Order::Auto;
        let options = BasicConsumeOptions { exclusive, ..BasicConsumeOptions::default() };
        let queue = queue_name(&seat.topic, &seat.group);
        let none = FieldTable::default();
        let consumer = channel.basic_consume(queue.clone(), "".into(), options, none);
        let consumer = connector.ask(OPERATION, consumer).await.map_err(|error| {
            let error = match error.kind() {
                Kind::Forbidden if exclusive => alone(error),
                _ => lacking(error, format_args!("read on {queue}")),
            };
            error.with("topic", &seat.topic).with("group", &seat.group).with("queue", queue)
        })?;
        let shelf = Shelf::new(seat.options.ordered, std::mem::take(known));
        let (generation, shelf) = (shelf.generation(), Mutex::new(shelf));
        let (wake, acked) = (Notify::new(), Mutex::default());
        Ok((Arc::new(Self { channel, generation, shelf, wake, acked }), consumer))
    }

    pub(super) fn is_lost(&self) -> bool {
        !self.channel.status().connected()
    }

    pub(super) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Nothing panics half-way through a change, so a poisoned shelf is still whole.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that acks were written.
    pub(super) fn acked(&self) {
        *self.last_acked() = Some(Instant::now());
    }

    /// Ends the channel, once the server had time for the acks. One that is lost has ended already.
    pub(super) async fn close(&self) {
        let acked = *self.last_acked();
        if let Some(acked) = acked.filter(|_| !self.is_lost()) {
            tokio::time::sleep_until(acked + ACKS_APPLIED_AFTER).await;
        }
        let _ = self.channel.close(200, "OK".into()).await;
    }

    fn last_acked(&self) -> MutexGuard<'_, Option<Instant>> {
        // One value: whole at any time.
        self.acked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a look is worth while.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns once a look is worth while. Cancel-safe.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}

/// The queue is not known to keep the order among several consumers, and somebody else consumes it.
fn alone(error: Error) -> Error {
    let why = "ordered deliveries to several subscribers need a queue with x-single-active-consumer \
        (say so by order=single-active-consumer), or a consistent hash exchange before such queues: \
        this queue is not known to have either, and is refused to us alone";
    Error::new(Kind::Unsupported, why).during("subscribe").because(error)
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("generation", &self.generation).finish_non_exhaustive()
    }
}
