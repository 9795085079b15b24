//! One consumer on one channel: what it brought, until the channel ends.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::sync::Notify;
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
}

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
                _ => error,
            };
            error.with("topic", &seat.topic).with("group", &seat.group).with("queue", queue)
        })?;
        let shelf = Shelf::new(seat.options.ordered, std::mem::take(known));
        let (generation, shelf) = (shelf.generation(), Mutex::new(shelf));
        Ok((Arc::new(Self { channel, generation, shelf, wake: Notify::new() }), consumer))
    }

    pub(super) fn is_lost(&self) -> bool {
        !self.channel.status().connected()
    }

    pub(super) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // Nothing panics half-way through a change, so a poisoned shelf is still whole.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
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
