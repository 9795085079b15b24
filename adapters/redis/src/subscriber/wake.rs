//! Waits at the server for new entries, without taking any.
//!
//! A blocking `XREADGROUP` assigns what comes even if nobody waits for its reply any more. This
//! reads with `XREAD`, which assigns nothing, on a connection of its own, in a task that nobody
//! cancels while it matters: it only says that a look is worth while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::Value;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::entry::{EntryId, read};
use crate::error::Doing;
use crate::transport::{Connection, Health};

/// How long the server holds one read.
pub(super) const BLOCK: Duration = Duration::from_secs(5);

/// Dropping it ends its task and connection.
#[derive(Debug)]
pub(super) struct Wake {
    watched: Arc<Watched>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Watched {
    state: Mutex<State>,
    /// There is something to wait for.
    armed: Notify,
    /// A look is worth while.
    woken: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Wait for an entry after this one; `None`: nobody waits.
    after: Option<EntryId>,
    /// The latest entry that was seen.
    seen: EntryId,
}

impl Wake {
    /// Starts to wait on a stream. If that fails, `health` says that the link is lost.
    pub(super) fn start(stream: String, connection: Connection, health: Arc<Health>) -> Self {
        let watched = Arc::new(Watched::default());
        let watching = watched.clone();
        let task = tokio::spawn(async move {
            watching.watch(&stream, &connection).await;
            health.lose();
        });
        Self { watched, task }
    }

    /// Waits for an entry after this one and after all that were seen: to be called only after a
    /// look that found nothing.
    pub(super) fn arm(&self, after: EntryId) {
        {
            let mut state = self.watched.state();
            state.after = Some(after.max(state.seen));
        }
        self.watched.armed.notify_one();
    }

    /// Says that a look is worth while.
    pub(super) fn wake(&self) {
        self.watched.woken.notify_one();
    }

    /// Returns once a look is worth while. Cancel-safe.
    pub(super) async fn woken(&self) {
        self.watched.woken.notified().await;
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watched {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Two plain values: whole at any time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the connection is lost.
    async fn watch(&self, stream: &str, connection: &Connection) {
        loop {
            let Some(after) = self.state().after else {
                self.armed.notified().await;
                continue;
            };
            let mut command = redis::cmd("XREAD");
            command.arg("COUNT").arg(1).arg("BLOCK").arg(BLOCK.as_millis() as u64);
            command.arg("STREAMS").arg(stream).arg(after.to_string());
            let reply: Value = match connection.command((Doing::Reading, "wait"), &command).await {
                Ok(reply) => reply,
                Err(error) => {
                    tracing::debug!(%error, stream, "Waiting for new entries failed");
                    return;
                }
            };
            let Some(last) = read(reply).unwrap_or_default().pop() else {
                continue;
            };
            {
                let mut state = self.state();
                state.seen = state.seen.max(last.id);
                state.after = None;
            }
            self.woken.notify_one();
        }
    }
}
