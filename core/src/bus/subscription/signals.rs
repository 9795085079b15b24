//! What others tell a subscription's loop: pause, drain, a lost lease.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;

/// Flags that the loop reads once a turn, and what wakes it for them.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    waker: AtomicWaker,
    paused: AtomicBool,
    lost: AtomicBool,
    drain: Mutex<Option<Duration>>,
    leaving: AtomicBool,
}

impl Signals {
    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    pub(crate) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::Release);
        self.waker.wake();
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Acquire)
    }

    /// A lease was lost.
    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether a lease was lost since the last call.
    pub(crate) fn take_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire) && self.lost.swap(false, Ordering::AcqRel)
    }

    /// Asks for a drain; of several, the shortest grace counts.
    pub(crate) fn drain(&self, grace: Duration) {
        self.leaving.store(true, Ordering::Release);
        let mut drain = self.drain.lock().unwrap_or_else(PoisonError::into_inner);
        *drain = Some(drain.map_or(grace, |earlier| earlier.min(grace)));
        drop(drain);
        self.waker.wake();
    }

    /// Whether a drain was ever asked for.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// The grace of a drain that was asked for since the last call.
    pub(crate) fn take_drain(&self) -> Option<Duration> {
        self.drain.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
