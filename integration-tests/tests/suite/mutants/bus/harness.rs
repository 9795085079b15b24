//! A harness that is sabotaged: what it starts is not what it was given.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use wingman_conformance::{GivenUp, Harness, PlainBus, Process, Work};
use wingman_core::Result;
use wingman_core::bus::{Bus, Subscription};
use wingman_core::name::TopicName;
use wingman_tests::GovernedBus;

use super::handler::SabotagedHandler;
use super::mutation::BusMutation;

#[derive(Debug)]
pub(super) struct SabotagedHarness {
    base: Arc<dyn Harness>,
    mutation: BusMutation,
    /// Ledgers of single processes.
    apart: Mutex<Vec<Arc<GovernedBus>>>,
}

impl SabotagedHarness {
    pub(super) fn new(mutation: BusMutation) -> Self {
        let governs = mutation.is_governed() && mutation != BusMutation::GovernorIsAbsent;
        Self {
            base: if governs { Arc::new(ledger()) } else { Arc::new(PlainBus) },
            mutation,
            apart: Mutex::default(),
        }
    }

    /// What starts a process.
    fn starter(&self) -> Arc<dyn Harness> {
        if self.mutation != BusMutation::LedgersAreApart {
            return Arc::clone(&self.base);
        }
        let alone = Arc::new(ledger());
        let mut apart = self.apart.lock().unwrap_or_else(PoisonError::into_inner);
        apart.push(Arc::clone(&alone));
        alone
    }
}

fn ledger() -> GovernedBus {
    GovernedBus::new().expect("the system has room for a temporary folder")
}

#[async_trait]
impl Harness for SabotagedHarness {
    fn name(&self) -> &str {
        self.mutation.layer()
    }

    fn is_governed(&self) -> bool {
        self.mutation.is_governed()
    }

    async fn start(&self, bus: Bus, work: Work) -> Result<Box<dyn Process>> {
        let work = spoil(work, self.mutation);
        Ok(Box::new(SabotagedProcess {
            inner: self.starter().start(bus, work).await?,
            mutation: self.mutation,
        }))
    }

    async fn given_up(
        &self,
        bus: &Bus,
        topic: &TopicName,
        count: usize,
        within: Duration,
    ) -> Result<Vec<GivenUp>> {
        self.base.given_up(bus, topic, count, within).await
    }
}

fn spoil(work: Work, mutation: BusMutation) -> Work {
    let mut work = Work {
        code: Arc::new(SabotagedHandler { inner: Arc::clone(&work.code), mutation }),
        ..work
    };
    if mutation == BusMutation::LanesAreIgnored {
        work.ordered = false;
    }
    if mutation == BusMutation::RetriesComeAtOnce {
        work.retry.fill(Duration::ZERO);
    }
    if mutation == BusMutation::RetriesAreForgotten {
        work.retry.clear();
    }
    if mutation == BusMutation::RunsTakeTheirTime {
        work.run_time_max = Duration::from_secs(3_600);
    }
    if mutation == BusMutation::HoldsAreUnbounded {
        work.hold_max = Duration::from_secs(3_600);
    }
    if mutation == BusMutation::EverythingIsTaken {
        work.in_flight_max = NonZeroUsize::MAX;
    }
    work
}

#[derive(Debug)]
struct SabotagedProcess {
    inner: Box<dyn Process>,
    mutation: BusMutation,
}

#[async_trait]
impl Process for SabotagedProcess {
    fn subscription(&self) -> &Subscription {
        self.inner.subscription()
    }

    fn pause(&self) {
        if self.mutation != BusMutation::PausesAreIgnored {
            self.inner.pause();
        }
    }

    async fn stop(self: Box<Self>, grace: Duration) {
        let grace = if self.mutation == BusMutation::GraceIsNotGiven {
            Duration::ZERO
        } else if self.mutation == BusMutation::GraceNeverEnds {
            Duration::from_secs(3_600)
        } else {
            grace
        };
        self.inner.stop(grace).await;
    }
}
