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
use tokio::time::Instant;
use wingman_core::driver::{Door, Seats};
use wingman_core::transport::{Limits, Product};
use wingman_core::{Error, Kind, Result};

use super::admission::{self, Admission, Knock, is_refusal};
use super::asking::{Asking, Native, Watch};
use super::ending::{Ended, Ending};
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
    admission: Admission,
    /// Subscribers that were opened and may still live.
    pub(super) seats: Seats<Seat>,
}

/// Made when they are needed first.
#[derive(Default)]
struct Clients {
    asking: Option<Arc<Asking>>,
    admin: Option<Arc<Ending<AdminClient<Watch>>>>,
    producer: Option<Arc<Producer>>,
    /// None is made any more.
    is_closed: bool,
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
            admission: Admission::default(),
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
            publish_calls_max: None,
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
        clients.check_open()?;
        let made = Asking::new(&self.config, Role::Admin)?;
        Ok(clients.asking.insert(Arc::new(made)).clone())
    }

    /// The client for changing topology.
    pub(crate) fn admin(&self) -> Result<Arc<Ending<AdminClient<Watch>>>> {
        let mut clients = self.clients();
        if let Some(admin) = &clients.admin {
            return Ok(admin.clone());
        }
        clients.check_open()?;
        let made = self.config.native(Role::Admin).create_with_context(Watch::default());
        let made: AdminClient<Watch> =
            made.map_err(|error| from_native(Doing::Reading, "open", error))?;
        Ok(clients.admin.insert(Arc::new(Ending::new(made))).clone())
    }

    /// A client that asks and commits for a group; it ends with its user.
    pub(crate) fn observer(&self, group: &str) -> Result<Asking> {
        Asking::new(&self.config, Role::Observer { group })
    }

    /// The client for publishing. A new one is made only when brokers take our connections, so that
    /// nothing is given to one that never could send it; one that a broker refused goes on if they do.
    ///
    /// Waits no longer than a reply may take while brokers are away, and is `Unavailable` then: nothing
    /// waits for a confirm yet. `Closed` ends the wait.
    pub(crate) async fn producer(self: &Arc<Self>) -> Result<Arc<Producer>> {
        let producer = self.clients().usable_producer();
        let doubt = producer.as_ref().and_then(|producer| producer.doubt());
        if let Some(producer) = &producer
            && doubt.is_none()
        {
            return Ok(producer.clone());
        }
        let knock = self.knock(doubt);
        tokio::select! {
            told = knock.answered() => told?,
            closed = self.door.shutting() => return Err(closed),
        }
        if let Some(producer) = producer {
            producer.forget();
            return Ok(producer);
        }
        self.block_on(|this| {
            let mut clients = this.clients();
            // Somebody else may have been quicker.
            if let Some(producer) = clients.usable_producer() {
                return Ok(producer);
            }
            clients.check_open()?;
            let made = Arc::new(Producer::new(&this.config)?);
            let before = clients.producer.replace(made.clone());
            drop(clients);
            // Ending a client may block, and others wait for the lock.
            drop(before);
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

    /// Asks whether brokers take new connections of ours: one that is there may outlive what it was
    /// opened with. `told`: what another client was refused with. Does not block.
    pub(crate) fn knock(self: &Arc<Self>, told: Option<Error>) -> Knock {
        let this = self.clone();
        self.admission.knock(move || this.judge(told))
    }

    /// Whether they do, by new clients. If not, no client is left that goes on trying.
    fn judge(&self, told: Option<Error>) -> Result<()> {
        let again = || {
            self.door.check()?;
            let new = Asking::new(&self.config, Role::Admin).map_err(|error| {
                // The settings made clients before.
                Error::new(Kind::Unavailable, "no client could be made to ask brokers")
                    .because(error)
            })?;
            new.ask("connect", self.config.reply_time(), any_answer).map(drop)
        };
        let was_refused = told.is_some();
        let told = told.map_or_else(again, Err);
        let judged = admission::judged(told, std::thread::sleep, again);
        let ended = match &judged {
            Err(error) if is_refusal(error) => self.clients().take(),
            // Those who only ask are made anew; who publishes may have messages under way.
            Err(_) if was_refused => self.clients().take_asking(),
            Ok(()) | Err(_) => Clients::default(),
        };
        drop(ended);
        judged.map_err(|error| error.with("servers", &self.config.servers))
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

    /// Asks something. Blocks.
    pub(crate) fn ask<T>(
        self: &Arc<Self>,
        operation: &'static str,
        question: impl FnMut(&Native, Duration) -> KafkaResult<T>,
    ) -> Result<T> {
        self.ask_by(&*self.asking()?, operation, question)
    }

    /// Asks something by this client. If it is refused, and new ones are not, it is asked once more.
    /// Blocks: see [`Self::block_on`].
    pub(crate) fn ask_by<T>(
        self: &Arc<Self>,
        client: &Asking,
        operation: &'static str,
        mut question: impl FnMut(&Native, Duration) -> KafkaResult<T>,
    ) -> Result<T> {
        let mut ask = || client.ask(operation, self.config.reply_time(), &mut question);
        let place = |error: Error| error.with("servers", &self.config.servers);
        let refusal = match ask() {
            Err(error) if is_refusal(&error) => error,
            asked => return asked.map_err(place),
        };
        let knock = self.knock(Some(refusal));
        tokio::runtime::Handle::current()
            .block_on(knock.answered())
            .map_err(|error| error.during(operation))?;
        client.forget();
        ask().map_err(|error| place(if is_refusal(&error) { cut(operation, error) } else { error }))
    }

    /// How long an administrative call may take.
    pub(crate) fn patience(&self) -> AdminOptions {
        let time = Some(self.config.reply_time());
        AdminOptions::new().request_timeout(time).operation_timeout(time)
    }

    pub(super) async fn close(self: &Arc<Self>) {
        let (reply, confirm) = (self.config.reply_time(), self.config.confirm_time());
        let until = Instant::now() + reply + confirm;
        self.door.shut();
        let seats = self.seats.take();
        seats.iter().for_each(|seat| seat.stop());
        let left = async {
            for seat in &seats {
                seat.left().await;
            }
        };
        // A client may wait for brokers that are gone; its thread ends without us then.
        let _ = tokio::time::timeout(reply, left).await;
        // Whoever publishes is told by the confirm, or by its time-out.
        self.door.emptied(confirm).await;
        // One that was being opened meanwhile.
        self.seats.take().iter().for_each(|seat| seat.stop());
        let clients = {
            let mut clients = self.clients();
            clients.is_closed = true;
            clients.take()
        };
        let ends = clients.ends();
        drop(clients);
        let ended = async {
            for end in ends {
                end.wait().await;
            }
        };
        let _ = tokio::time::timeout_at(until, ended).await;
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

    fn check_open(&self) -> Result<()> {
        if self.is_closed {
            return Err(Error::new(Kind::Closed, "the kafka transport is closed"));
        }
        Ok(())
    }

    /// They end once nobody else uses them; new ones are made when they are needed.
    fn take(&mut self) -> Self {
        let is_closed = self.is_closed;
        std::mem::replace(self, Self { is_closed, ..Self::default() })
    }

    /// Those who only ask.
    fn take_asking(&mut self) -> Self {
        let (asking, admin) = (self.asking.take(), self.admin.take());
        Self { asking, admin, ..Self::default() }
    }

    fn ends(&self) -> Vec<Ended> {
        let asking = self.asking.as_ref().and_then(|asking| asking.ended());
        let admin = self.admin.as_ref().and_then(|admin| admin.ended());
        let producer = self.producer.as_ref().and_then(|producer| producer.ended());
        [asking, admin, producer].into_iter().flatten().collect()
    }
}

/// New connections are taken, only not this one: that passes.
fn cut(operation: &'static str, refusal: Error) -> Error {
    let why = "brokers take some of our connections, and cut others";
    Error::new(Kind::Unavailable, why).during(operation).because(refusal)
}

fn any_answer(native: &Native, time: Duration) -> KafkaResult<Metadata> {
    native.fetch_metadata(Some(ANY_TOPIC), time)
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("config", &self.config).finish_non_exhaustive()
    }
}
