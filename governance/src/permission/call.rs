//! The extractor through which a handler calls tools.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use wingman_core::handler::{Extract, Failure, Request, Signature};

use super::missing::Missing;
use super::tool::{Call, Tool, ToolError};
use crate::contract::is_name;
use crate::governor::RunContext;
use crate::protocol::input::{Input, Intend, Intended, Reply, Report, UndoOutcome};
use crate::protocol::row::{Effect, EffectKey, RefusalCode};
use crate::protocol::settings::Mode;

/// The tools that the handler's contract grants. Each call is judged (P-01, P-02, P-03, P-06) and
/// announced in the ledger before it is made, and its result is recorded after (R3).
#[derive(Clone)]
pub struct Tools {
    run: Arc<RunContext>,
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tools").field("handler", &self.run.who.handler).finish_non_exhaustive()
    }
}

impl Extract for Tools {
    fn extract(request: &Request) -> Result<Self, Failure> {
        Ok(Self { run: RunContext::of(request)? })
    }

    fn describe(signature: &mut Signature) {
        signature.needs_gate = true;
    }
}

/// The name by which a call is judged and stamped. What is no name (a model may have made it up) is
/// quoted and cut: it can be granted by no contract, and cannot pass for other lines of a stamp.
fn judged_name(name: &str) -> Cow<'_, str> {
    const QUOTED_CHARS_MAX: usize = 120;
    match is_name(name) {
        true => Cow::Borrowed(name),
        false => format!("{name:?}").chars().take(QUOTED_CHARS_MAX).collect(),
    }
}

impl Tools {
    /// Calls a tool with JSON arguments and returns what it returned. After a crash, a later attempt
    /// that makes the same call gets the recorded result, and the tool is not called again.
    ///
    /// # Errors
    /// [`ToolError`]: what the contract denies, what was not done, what nobody can tell.
    pub async fn call(&self, name: &str, arguments: Value) -> Result<Value, ToolError> {
        let number = self.run.next_call();
        let tool = self.run.core.tools.get(name).cloned();
        let name = &*judged_name(name);
        // The contract is judged first: an undeclared tool is out of scope, not just missing.
        let tool = tool.unwrap_or_else(|| Arc::new(Missing { name: name.to_owned() }));
        let before = self.before(name, &*tool, &arguments).await?;
        loop {
            match self.intend(number, name, &*tool, &arguments, before.clone()).await? {
                Intended::Call(effect) => return self.perform(&*tool, effect, &arguments).await,
                Intended::Known(result) => return parse(&result),
                Intended::UndoFirst(effects) => self.undo_earlier(effects).await?,
                Intended::Denied { code: RefusalCode::Interrupt, detail } => {
                    self.run.interrupt();
                    return Err(ToolError::Lost(detail));
                }
                Intended::Denied { code, detail } => {
                    return Err(ToolError::Denied { code: code.as_str(), reason: detail });
                }
                Intended::Lost => return Err(lost()),
            }
        }
    }

    /// What the contract denies is denied before the tool looks at anything.
    async fn before(
        &self,
        name: &str,
        tool: &dyn Tool,
        arguments: &Value,
    ) -> Result<Bytes, ToolError> {
        let contract = self.run.core.contracts.handler(&self.run.who.handler);
        match contract.map(|contract| contract.permits(name, tool.level())) {
            Some(Ok(())) => tool.before(arguments).await,
            // The protocol judges again, stamps the denial and says why.
            Some(Err(_)) | None => match self.run.core.settings.mode {
                Mode::Enforce => Ok(Bytes::new()),
                Mode::Observe => tool.before(arguments).await,
            },
        }
    }

    async fn intend(
        &self,
        call: u32,
        name: &str,
        tool: &dyn Tool,
        arguments: &Value,
        before: Bytes,
    ) -> Result<Intended, ToolError> {
        let intend = Intend {
            run: self.run.started.run,
            call,
            tool: name.to_owned(),
            level: tool.level(),
            arguments: arguments.to_string(),
            can_undo: tool.can_undo(),
            before,
        };
        match self.run.core.ask(Input::Intend(intend)).await {
            Ok(Reply::Intended(intended)) => Ok(intended),
            Ok(other) => Err(ToolError::Lost(format!("unexpected reply {other:?}"))),
            Err(error) => Err(ToolError::Lost(error.to_string())),
        }
    }

    async fn perform(
        &self,
        tool: &dyn Tool,
        effect: EffectKey,
        arguments: &Value,
    ) -> Result<Value, ToolError> {
        self.expect_lease()?;
        let idempotency_key = idempotency_key(&effect);
        let call = Call { arguments, idempotency_key: &idempotency_key };
        let result = tool.call(call).await;
        self.run.core.gaps.reached(crate::ledger::Gap::CallDone);
        let report = match &result {
            Ok(value) => Report::Applied(value.to_string()),
            Err(ToolError::NotDone(_) | ToolError::Denied { .. }) => Report::Void,
            Err(ToolError::Unknown(_) | ToolError::Lost(_)) => Report::Unknown,
        };
        let input = Input::Report { run: self.run.started.run, effect, report };
        match self.run.core.ask(input).await {
            Ok(Reply::Done) => result,
            Ok(_) => Err(lost()),
            Err(error) => Err(ToolError::Lost(error.to_string())),
        }
    }

    /// Asked before anything is done outside: after the lease another worker may have probed, found
    /// nothing, and made the call itself (R2, R3).
    fn expect_lease(&self) -> Result<(), ToolError> {
        match self.run.core.holds(self.run.started.run.claim) {
            true => Ok(()),
            false => Err(lost()),
        }
    }

    /// This attempt goes another way than the one before it: what that one did is undone first (R3).
    async fn undo_earlier(&self, effects: Vec<Effect>) -> Result<(), ToolError> {
        for effect in effects {
            self.expect_lease()?;
            let outcome = crate::rollback::undo(&self.run.core.tools, &effect).await;
            let claim = self.run.started.run.claim;
            let done = outcome == UndoOutcome::Undone || outcome == UndoOutcome::NeverHappened;
            let input = Input::Undone { claim, effect: effect.key, outcome };
            self.run.core.ask(input).await.map_err(|error| ToolError::Lost(error.to_string()))?;
            if !done {
                let reason = format!("{} of an earlier attempt could not be undone", effect.tool);
                return Err(ToolError::Denied { code: "P-06", reason });
            }
        }
        Ok(())
    }
}

/// The idempotency key of an effect: the same for each repetition of its call.
pub(crate) fn idempotency_key(effect: &EffectKey) -> String {
    effect.to_string()
}

fn parse(result: &str) -> Result<Value, ToolError> {
    serde_json::from_str(result).map_err(|error| ToolError::Lost(error.to_string()))
}

fn lost() -> ToolError {
    ToolError::Lost("another worker has taken over this execution".to_owned())
}
