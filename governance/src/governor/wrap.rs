//! The handler that the bus runs: the user's, after what earlier attempts left was cleared up.

use std::sync::Arc;

use wingman_core::handler::{BoxFuture, Handler, Outcome, Request, Signature};

use super::run::RunContext;
use crate::permission::recover;

/// A handler behind the governor.
pub(super) struct Governed(pub(super) Arc<dyn Handler>);

impl Handler for Governed {
    fn signature(&self) -> Signature {
        self.0.signature()
    }

    fn call(&self, request: Request) -> BoxFuture<Outcome> {
        let run = match RunContext::of(&request) {
            Ok(run) => run,
            Err(failure) => return Box::pin(std::future::ready(Outcome::Failed(failure))),
        };
        if run.started.unknown.is_empty() {
            return self.0.call(request);
        }
        let handler = Arc::clone(&self.0);
        Box::pin(async move {
            match recover(&run).await {
                Ok(()) => handler.call(request).await,
                Err(failure) => Outcome::Failed(failure),
            }
        })
    }
}
