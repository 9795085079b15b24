//! What the parts of one transport share: its clients, and the threads that may block for them.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaResult;
use rdkafka::metadata::Metadata;
use wingman_core::driver::{Door, Seats};
use wingman_core::transport::{Limits, Product};
use wingman_core::{Error, Kind, Result};

use super::asking::{Asking, Native, Watch};
use super::producer::Producer;
use crate::config::{Config, Role};
use crate::error::{Doing, from_native};
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

/// Made when they are needed first. Ending one blocks: see [`end`].
#[derive(Default)]
struct Clients {
    asking: Option<Arc<Asking>>,
    admin: Option<Arc<AdminClient<Watch>>>,
    producer: Option<Arc<Producer>>,
}

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
        // Files that cannot be read, and settings that the client refuses, are an error now.
        cluster.config.files().read()?;
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
    fn asking(&self) -> Result<Arc<Asking>> {
        let mut clients = self.clients();
        if let Some(asking) = &clients.asking {
            return Ok(asking.clone());
        }
        let made = Asking::new(&self.config, Role::Admin)?;
        Ok(clients.asking.insert(Arc::new(made)).clone())
    }

    /// The client for changing topology.
    pub(crate) fn admin(&self) -> Result<Arc<AdminClient<Watch>>> {
        let mut clients = self.clients();
        if let Some(admin) = &clients.admin {
            return Ok(admin.clone());
        }
        let made = self.config.native(Role::Admin).create_with_context(Watch::default());
        let made: AdminClient<Watch> =
            made.map_err(|error| from_native(Doing::Reading, "open", error))?;
        Ok(clients.admin.insert(Arc::new(made)).clone())
    }

    /// The client for publishing. A new one is made only when brokers take our connections, so that
    /// nothing is given to one that never could send it.
    pub(crate) async fn producer(self: &Arc<Self>) -> Result<Arc<Producer>> {
        if let Some(producer) = self.clients().usable_producer() {
            return Ok(producer);
        }
        self.block_on(|this| {
            this.knock()?;
            let mut clients = this.clients();
            // Somebody else may have been quicker.
            if let Some(producer) = clients.usable_producer() {
                return Ok(producer);
            }
            let made = Arc::new(Producer::new(&this.config)?);
            end(clients.producer.replace(made.clone()));
            Ok(made)
        })
        .await
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
        self.block_on(|this| this.ask("ping", any_answer).map(drop)).await
    }

    /// Whether brokers take a new connection of ours: one that is there may outlive what it was
    /// opened with. Blocks.
    pub(crate) fn knock(&self) -> Result<()> {
        end(self.clients().asking.take());
        self.ask("connect", any_answer).map(drop)
    }

    /// What the brokers tell of themselves: no version is among it.
    pub(super) async fn product(self: &Arc<Self>) -> Result<Product> {
        self.block_on(|this| {
            let told = this.ask("product", any_answer)?;
            let time = this.config.reply_time();
            let id = this.asking()?.native().client().fetch_cluster_id(time);
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

    /// Asks something: see [`Asking::ask`]. Blocks.
    ///
    /// A connection that is cut while it proves who we are looks refused: only what a new client is
    /// told as well is believed. No client is left that goes on trying then.
    pub(crate) fn ask<T>(
        &self,
        operation: &'static str,
        mut question: impl FnMut(&Native, Duration) -> KafkaResult<T>,
    ) -> Result<T> {
        let mut ask = || self.asking()?.ask(operation, self.config.reply_time(), &mut question);
        let is_refused = |asked: &Result<T>| {
            asked.as_ref().is_err_and(|error| error.kind() == Kind::Unauthenticated)
        };
        let mut asked = ask();
        for again in [true, false] {
            if is_refused(&asked) {
                end(std::mem::take(&mut *self.clients()));
                if again {
                    asked = ask();
                }
            }
        }
        asked.map_err(|error| error.with("servers", &self.config.servers))
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
        // What is behind it is whole at any time.
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clients {
    fn usable_producer(&self) -> Option<Arc<Producer>> {
        self.producer.clone().filter(|producer| !producer.is_broken())
    }
}

/// Ends clients, for which they wait for brokers.
fn end(clients: impl Send + 'static) {
    std::thread::spawn(move || drop(clients));
}

fn any_answer(native: &Native, time: Duration) -> KafkaResult<Metadata> {
    native.fetch_metadata(Some(ANY_TOPIC), time)
}

impl Drop for Cluster {
    fn drop(&mut self) {
        end(std::mem::take(&mut *self.clients()));
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("config", &self.config).finish_non_exhaustive()
    }
}
