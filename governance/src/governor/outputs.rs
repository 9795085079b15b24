//! From what a handler returned to what the ledger records: identity, tree, causation, key.

use std::sync::Arc;

use wingman_core::event::{CloudEvent, Output};
use wingman_core::gate::Ending;
use wingman_core::handler::{FailureKind, Outcome};

use super::run::RunContext;
use crate::protocol::input::{Conclude, RunEnding};

/// The protocol's input for a run that ended.
pub(super) fn conclude(run: &RunContext, ending: Ending) -> Conclude {
    Conclude {
        run: run.started.run,
        ending: translate(run, ending),
        event: Arc::clone(&run.started.event),
        delivered: run.delivered.clone(),
        objections: run.take_objections(),
    }
}

fn translate(run: &RunContext, ending: Ending) -> RunEnding {
    if run.is_interrupted() {
        return RunEnding::Abandoned;
    }
    let environmental = |reason: String| RunEnding::Failed { structural: false, reason };
    match ending {
        Ending::Abandoned => RunEnding::Abandoned,
        Ending::TimedOut => environmental("the handler ran longer than limits.runtime".to_owned()),
        Ending::Panicked { message } => environmental(format!("the handler panicked: {message}")),
        Ending::Returned(Outcome::Failed(failure)) => RunEnding::Failed {
            structural: failure.kind == FailureKind::Structural,
            reason: failure.reason,
        },
        Ending::Returned(Outcome::Finished(outputs)) => match events(run, outputs) {
            Ok(outputs) => {
                let handed_in = std::mem::take(&mut *run.handed_in());
                RunEnding::Finished { outputs, fence: run.wants_fence(), handed_in }
            }
            Err(reason) => RunEnding::Failed { structural: true, reason },
        },
        Ending::Returned(Outcome::Refused(refusal)) => {
            match events(run, refusal.output.into_iter().collect()) {
                Ok(mut events) => RunEnding::Refused {
                    code: refusal.code.into_owned(),
                    detail: refusal.reason,
                    output: events.pop().map(Box::new),
                },
                Err(reason) => RunEnding::Failed { structural: true, reason },
            }
        }
    }
}

fn events(run: &RunContext, outputs: Vec<Output>) -> Result<Vec<CloudEvent>, String> {
    let all = outputs.into_iter().enumerate();
    all.map(|(index, output)| event(run, index, output))
        .collect::<Result<_, _>>()
        .map_err(|error: wingman_core::Error| format!("an output is not a CloudEvent: {error}"))
}

fn event(run: &RunContext, index: usize, output: Output) -> wingman_core::Result<CloudEvent> {
    let execution = run.started.run.execution.to_string();
    let source = format!("/wingman/{}", run.who.handler);
    let mut event = output.into_event(&run.started.event, &source, &execution, index)?;
    // It is recorded once, so that its time cannot differ between duplicates.
    event.time = Some(run.core.ledger.now());
    Ok(event)
}
