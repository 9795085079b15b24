//! One connection to the server: finite reply times, and a flag as soon as it is lost.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, PushInfo, PushKind, RedisResult,
    ScriptInvocation,
};
use tokio::sync::Notify;
use wingman_core::Result;

use crate::error::{Doing, from_native, loses_connection};

/// A connection that many tasks may use at once. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Connection {
    native: MultiplexedConnection,
    health: Arc<Health>,
}

/// Whether a connection still works.
#[derive(Debug, Default)]
pub(crate) struct Health {
    lost: AtomicBool,
    changed: Notify,
}

impl Health {
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Returns once the connection is lost. Cancel-safe.
    pub(crate) async fn lost(&self) {
        let mut changed = std::pin::pin!(self.changed.notified());
        changed.as_mut().enable();
        if !self.is_lost() {
            changed.await;
        }
    }

    /// Says that it is lost.
    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }
}

impl Connection {
    /// Opens a connection; `reply_time` bounds each reply on it.
    pub(super) async fn open(
        client: &Client,
        connect_time: Duration,
        reply_time: Duration,
    ) -> Result<Self> {
        let health = Arc::new(Health::default());
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(connect_time))
            .set_response_timeout(Some(reply_time))
            .set_push_sender({
                let health = health.clone();
                move |push: PushInfo| {
                    if push.kind == PushKind::Disconnection {
                        health.lose();
                    }
                    Ok::<(), Infallible>(())
                }
            });
        let native = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| from_native(Doing::Connecting, "connect", error))?;
        Ok(Self { native, health })
    }

    /// Whether it still works.
    pub(crate) fn health(&self) -> &Arc<Health> {
        &self.health
    }

    pub(crate) async fn command<T: FromRedisValue>(
        &self,
        (doing, operation): (Doing, &'static str),
        command: &Cmd,
    ) -> Result<T> {
        let result = command.query_async(&mut self.native.clone()).await;
        self.checked(doing, operation, result)
    }

    pub(crate) async fn pipeline<T: FromRedisValue>(
        &self,
        (doing, operation): (Doing, &'static str),
        pipeline: &Pipeline,
    ) -> Result<T> {
        let result = pipeline.query_async(&mut self.native.clone()).await;
        self.checked(doing, operation, result)
    }

    pub(crate) async fn script<T: FromRedisValue>(
        &self,
        (doing, operation): (Doing, &'static str),
        script: &ScriptInvocation<'_>,
    ) -> Result<T> {
        let result = script.invoke_async(&mut self.native.clone()).await;
        self.checked(doing, operation, result)
    }

    /// After an error of the connection, or a reply that did not come in time, it is not used again.
    fn checked<T>(
        &self,
        doing: Doing,
        operation: &'static str,
        result: RedisResult<T>,
    ) -> Result<T> {
        result.map_err(|error| {
            if loses_connection(&error) {
                self.health.lose();
            }
            from_native(doing, operation, error)
        })
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("health", &self.health).finish_non_exhaustive()
    }
}
