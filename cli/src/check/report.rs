//! What came of a check.

use std::time::Duration;

use wingman_conformance::Guarantee;

use super::broker::About;

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    /// What was expected and what was seen.
    Failed(String),
    /// The broker does not offer what it needs, and says so.
    NotOffered,
    NotRun(NotRun),
}

/// Why a case did not run: it counts as nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotRun {
    /// It restarts the broker, or cuts connections.
    NeedsControl,
    /// It is about governed handlers, and there is no governor here.
    NeedsGovernor,
    /// An emulator stands for the broker and does otherwise.
    StandIn,
    /// The check was interrupted.
    Interrupted,
}

impl NotRun {
    pub(super) const ALL: [Self; 4] =
        [Self::NeedsControl, Self::NeedsGovernor, Self::StandIn, Self::Interrupted];

    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::NeedsControl => "needs control of the broker",
            Self::NeedsGovernor => "needs a governor",
            Self::StandIn => "an emulator stands for the broker",
            Self::Interrupted => "the check was interrupted",
        }
    }
}

impl Outcome {
    pub(super) const fn verdict(&self) -> Verdict {
        match self {
            Self::Passed => Verdict::Pass,
            Self::Failed(_) => Verdict::Fail,
            Self::NotOffered => Verdict::NotOffered,
            Self::NotRun(_) => Verdict::NotRun,
        }
    }
}

/// What a case, or all of a guarantee, came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Fail,
    NotOffered,
    NotRun,
}

impl Verdict {
    /// Its word, for people and programs.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotOffered => "not offered",
            Self::NotRun => "not run",
        }
    }
}

/// A case and what came of it.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) layer: &'static str,
    pub(super) name: &'static str,
    pub(super) guarantee: Guarantee,
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
}

/// The cases of a guarantee, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) not_offered: usize,
    pub(super) not_run: usize,
}

impl Sum {
    pub(super) fn of<'a>(cases: impl Iterator<Item = &'a Ended>) -> Self {
        let mut sum = Self::default();
        for case in cases {
            match case.outcome.verdict() {
                Verdict::Pass => sum.passed += 1,
                Verdict::Fail => sum.failed += 1,
                Verdict::NotOffered => sum.not_offered += 1,
                Verdict::NotRun => sum.not_run += 1,
            }
        }
        sum
    }

    /// That of the whole: what did not run makes nothing pass.
    pub(super) const fn verdict(self) -> Verdict {
        match self {
            Self { failed: 1.., .. } => Verdict::Fail,
            Self { passed: 1.., .. } => Verdict::Pass,
            Self { not_offered: 1.., .. } => Verdict::NotOffered,
            Self { .. } => Verdict::NotRun,
        }
    }

    /// The numbers that are not nought.
    pub(super) fn words(self) -> String {
        let named = [
            (self.passed, "passed"),
            (self.failed, "failed"),
            (self.not_offered, "not offered"),
            (self.not_run, "not run"),
        ];
        let words: Vec<_> = named
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        words.join(", ")
    }
}

/// A whole check.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) about: About,
    pub(super) prefix: String,
    /// In the order of the suite.
    pub(super) cases: Vec<Ended>,
    /// The topics that were made.
    pub(super) made: Vec<String>,
    /// What of them could not be removed, each with the reason.
    pub(super) left: Vec<String>,
    pub(super) is_interrupted: bool,
    pub(super) took: Duration,
}

impl Report {
    /// Whether everything that ran passed, and nothing is left on the broker.
    pub(super) fn is_passed(&self) -> bool {
        self.sum().failed == 0 && self.left.is_empty() && !self.is_interrupted
    }

    pub(super) fn sum(&self) -> Sum {
        Sum::of(self.cases.iter())
    }

    pub(super) fn guarantees(&self) -> impl Iterator<Item = (Guarantee, Sum)> {
        Guarantee::ALL.into_iter().map(|guarantee| {
            (guarantee, Sum::of(self.cases.iter().filter(|case| case.guarantee == guarantee)))
        })
    }

    /// The cases that failed, each with what was seen.
    pub(super) fn failures(&self) -> impl Iterator<Item = (&Ended, &str)> {
        self.cases.iter().filter_map(|case| match &case.outcome {
            Outcome::Failed(why) => Some((case, why.as_str())),
            Outcome::Passed | Outcome::NotOffered | Outcome::NotRun(_) => None,
        })
    }

    /// Why cases did not run, and how many.
    pub(super) fn not_run(&self) -> impl Iterator<Item = (NotRun, usize)> {
        let count =
            |why| self.cases.iter().filter(|case| case.outcome == Outcome::NotRun(why)).count();
        NotRun::ALL.into_iter().map(move |why| (why, count(why))).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_fails_and_what_did_not_run_passes_nothing() {
        for ((passed, failed, not_offered, not_run), word) in [
            ((3, 0, 0, 0), "pass"),
            ((3, 1, 1, 1), "fail"),
            ((1, 0, 1, 1), "pass"),
            ((0, 0, 1, 1), "not offered"),
            ((0, 0, 0, 1), "not run"),
        ] {
            let sum = Sum { passed, failed, not_offered, not_run };
            assert_eq!(sum.verdict().word(), word, "{sum:?}");
        }
    }
}
