//! Lets calls in until it is shut, and shuts only once they are out.

use std::time::Duration;

use tokio::sync::{RwLock, RwLockReadGuard, watch};

use crate::error::{Error, Kind, Result};

/// The door of something that can be closed once.
#[derive(Debug)]
pub struct Door {
    what: &'static str,
    shut: watch::Sender<bool>,
    inside: RwLock<()>,
}

/// A call that is inside.
pub type Inside<'a> = RwLockReadGuard<'a, ()>;

impl Door {
    /// An open door; `what` is named by the errors.
    pub fn new(what: &'static str) -> Self {
        Self { what, shut: watch::Sender::new(false), inside: RwLock::default() }
    }

    /// Goes in.
    ///
    /// # Errors
    /// `Closed` if it is shut.
    pub async fn enter(&self) -> Result<Inside<'_>> {
        let inside = self.inside.read().await;
        self.check()?;
        Ok(inside)
    }

    /// Whether it is still open.
    ///
    /// # Errors
    /// `Closed` if it is shut.
    pub fn check(&self) -> Result<()> {
        if *self.shut.borrow() { Err(self.closed()) } else { Ok(()) }
    }

    /// Lets nobody in any more; true for the call that shut it.
    pub fn shut(&self) -> bool {
        !self.shut.send_replace(true)
    }

    /// Returns `Closed` once it is shut. Cancel-safe.
    pub async fn shutting(&self) -> Error {
        // The sender lives in `self`: the wait ends only by shutting.
        let _ = self.shut.subscribe().wait_for(|shut| *shut).await;
        self.closed()
    }

    /// Waits for those inside, at most this long; each call is bounded by its own reply time.
    pub async fn emptied(&self, within: Duration) {
        // Whoever is still inside then is told by its own time-out.
        let _ = tokio::time::timeout(within, self.inside.write()).await;
    }

    fn closed(&self) -> Error {
        Error::new(Kind::Closed, format!("the {} is closed", self.what))
    }
}
