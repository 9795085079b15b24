//! The bus's own judgement, where no gate stands: what follows from how a run ended. Pure.

use std::time::Duration;

use super::dead_letter::Cause;
use crate::bus::RetrySchedule;
use crate::event::Output;
use crate::gate::Ending;
use crate::handler::{FailureKind, Outcome};

/// How much further than our own budget a broker's count may go before a delivery that keeps
/// killing its process is given up without another run. Brokers that count hand-backs too get
/// this much room.
const BROKER_ATTEMPTS_BEYOND: u32 = 16;

/// What is done with a delivery after its run.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// Publish these, then ack.
    Finish(Vec<Output>),
    /// Try again after this wait.
    Retry { failure: Reason, after: Duration },
    /// Give it up with this reason.
    DeadLetter(Reason),
    /// Hand it back, the attempt does not count.
    Release,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) cause: Cause,
    pub(crate) text: String,
}

impl Reason {
    pub(crate) fn new(cause: Cause, text: impl Into<String>) -> Self {
        Self { cause, text: text.into() }
    }
}

/// Which attempt the next run is: the larger of the broker's count and ours.
pub(crate) fn attempt(broker: Option<u32>, failed_here: usize) -> u32 {
    let ours = u32::try_from(failed_here).unwrap_or(u32::MAX).saturating_add(1);
    broker.unwrap_or(1).max(ours)
}

/// Why this attempt must not even start.
pub(crate) fn given_up(attempt: u32, schedule: &RetrySchedule) -> Option<Reason> {
    let attempts_max = schedule.attempts_max() + BROKER_ATTEMPTS_BEYOND;
    (attempt > attempts_max).then(|| {
        let text = format!("the broker handed it over {attempt} times without an outcome");
        Reason::new(Cause::Crashing, text)
    })
}

/// What follows from how attempt number `attempt` ended.
pub(crate) fn after(ending: Ending, attempt: u32, schedule: &RetrySchedule, seed: u64) -> Next {
    let failure = match ending {
        Ending::Returned(Outcome::Finished(outputs)) => return Next::Finish(outputs),
        Ending::Returned(Outcome::Refused(refusal)) => {
            return Next::Finish(refusal.output.into_iter().collect());
        }
        Ending::Returned(Outcome::Failed(failure)) => match failure.kind {
            FailureKind::Structural => {
                return Next::DeadLetter(Reason::new(Cause::Structural, failure.reason));
            }
            FailureKind::Environmental => Reason::new(Cause::Environmental, failure.reason),
        },
        Ending::Panicked { message } => Reason::new(Cause::Panicked, message),
        Ending::TimedOut => Reason::new(Cause::TimedOut, "the handler ran longer than allowed"),
        Ending::Abandoned => return Next::Release,
    };
    match schedule.after(attempt, seed) {
        Some(after) => Next::Retry { failure, after },
        None => Next::DeadLetter(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::{Failure, Refusal};

    fn failed(failure: Failure) -> Ending {
        Ending::Returned(Outcome::Failed(failure))
    }

    #[test]
    fn the_larger_count_is_the_attempt() {
        assert_eq!(attempt(None, 0), 1);
        assert_eq!(attempt(Some(3), 0), 3);
        assert_eq!(attempt(Some(1), 2), 3);
    }

    #[test]
    fn environmental_failures_are_tried_until_the_schedule_ends() {
        let schedule = RetrySchedule::new([Duration::from_secs(5)]).unwrap();
        let endings = [
            (failed(Failure::environmental("down")), Cause::Environmental),
            (Ending::Panicked { message: "down".into() }, Cause::Panicked),
            (Ending::TimedOut, Cause::TimedOut),
        ];
        for (ending, cause) in endings {
            let next = after(ending.clone(), 1, &schedule, 0);
            let Next::Retry { failure, after: wait } = next else { panic!("{next:?}") };
            assert_eq!(failure.cause, cause);
            assert!(wait >= Duration::from_secs(5));
            let next = after(ending, 2, &schedule, 0);
            assert!(matches!(next, Next::DeadLetter(reason) if reason.cause == cause));
        }
    }

    #[test]
    fn structural_failures_are_given_up_at_once_and_refusals_are_outcomes() {
        let schedule = RetrySchedule::default();
        let next = after(failed(Failure::structural("no")), 1, &schedule, 0);
        assert_eq!(next, Next::DeadLetter(Reason::new(Cause::Structural, "no")));
        let refusal = Refusal {
            code: "P-02".into(),
            reason: String::new(),
            output: Some(Output::json("Refused", "{}")),
        };
        let next = after(Ending::Returned(Outcome::Refused(refusal)), 1, &schedule, 0);
        assert!(matches!(next, Next::Finish(outputs) if outputs.len() == 1));
        assert_eq!(after(Ending::Abandoned, 1, &schedule, 0), Next::Release);
    }

    #[test]
    fn a_delivery_that_kills_its_process_is_given_up() {
        let schedule = RetrySchedule::default();
        assert_eq!(given_up(schedule.attempts_max() + 16, &schedule), None);
        let reason = given_up(schedule.attempts_max() + 17, &schedule).unwrap();
        assert_eq!(reason.cause, Cause::Crashing);
    }
}
