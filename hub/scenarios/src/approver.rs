//! Who answers the plans that a run puts before people, with the key of the run's folder.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_governance::contract::Contracts;
use wingman_governance::governor::decide;
use wingman_governance::handshake::Approver;
use wingman_governance::ledger::{Ledger, LedgerError, LedgerErrorKind};
use wingman_governance::protocol::input::Decided;
use wingman_governance::protocol::row::Plan;

/// How often the ledger is asked for open plans.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Gives answers to plans.
#[async_trait]
pub trait Answers: Send + Sync {
    /// The answer to a plan, exactly as given; `None` leaves it open.
    async fn answer(&self, plan: &Plan) -> Option<String>;
}

/// Answers every open plan until it is dropped.
pub(crate) async fn answer_all(
    ledger: Ledger,
    contracts: Arc<Contracts>,
    approver: Arc<Approver>,
    answers: Arc<dyn Answers>,
) -> Result<(), LedgerError> {
    loop {
        for plan in ledger.reader().pending_plans()? {
            // Another process may have answered it while a person thought about the one before.
            if !waits(&ledger, &plan)? {
                continue;
            }
            let Some(answer) = answers.answer(&plan).await else {
                continue;
            };
            let signed = approver.answer(plan.digest, &answer);
            match decide(&ledger, &contracts, signed).await? {
                Decided::Taken(_) | Decided::Already(_) | Decided::UnknownPlan => {}
                Decided::NotEntitled { detail } => {
                    return Err(LedgerError::new(LedgerErrorKind::Refused, detail));
                }
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn waits(ledger: &Ledger, plan: &Plan) -> Result<bool, LedgerError> {
    let pending = ledger.reader().pending_plans()?;
    Ok(pending.iter().any(|it| it.digest == plan.digest))
}
