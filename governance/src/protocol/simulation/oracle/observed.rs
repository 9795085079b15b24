//! Mode observe: nothing is refused by a policy, and whatever would have been is stamped.

use super::{Oracle, Part};
use crate::audit::stamp::Fact;
use crate::protocol::id::ExecutionId;
use crate::protocol::row::{DeadReason, Execution, Phase, RefusalCode};
use crate::protocol::settings::Mode;

impl Oracle {
    /// A policy was broken: in enforce that never happens; in observe it is stamped with one of these
    /// codes in the same transaction.
    pub(super) fn breach(
        &mut self,
        part: &Part<'_>,
        codes: &[&str],
        (rule, check): (&'static str, &'static str),
        execution: ExecutionId,
        detail: String,
    ) {
        let (rule, check) = match self.mode {
            Mode::Enforce => (rule, check),
            Mode::Observe => ("observe", "objection_is_stamped"),
        };
        let stamped = part.stamps.iter().any(|stamp| {
            stamp.execution == Some(execution)
                && matches!(&stamp.fact, Fact::WouldRefuse { code, .. } if codes.contains(code))
        });
        if stamped && codes.contains(&"order") {
            self.out_of_turn.insert(execution);
        }
        if self.mode == Mode::Enforce || !stamped {
            self.violate(rule, check, Some(execution), detail);
        }
    }

    /// What may end an execution in observe: what keeps the ledger true, and the handler itself.
    pub(super) fn ended_observed(&mut self, after: &Execution) {
        let refused = match &after.phase {
            Phase::Refused { code } => match code {
                RefusalCode::Rollback
                | RefusalCode::Unrecorded
                | RefusalCode::IdentityConflict
                | RefusalCode::Handler => false,
                RefusalCode::Scope
                | RefusalCode::Permission
                | RefusalCode::Interrupt
                | RefusalCode::Handshake
                | RefusalCode::Audit
                | RefusalCode::Order => true,
            },
            Phase::DeadLettered { reason } => match reason {
                DeadReason::SchemaMismatch | DeadReason::ParkExpired => true,
                DeadReason::Malformed
                | DeadReason::UnknownType
                | DeadReason::Structural
                | DeadReason::Exhausted
                | DeadReason::OutputRefused
                | DeadReason::ParkingFull
                | DeadReason::Damaged
                | DeadReason::Unclaimed => false,
            },
            Phase::Expired => true,
            Phase::Waiting
            | Phase::Started { .. }
            | Phase::Retrying { .. }
            | Phase::Parked { .. }
            | Phase::Finished => false,
        };
        if self.mode == Mode::Observe && refused {
            let detail = format!("it ended as {:?}", after.phase);
            self.violate("observe", "nothing_is_refused", Some(after.id), detail);
        }
    }

    /// A tool call was denied: in observe only by what keeps the ledger true.
    pub(super) fn denied_observed(&mut self, execution: ExecutionId, code: RefusalCode) {
        let policy = matches!(code, RefusalCode::Scope | RefusalCode::Permission);
        if self.mode == Mode::Observe && policy {
            let detail = format!("a tool call was denied by {code}");
            self.violate("observe", "nothing_is_refused", Some(execution), detail);
        }
    }
}
