//! One life of a subscriber's connection: a generation, a consumer name, and two connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::ScriptInvocation;
use wingman_core::Result;
use wingman_core::transport::Generation;

use super::scripts::{LEAVE, of};
use super::seat::Seat;
use super::wake::{BLOCK, Wake};
use crate::error::Doing;
use crate::transport::Connection;

/// Tokens are of one link: after it is lost they settle nothing.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: Connection,
    pub(super) generation: Generation,
    /// New for each link, so that the server can tell them apart as well.
    pub(super) consumer: String,
    pub(super) wake: Wake,
    /// We gave something back since we last looked for what came back.
    returned: AtomicBool,
}

impl Link {
    /// Opens a link. What the one before it held comes back at once: nobody can settle it any more.
    pub(super) async fn open(seat: &Seat, before: Option<&str>) -> Result<Self> {
        let connector = &seat.server.connector;
        let connection = connector.open().await?;
        if let Some(before) = before {
            leave(seat, &connection, before).await;
        }
        let waiting = connector.open_blocking(BLOCK).await?;
        let health = connection.health().clone();
        Ok(Self {
            wake: Wake::start(seat.keys.stream().to_owned(), waiting, health),
            generation: Generation::next(),
            consumer: format!("wingman-{}-{:016x}", std::process::id(), random()),
            returned: AtomicBool::new(true),
            connection,
        })
    }

    pub(super) fn is_lost(&self) -> bool {
        self.connection.health().is_lost()
    }

    /// Something was given back: the next look begins with it.
    pub(super) fn gave_back(&self) {
        self.returned.store(true, Ordering::Release);
        self.wake.wake();
    }

    /// Whether something was given back since the last call.
    pub(super) fn take_gave_back(&self) -> bool {
        self.returned.swap(false, Ordering::AcqRel)
    }
}

/// Hands back what a consumer holds; if that fails, it comes back when its lease ends.
pub(super) async fn leave(seat: &Seat, connection: &Connection, consumer: &str) {
    let mut call: ScriptInvocation<'_> = of(&LEAVE, &seat.keys);
    call.arg(seat.group.as_str()).arg(consumer);
    let left: Result<()> = connection.script((Doing::Writing, "leave"), &call).await;
    if let Err(error) = left {
        tracing::debug!(%error, topic = %seat.topic, group = %seat.group, "What was held comes back when its lease ends");
    }
}

/// Shared by the halves of a subscriber.
pub(super) type SharedLink = Arc<Link>;

fn random() -> u64 {
    // Without the system's random numbers the process id and the time tell consumers apart.
    getrandom::u64().unwrap_or_else(|_| {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        since.as_nanos() as u64
    })
}
