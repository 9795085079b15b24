//! Opens connections, and channels on them. One connection publishes and one does all else: the
//! server blocks whole connections that publish while it is short of memory or disk, and what is
//! acked on them with it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::Mutex;
use wingman_core::transport::Product;
use wingman_core::{Error, Kind, Result};

use super::greeting;
use super::wire::Wire;
use crate::config::Config;
use crate::error::{Doing, from_native, late};

/// What a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Publishing,
    /// Consuming, and everything about topology.
    Consuming,
}

pub(crate) struct Connector {
    uri: AMQPUri,
    wire: Wire,
    connect_time: Duration,
    reply_time: Duration,
    publishing: Mutex<Option<Arc<Connection>>>,
    consuming: Mutex<Option<Arc<Connection>>>,
}

impl Connector {
    pub(super) fn new(config: &Config) -> Result<Self> {
        Ok(Self {
            uri: config.native(),
            wire: Wire::new(config)?,
            connect_time: config.connect_time(),
            reply_time: config.reply_time(),
            publishing: Mutex::default(),
            consuming: Mutex::default(),
        })
    }

    pub(super) fn native(&self) -> &AMQPUri {
        &self.uri
    }

    /// A new channel; a connection that was lost is replaced.
    pub(crate) async fn channel(&self, purpose: Purpose) -> Result<Channel> {
        let connection = self.connection(purpose).await?;
        self.ask("open a channel", connection.create_channel()).await
    }

    /// The connection for a purpose.
    pub(crate) async fn connection(&self, purpose: Purpose) -> Result<Arc<Connection>> {
        let mut slot = match purpose {
            Purpose::Publishing => self.publishing.lock().await,
            Purpose::Consuming => self.consuming.lock().await,
        };
        if let Some(connection) = slot.as_ref().filter(|one| one.status().connected()) {
            return Ok(connection.clone());
        }
        let connection = Arc::new(self.open(purpose).await?);
        *slot = Some(connection.clone());
        Ok(connection)
    }

    /// Waits for an answer that may be asked for again.
    pub(crate) async fn ask<T>(
        &self,
        operation: &'static str,
        answer: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T> {
        bounded(self.reply_time, (Doing::Asking, operation), answer).await
    }

    /// The client does not connect again by itself: whoever uses it does, and says so meanwhile.
    async fn open(&self, purpose: Purpose) -> Result<Connection> {
        let name = match purpose {
            Purpose::Publishing => "wingman publishing",
            Purpose::Consuming => "wingman consuming",
        };
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let open = self.wire.open(self.uri.clone(), properties);
        let place = |error: Error| {
            let authority = &self.uri.authority;
            error
                .with("address", format_args!("{}:{}", authority.host, authority.port))
                .with("vhost", &self.uri.vhost)
                .with("user", &authority.userinfo.username)
        };
        bounded(self.connect_time, (Doing::Connecting, "connect"), open).await.map_err(place)
    }

    /// What the server says that it is.
    pub(super) async fn product(&self) -> Result<Product> {
        const OPERATION: &str = "product";
        let greeting = self.wire.greeting(&self.uri);
        let greeting = bounded(self.connect_time, (Doing::Connecting, OPERATION), greeting).await?;
        greeting::product(&greeting).ok_or_else(|| {
            let why = "the server greets otherwise than AMQP 0-9-1 says";
            Error::new(Kind::Malformed, why).during(OPERATION)
        })
    }

    pub(super) async fn close(&self) {
        for slot in [&self.publishing, &self.consuming] {
            let Some(connection) = slot.lock().await.take() else {
                continue;
            };
            // One that is lost, or blocked, ends without the server's word.
            let _ = self.ask("close", connection.close(200, "OK".into())).await;
        }
    }
}

/// Waits for an answer, no longer than this.
pub(crate) async fn bounded<T>(
    time: Duration,
    (doing, operation): (Doing, &'static str),
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(time, answer).await {
        Ok(answer) => answer.map_err(|error| from_native(doing, operation, error)),
        Err(_) => Err(late(doing, operation)),
    }
}

/// Without the credentials.
impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("host", &self.uri.authority.host).finish_non_exhaustive()
    }
}
