//! Signing what a person decides, about a plan, a dead letter or an effect, and checking who signed it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::audit::SigningKey;
use crate::contract::Contracts;
use crate::protocol::id::{ExecutionId, PlanDigest};
use crate::protocol::input::{Input, ReviewAct};
use crate::protocol::row::{EffectKey, Resolution};

/// What is signed is told apart from everything else that a key may sign.
const APPROVAL: &str = "wingman/approval/v1";
const REVIEW: &str = "wingman/review/v1";
const RESOLUTION: &str = "wingman/resolution/v1";

/// A person (or a demo) with a key, who answers plans and decides about dead letters.
#[derive(Debug)]
pub struct Approver {
    name: String,
    key: SigningKey,
}

impl Approver {
    /// The holder of a key; `name` is the principal that the contracts know.
    pub fn new(name: &str, key: SigningKey) -> Self {
        Self { name: name.to_owned(), key }
    }

    /// The principal's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A signed answer. Only the exact text `YES` approves; it binds the plan's digest.
    pub fn answer(&self, plan: PlanDigest, answer: &str) -> Input {
        let signature = self.sign(APPROVAL, &signed_answer(&plan, answer));
        Input::Decide { plan, by: self.name.clone(), answer: answer.to_owned(), signature }
    }

    /// A signed decision about a dead letter; its taker needs the role
    /// [`OPERATOR`](crate::protocol::OPERATOR).
    pub fn review(&self, letter: ExecutionId, act: ReviewAct) -> Input {
        let signature = self.sign(REVIEW, &signed_review(&letter, act));
        Input::Review { letter, act, by: self.name.clone(), signature }
    }

    /// A signed decision about an effect in quarantine; its taker needs the role
    /// [`OPERATOR`](crate::protocol::OPERATOR).
    pub fn resolve(&self, effect: EffectKey, resolution: Resolution) -> Input {
        let signature = self.sign(RESOLUTION, &signed_resolution(&effect, resolution));
        Input::Resolve { effect, resolution, by: self.name.clone(), signature }
    }

    fn sign(&self, domain: &str, bytes: &[u8]) -> String {
        BASE64.encode(self.key.sign(domain, bytes))
    }
}

/// Why an answer or a decision is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerError {
    /// The contracts name no such principal.
    UnknownPrincipal(String),
    /// The signature is not that principal's, or not over this very act.
    BadSignature(String),
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownPrincipal(name) => write!(
                f,
                "{name} is not among the principals of the contracts: add name, public_key and roles"
            ),
            Self::BadSignature(name) => write!(
                f,
                "the signature is not {name}'s over this very act: sign with the key whose public \
                 half the contracts list"
            ),
        }
    }
}

impl std::error::Error for AnswerError {}

/// Checks that the named principal signed this answer to this plan.
///
/// # Errors
/// [`AnswerError`] says what does not fit.
pub fn verify_answer(
    contracts: &Contracts,
    plan: PlanDigest,
    by: &str,
    answer: &str,
    signature: &str,
) -> Result<(), AnswerError> {
    verify(contracts, by, APPROVAL, &signed_answer(&plan, answer), signature)
}

/// Checks that the named principal signed this decision about this letter.
///
/// # Errors
/// [`AnswerError`] says what does not fit.
pub fn verify_review(
    contracts: &Contracts,
    letter: ExecutionId,
    by: &str,
    act: ReviewAct,
    signature: &str,
) -> Result<(), AnswerError> {
    verify(contracts, by, REVIEW, &signed_review(&letter, act), signature)
}

/// Checks that the named principal signed this decision about this effect.
///
/// # Errors
/// [`AnswerError`] says what does not fit.
pub fn verify_resolution(
    contracts: &Contracts,
    effect: EffectKey,
    by: &str,
    resolution: Resolution,
    signature: &str,
) -> Result<(), AnswerError> {
    verify(contracts, by, RESOLUTION, &signed_resolution(&effect, resolution), signature)
}

fn verify(
    contracts: &Contracts,
    by: &str,
    domain: &str,
    signed: &[u8],
    signature: &str,
) -> Result<(), AnswerError> {
    let principal =
        contracts.principal(by).ok_or_else(|| AnswerError::UnknownPrincipal(by.to_owned()))?;
    let bad = || AnswerError::BadSignature(by.to_owned());
    let key = ed25519_dalek::VerifyingKey::from_bytes(&principal.public_key).map_err(|_| bad())?;
    let bytes: [u8; 64] =
        BASE64.decode(signature).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(bad)?;
    let signature = ed25519_dalek::Signature::from_bytes(&bytes);
    key.verify_strict(&crate::audit::key::message(domain, signed), &signature).map_err(|_| bad())
}

fn signed_answer(plan: &PlanDigest, answer: &str) -> Vec<u8> {
    format!("{plan}\n{answer}\n").into_bytes()
}

fn signed_review(letter: &ExecutionId, act: ReviewAct) -> Vec<u8> {
    format!("{}\n{letter}\n", act.as_str()).into_bytes()
}

fn signed_resolution(effect: &EffectKey, resolution: Resolution) -> Vec<u8> {
    format!("{resolution}\n{effect}\n").into_bytes()
}
