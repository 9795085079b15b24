//! What people sign, from any process on the ledger: verified here, judged by the protocol.

use crate::contract::Contracts;
use crate::handshake::{AnswerError, verify_answer, verify_resolution, verify_review};
use crate::ledger::{Ledger, LedgerError, LedgerErrorKind};
use crate::protocol::input::{Decided, Input, Reply, Resolved, Reviewed};

/// Takes a signed answer to a plan.
///
/// # Errors
/// [`LedgerError`] of kind `Refused` if the signature does not hold, or this is no answer.
pub async fn decide(
    ledger: &Ledger,
    contracts: &Contracts,
    answer: Input,
) -> Result<Decided, LedgerError> {
    let Input::Decide { plan, by, answer: text, signature } = &answer else {
        return Err(refused("this is no answer to a plan"));
    };
    verify_answer(contracts, *plan, by, text, signature).map_err(forged)?;
    match ledger.transact(vec![answer]).await?.pop() {
        Some(Reply::Decided(decided)) => Ok(decided),
        other => Err(unexpected(&other)),
    }
}

/// Takes a signed decision about a dead letter.
///
/// # Errors
/// [`LedgerError`] of kind `Refused` if the signature does not hold, or this is no such decision.
pub async fn review(
    ledger: &Ledger,
    contracts: &Contracts,
    decision: Input,
) -> Result<Reviewed, LedgerError> {
    let Input::Review { letter, act, by, signature } = &decision else {
        return Err(refused("this is no decision about a dead letter"));
    };
    verify_review(contracts, *letter, by, *act, signature).map_err(forged)?;
    match ledger.transact(vec![decision]).await?.pop() {
        Some(Reply::Reviewed(reviewed)) => Ok(reviewed),
        other => Err(unexpected(&other)),
    }
}

/// Takes a signed decision about an effect in quarantine.
///
/// # Errors
/// [`LedgerError`] of kind `Refused` if the signature does not hold, or this is no such decision.
pub async fn resolve(
    ledger: &Ledger,
    contracts: &Contracts,
    decision: Input,
) -> Result<Resolved, LedgerError> {
    let Input::Resolve { effect, resolution, by, signature } = &decision else {
        return Err(refused("this is no decision about an effect"));
    };
    verify_resolution(contracts, *effect, by, *resolution, signature).map_err(forged)?;
    match ledger.transact(vec![decision]).await?.pop() {
        Some(Reply::Resolved(resolved)) => Ok(resolved),
        other => Err(unexpected(&other)),
    }
}

fn forged(error: AnswerError) -> LedgerError {
    LedgerError::new(LedgerErrorKind::Refused, error)
}

fn refused(what: &str) -> LedgerError {
    LedgerError::new(LedgerErrorKind::Refused, what)
}

fn unexpected(reply: &Option<Reply>) -> LedgerError {
    LedgerError::new(
        LedgerErrorKind::Corrupt,
        format!("unexpected reply of the protocol: {reply:?}"),
    )
}
