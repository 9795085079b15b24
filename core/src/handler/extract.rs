//! Arguments of typed handlers, taken from the request synchronously.

use std::ops::Deref;
use std::sync::Arc;

use super::{Failure, Request, Signature};
use crate::event::{CloudEvent, Event};

/// Something that a typed handler can take as an argument.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler",
    note = "use `Incoming<YourEvent>`, `Arc<CloudEvent>`, `Attempt`, or an extractor of the governor"
)]
pub trait Extract: Sized + Send + 'static {
    /// Takes it from the request; an error ends the run as a failure, without calling the handler.
    ///
    /// # Errors
    /// A structural [`Failure`] if the request does not have it.
    fn extract(request: &Request) -> Result<Self, Failure>;

    /// Adds what this argument tells of the handler.
    fn describe(signature: &mut Signature);
}

/// The payload of the event, decoded as `T`, beside the envelope it came in.
#[derive(Debug, Clone)]
pub struct Incoming<T> {
    /// The envelope.
    pub event: Arc<CloudEvent>,
    payload: T,
}

impl<T> Incoming<T> {
    /// The payload alone.
    pub fn into_payload(self) -> T {
        self.payload
    }
}

impl<T> Deref for Incoming<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.payload
    }
}

impl<T: Event> Extract for Incoming<T> {
    fn extract(request: &Request) -> Result<Self, Failure> {
        let event = Arc::clone(&request.event);
        if event.ty() != T::TYPE {
            return Err(Failure::structural(format!(
                "the handler takes {} and got {}",
                T::TYPE,
                event.ty()
            )));
        }
        let data = event.data.as_deref().unwrap_or_default();
        let payload = serde_json::from_slice(data).map_err(|error| {
            Failure::structural(format!("the data of {} does not decode: {error}", T::TYPE))
        })?;
        Ok(Self { event, payload })
    }

    fn describe(signature: &mut Signature) {
        signature.consumes.push(T::TYPE);
    }
}

impl Extract for Arc<CloudEvent> {
    fn extract(request: &Request) -> Result<Self, Failure> {
        Ok(Arc::clone(&request.event))
    }

    fn describe(_: &mut Signature) {}
}

/// Which attempt this is, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt(pub u32);

impl Extract for Attempt {
    fn extract(request: &Request) -> Result<Self, Failure> {
        Ok(Self(request.attempt))
    }

    fn describe(_: &mut Signature) {}
}
