//! The contracts of a case's process, declared in code.

use wingman_conformance::{ASKED, LISTENER, TELLER, TOLD, Work};
use wingman_governance::contract::{
    ContractErrors, Contracts, EventContract, FailureMode, HandlerContract, KeyAfterFailure, Limits,
};

/// One handler, and the two types: one from outside, one of the handler [`TELLER`], which [`LISTENER`] takes, in
/// this process or another one.
pub(super) fn of(work: &Work) -> Result<Contracts, ContractErrors> {
    let failure_mode = FailureMode { retry: work.retry.clone(), key: KeyAfterFailure::Continue };
    let limits = Limits { runtime: work.run_time_max, ..Limits::default() };
    let mut handler = HandlerContract::new(&work.handler)
        .mission("Answers as the case says.")
        .consumes(work.consumes)
        .limits(limits);
    if let Some(ty) = work.emits {
        handler = handler.emits(ty);
    }
    let asked = EventContract::new(ASKED, 1)
        .purpose("Somebody outside asks.")
        .failure_mode(failure_mode)
        .external();
    let told = EventContract::new(TOLD, 1).purpose("The teller tells.").producer(TELLER);
    let contracts = Contracts::builder().event(asked).event(told).handler(handler);
    if work.handler != TELLER {
        return contracts.build();
    }
    let listener = HandlerContract::new(LISTENER).mission("Listens to the teller.").consumes(TOLD);
    contracts.handler(listener).build()
}
