//! What the parts of one transport share: its clients, made when they are needed first.

use std::any::Any;
use std::fmt;

use google_cloud_auth::credentials::Credentials;
use google_cloud_auth::credentials::anonymous::Builder as Anonymous;
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_pubsub::client::{BasePublisher, Subscriber, SubscriptionAdmin, TopicAdmin};
use tokio::sync::OnceCell;
use wingman_core::Result;
use wingman_core::driver::{Door, Seats};
use wingman_core::transport::Limits;

use crate::codec::ATTRIBUTES_MAX;
use crate::config::Config;
use crate::error::from_builder;
use crate::publisher::BATCH_MESSAGES_MAX;
use crate::subscriber::Seat;

/// The project, reached.
pub(crate) struct Link {
    pub(crate) config: Config,
    pub(crate) door: Door,
    topics: OnceCell<TopicAdmin>,
    subscriptions: OnceCell<SubscriptionAdmin>,
    publisher: OnceCell<BasePublisher>,
    pub(super) seats: Seats<Seat>,
}

/// What every builder of a client is told; each has a type of its own.
macro_rules! client {
    ($link:expr, $builder:expr) => {{
        let mut builder = $builder;
        if let Some((endpoint, credentials)) = $link.emulator() {
            builder = builder.with_endpoint(endpoint).with_credentials(credentials);
        }
        builder.build().await.map_err(from_builder)
    }};
}

impl Link {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            door: Door::new("pubsub transport"),
            topics: OnceCell::new(),
            subscriptions: OnceCell::new(),
            publisher: OnceCell::new(),
            seats: Seats::default(),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            payload_bytes_max: self.config.payload_bytes_max,
            batch_messages_max: BATCH_MESSAGES_MAX,
            publish_calls_max: None,
            headers_max: Some(ATTRIBUTES_MAX),
            delay_max: None,
            lease_max: None,
            hold_max: Some(self.config.hold_time()),
        }
    }

    /// Trying again is the bus's: the native default goes on for ten minutes.
    pub(crate) async fn topics(&self) -> Result<&TopicAdmin> {
        let make = || async { client!(self, TopicAdmin::builder().with_retry_policy(NeverRetry)) };
        self.topics.get_or_try_init(make).await
    }

    pub(crate) async fn subscriptions(&self) -> Result<&SubscriptionAdmin> {
        let make =
            || async { client!(self, SubscriptionAdmin::builder().with_retry_policy(NeverRetry)) };
        self.subscriptions.get_or_try_init(make).await
    }

    pub(crate) async fn publisher(&self) -> Result<&BasePublisher> {
        let make =
            || async { client!(self, BasePublisher::builder().with_retry_policy(NeverRetry)) };
        self.publisher.get_or_try_init(make).await
    }

    /// A client of the caller's own: its connection ends with it. The emulator notices that a stream
    /// was closed only when its connection was.
    pub(crate) async fn subscriber(&self) -> Result<Subscriber> {
        client!(self, Subscriber::builder())
    }

    /// An emulator is reached in clear and asks for nobody.
    fn emulator(&self) -> Option<(String, Credentials)> {
        let address = self.config.emulator.as_ref()?;
        Some((format!("http://{address}"), Anonymous::new().build()))
    }

    pub(super) async fn close(&self) {
        self.door.shut();
        for seat in self.seats.take() {
            seat.leave().await;
        }
        // Whoever publishes is told by the reply, or by its time-out.
        self.door.emptied(self.config.reply_time()).await;
    }

    pub(super) fn native(&self) -> &dyn Any {
        &self.publisher
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("config", &self.config).finish_non_exhaustive()
    }
}
