//! A handler that is sabotaged: the bus is told something else than what happened.

use std::sync::Arc;

use wingman_core::event::Output;
use wingman_core::handler::{
    BoxFuture, Failure, FailureKind, Handler, Outcome, Request, Signature,
};

use super::mutation::BusMutation;

pub(super) struct SabotagedHandler {
    pub(super) inner: Arc<dyn Handler>,
    pub(super) mutation: BusMutation,
}

impl Handler for SabotagedHandler {
    fn signature(&self) -> Signature {
        let mut signature = self.inner.signature();
        if self.mutation == BusMutation::TypesAreNotChecked {
            signature.consumes.clear();
        }
        signature
    }

    fn call(&self, mut request: Request) -> BoxFuture<Outcome> {
        let mutation = self.mutation;
        if mutation == BusMutation::AttemptsStandStill {
            request.attempt = 1;
        }
        let run = self.inner.call(request);
        if mutation == BusMutation::PanicsAreOutcomes {
            return Box::pin(async move {
                // The panic ends the task; the bus hears of a success.
                let outcome = tokio::spawn(run).await;
                outcome.unwrap_or_else(|_| Outcome::Finished(Vec::new()))
            });
        }
        Box::pin(async move { spoil(run.await, mutation) })
    }
}

fn spoil(outcome: Outcome, mutation: BusMutation) -> Outcome {
    match outcome {
        Outcome::Failed(_) if mutation == BusMutation::FailuresAreOutcomes => {
            Outcome::Finished(Vec::new())
        }
        Outcome::Failed(failure) if mutation == BusMutation::StructuralIsTriedAgain => {
            let kind = FailureKind::Environmental;
            Outcome::Failed(Failure { kind, ..failure })
        }
        Outcome::Finished(_) if mutation == BusMutation::OutputsAreDropped => {
            Outcome::Finished(Vec::new())
        }
        Outcome::Finished(outputs) if mutation == BusMutation::KeysAreNotInherited => {
            let other = |output| Output { partition_key: Some("another".to_owned()), ..output };
            Outcome::Finished(outputs.into_iter().map(other).collect())
        }
        other @ (Outcome::Finished(_) | Outcome::Refused(_) | Outcome::Failed(_)) => other,
    }
}
