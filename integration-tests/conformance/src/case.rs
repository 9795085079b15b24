//! One case of the suite, and how it is run.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::backend::{Backend, Offer};
use crate::environment::Environment;
use crate::expect::{Failure, Verdict};

/// The body of a case.
pub type Run = fn(Arc<Environment>) -> Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// One thing that a transport must do.
#[derive(Clone, Copy)]
pub struct Case {
    /// A sentence in snake case, unique in its table.
    pub name: &'static str,
    /// Whether it disturbs whatever else uses the broker, so that it must run alone.
    pub alone: bool,
    /// Whether a backend offers what [`Self::run`] needs.
    pub needs: fn(&Offer) -> bool,
    /// Checks that it works.
    pub run: Run,
    /// Checks, where it is not offered, that it is refused by type or honestly absent.
    pub when_absent: Run,
}

impl Case {
    /// Which side of the case applies.
    pub fn mode(&self, offer: &Offer) -> Mode {
        if (self.needs)(offer) { Mode::Run } else { Mode::Absent }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Which side of a case applies to a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What it needs is offered.
    Run,
    /// It is not offered.
    Absent,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run => "run",
            Self::Absent => "absent",
        })
    }
}

/// What came of a case.
#[derive(Debug)]
pub struct Report {
    /// Which side ran; `None` if the broker was not reached.
    pub mode: Option<Mode>,
    /// Whether it passed; the text says what was expected and what was seen, and the seed.
    pub verdict: Verdict,
}

/// Runs a case on a backend, bounded by its timing. Panics count as failures.
///
/// The seed makes the names of topics and groups, and every choice of the case. Must be called in
/// a Tokio runtime with time enabled.
pub async fn run_case(backend: Arc<dyn Backend>, case: Case, seed: u64) -> Report {
    let limit = backend.timing().case;
    let environment = match Environment::open(backend.clone(), case.name, seed).await {
        Ok(environment) => Arc::new(environment),
        Err(error) => {
            let why = format!("the broker {} was not reached: {error}", backend.name());
            return Report { mode: None, verdict: Err(Failure::new(why)) };
        }
    };
    let mode = case.mode(environment.offer());
    let body = match mode {
        Mode::Run => case.run,
        Mode::Absent => case.when_absent,
    };
    let mut running = tokio::spawn(body(environment.clone()));
    let verdict = match tokio::time::timeout(limit, &mut running).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(panic)) => Err(Failure::new(format!("the case panicked: {panic}"))),
        Err(_) => {
            running.abort();
            Err(Failure::new(format!("the case took longer than {limit:?}")))
        }
    };
    environment.leave().await;
    let place = |failure| Failure::new(format!("{failure} (seed {seed:#x})"));
    Report { mode: Some(mode), verdict: verdict.map_err(place) }
}
