//! What the parts of one transport share: its clients, and the threads that may block for them.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use wingman_core::driver::{Door, Seats};
use wingman_core::transport::{Limits, Product};
use wingman_core::{Error, Kind, Result};

use super::producer::{Producer, Quiet};
use crate::config::{Config, Role};
use crate::error::{Doing, from_code, from_native};
use crate::publisher::BATCH_MESSAGES_MAX;
use crate::subscriber::Seat;

pub(crate) struct Cluster {
    pub(crate) config: Config,
    pub(crate) door: Door,
    native: ClientConfig,
    clients: Mutex<Clients>,
    /// Subscribers that were opened and may still live.
    pub(super) seats: Seats<Seat>,
}

/// Made when they are needed first. Ending one blocks: see [`Cluster::drop`].
#[derive(Default)]
struct Clients {
    asking: Option<Arc<Asking>>,
    admin: Option<Arc<AdminClient<Quiet>>>,
    producer: Option<Arc<Producer>>,
}

/// The client for questions. It is in no group.
pub(crate) type Asking = BaseConsumer<Watch>;

/// Events that a client may have told since it was polled last.
const EVENTS_MAX: usize = 16;
/// A topic to ask for when nothing but an answer is wanted.
const ANY_TOPIC: &str = "wingman";

impl Cluster {
    pub(super) fn new(config: Config) -> Result<Self> {
        let cluster = Self {
            native: config.native(Role::Admin),
            config,
            door: Door::new("kafka transport"),
            clients: Mutex::default(),
            seats: Seats::default(),
        };
        // Settings that the client refuses are an error now.
        cluster.asking()?;
        Ok(cluster)
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            payload_bytes_max: self.config.payload_bytes_max,
            batch_messages_max: BATCH_MESSAGES_MAX,
            headers_max: None,
            delay_max: None,
            lease_max: None,
            hold_max: None,
        }
    }

    /// The client for questions.
    pub(crate) fn asking(&self) -> Result<Arc<Asking>> {
        let mut clients = self.clients();
        if let Some(asking) = &clients.asking {
            return Ok(asking.clone());
        }
        let made = self.config.native(Role::Admin).create_with_context(Watch::default());
        let made: Asking = made.map_err(|error| from_native(Doing::Reading, "open", error))?;
        Ok(clients.asking.insert(Arc::new(made)).clone())
    }

    /// The client for changing topology.
    pub(crate) fn admin(&self) -> Result<Arc<AdminClient<Quiet>>> {
        let mut clients = self.clients();
        if let Some(admin) = &clients.admin {
            return Ok(admin.clone());
        }
        let made = self.config.native(Role::Admin).create_with_context(Quiet);
        let made: AdminClient<Quiet> =
            made.map_err(|error| from_native(Doing::Reading, "open", error))?;
        Ok(clients.admin.insert(Arc::new(made)).clone())
    }

    /// The client for publishing.
    pub(crate) fn producer(&self) -> Result<Arc<Producer>> {
        let mut clients = self.clients();
        if let Some(producer) = clients.producer.as_ref().filter(|it| !it.is_broken()) {
            return Ok(producer.clone());
        }
        let made = Arc::new(Producer::new(&self.config)?);
        if let Some(broken) = clients.producer.replace(made.clone()) {
            std::thread::spawn(move || drop(broken));
        }
        Ok(made)
    }

    /// Runs what blocks on a thread that may.
    pub(crate) async fn block_on<T: Send + 'static>(
        self: &Arc<Self>,
        run: impl FnOnce(Arc<Self>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || run(this)).await.unwrap_or_else(|panic| {
            Err(Error::new(Kind::Internal, "a call of the client panicked").because(panic))
        })
    }

    /// One round trip.
    pub(super) async fn ping(self: &Arc<Self>) -> Result<()> {
        self.block_on(|this| {
            let time = this.config.reply_time();
            this.ask("ping", |asking| asking.fetch_metadata(Some(ANY_TOPIC), time)).map(drop)
        })
        .await
    }

    /// What the brokers tell of themselves: no version is among it.
    pub(super) async fn product(self: &Arc<Self>) -> Result<Product> {
        self.block_on(|this| {
            let time = this.config.reply_time();
            let told =
                this.ask("product", |asking| asking.fetch_metadata(Some(ANY_TOPIC), time))?;
            let id = this.asking()?.client().fetch_cluster_id(time);
            let brokers = told.brokers().iter();
            let brokers: Vec<_> = brokers
                .map(|one| format!("{} at {}:{}", one.id(), one.host(), one.port()))
                .collect();
            let mut product = Product::named("Kafka").with("brokers", brokers.join(", "));
            if let Some(id) = id {
                product = product.with("cluster id", id);
            }
            Ok(product)
        })
        .await
    }

    /// Asks something. Blocks.
    ///
    /// A client whose credentials are refused answers only that no broker is there; why, it tells
    /// its context when it is polled.
    pub(crate) fn ask<T>(
        &self,
        operation: &'static str,
        question: impl FnOnce(&Asking) -> KafkaResult<T>,
    ) -> Result<T> {
        let asking = self.asking()?;
        question(&asking).map_err(|error| {
            for _ in 0..EVENTS_MAX {
                // It has no messages to give.
                let _ = asking.poll(Duration::ZERO);
            }
            let error = match asking.context().refused() {
                Some(code) => from_code(Doing::Reading, operation, code),
                None => from_native(Doing::Reading, operation, error),
            };
            error.with("servers", &self.config.servers)
        })
    }

    /// How long an administrative call may take.
    pub(crate) fn patience(&self) -> AdminOptions {
        let time = Some(self.config.reply_time());
        AdminOptions::new().request_timeout(time).operation_timeout(time)
    }

    pub(super) async fn close(self: &Arc<Self>) {
        self.door.shut();
        let seats = self.seats.take();
        let mut leaving: Vec<_> = seats.iter().map(|seat| Box::pin(seat.leave())).collect();
        for leaving in &mut leaving {
            leaving.await;
        }
        // Whoever publishes is told by the confirm, or by its time-out.
        self.door.emptied(self.config.confirm_time()).await;
        let clients = std::mem::take(&mut *self.clients());
        // The last references: ending them waits for their threads.
        let _ = tokio::task::spawn_blocking(move || drop(clients)).await;
    }

    pub(super) fn native(&self) -> &dyn Any {
        &self.native
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        lock(&self.clients)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let clients = std::mem::take(&mut *self.clients());
        std::thread::spawn(move || drop(clients));
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Remembers why brokers refused us.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Option<RDKafkaErrorCode>>);

impl Watch {
    fn refused(&self) -> Option<RDKafkaErrorCode> {
        *lock(&self.0)
    }
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "The Kafka client told of an error");
        if let Some(code) = error.rdkafka_error_code()
            && from_code(Doing::Reading, "connect", code).kind() == Kind::Unauthenticated
        {
            *lock(&self.0) = Some(code);
        }
    }
}

impl ConsumerContext for Watch {}

/// The client's own log: what matters of it comes as an error as well.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    tracing::debug!(target: "librdkafka", ?level, facility, message);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is whole at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
