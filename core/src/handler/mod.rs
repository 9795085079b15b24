//! Handlers: code that reacts to an event, plain or typed.

mod extract;
mod outcome;
mod typed;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use extract::{Attempt, Extract, Incoming};
pub use outcome::{Emit, Failure, FailureKind, Fault, IntoFault, IntoOutcome, Outcome, Refusal};
pub use typed::IntoHandler;
/// Derives the trait [`Emit`] for an enum whose variants each hold one value that is `Emit`.
#[cfg(feature = "derive")]
pub use wingman_macros::Emit;

use crate::event::CloudEvent;

/// A boxed future, as handlers return it.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// Code that reacts to events of some types. Functions become handlers by [`IntoHandler`].
pub trait Handler: Send + Sync + 'static {
    /// What it takes and gives, as far as its types tell.
    fn signature(&self) -> Signature;

    /// Handles one event. The future may be dropped at a time-out or at the end of a drain.
    fn call(&self, request: Request) -> BoxFuture<Outcome>;
}

/// One event to handle.
#[derive(Clone)]
pub struct Request {
    /// The event.
    pub event: Arc<CloudEvent>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// What the gate attached, for its extractors; `None` without a gate.
    pub context: Option<Arc<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("event", &self.event)
            .field("attempt", &self.attempt)
            .field("governed", &self.context.is_some())
            .finish()
    }
}

/// What a handler's types tell of it; checked against its contract at start-up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// Types that it takes; empty if it takes any.
    pub consumes: Vec<&'static str>,
    /// Types that it can emit; `None` if its return type does not tell.
    pub emits: Option<Vec<&'static str>>,
    /// Whether an extractor of it works only behind a gate.
    pub needs_gate: bool,
}
