//! R3: before a new attempt, calls of earlier ones whose outcome nobody knows are probed.

use serde_json::Value;

use super::call::idempotency_key;
use super::tool::{Call, Probed};
use crate::governor::RunContext;
use crate::protocol::input::{Input, Reply, Report};
use crate::protocol::row::Effect;
use wingman_core::handler::Failure;

/// Probes what is unknown and reports it. A failure means that the handler must not run now.
pub(crate) async fn recover(run: &RunContext) -> Result<(), Failure> {
    for effect in &run.started.unknown {
        let report = probe(run, effect).await?;
        let undecidable = report == Report::Undecidable;
        let input = Input::Report { run: run.started.run, effect: effect.key, report };
        match run.core.ask(input).await {
            Ok(Reply::Done) if undecidable => {
                let tool = &effect.tool;
                return Err(Failure::structural(format!(
                    "nobody can tell whether an earlier call of {tool} happened; a person decides"
                )));
            }
            Ok(Reply::Done) => {}
            Ok(_) => return Err(Failure::environmental("another worker has taken over")),
            Err(error) => return Err(Failure::environmental(error)),
        }
    }
    Ok(())
}

async fn probe(run: &RunContext, effect: &Effect) -> Result<Report, Failure> {
    let Some(tool) = run.core.tools.get(&effect.tool) else {
        let tool = &effect.tool;
        return Err(Failure::environmental(format!("this process has no tool {tool} to probe")));
    };
    let arguments: Value = serde_json::from_str(&effect.arguments).map_err(Failure::structural)?;
    let key = idempotency_key(&effect.key);
    let call = Call { arguments: &arguments, idempotency_key: &key };
    match tool.probe(call, &effect.before).await {
        Ok(Probed::Applied(result)) => Ok(Report::Applied(result.to_string())),
        Ok(Probed::NotApplied) => Ok(Report::Void),
        Ok(Probed::Undecidable) => Ok(Report::Undecidable),
        Err(error) => Err(Failure::environmental(error)),
    }
}
