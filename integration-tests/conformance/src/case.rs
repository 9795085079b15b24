//! One case of the suite, and how it is run.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use wingman_core::name::TopicName;

use crate::backend::{Backend, Offer};
use crate::environment::{Environment, Left};
use crate::expect::{Failure, Verdict};
use crate::guarantee::Guarantee;
use crate::harness::Harness;

/// The body of a case.
pub type Run = fn(Arc<Environment>) -> Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// One thing that a transport, or the bus on it, must do.
#[derive(Clone, Copy)]
pub struct Case {
    /// A sentence in snake case, unique in its table.
    pub name: &'static str,
    /// What it stands for.
    pub guarantee: Guarantee,
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

/// A case whose function gives its name, with the [`Guarantee`] that it stands for; `needs` and
/// `absent` belong together.
macro_rules! case {
    ($guarantee:ident: $module:ident :: $name:ident) => {
        $crate::case::case!(@ $guarantee, $module::$name, $crate::case::anything, $crate::case::unreachable)
    };
    ($guarantee:ident: $module:ident :: $name:ident, needs $needs:ident, or $absent:path) => {
        $crate::case::case!(@ $guarantee, $module::$name, $needs, $absent)
    };
    (@ $guarantee:ident, $module:ident :: $name:ident, $needs:path, $absent:path) => {
        $crate::case::Case {
            name: stringify!($name),
            guarantee: $crate::guarantee::Guarantee::$guarantee,
            // Faults are the broker's, not the case's.
            alone: matches!(stringify!($module).as_bytes(), b"fault"),
            needs: $needs,
            run: |environment| Box::pin(async move { $module::$name(&environment).await }),
            when_absent: |environment| Box::pin(async move { $absent(&environment).await }),
        }
    };
}
pub(crate) use case;

/// Of a case that needs nothing.
pub(crate) fn anything(_: &Offer) -> bool {
    true
}

/// Of a case that needs nothing.
pub(crate) async fn unreachable(_: &Environment) -> Verdict {
    let why = "expected a case that needs nothing to run, seen it absent";
    Err(Failure::new(why))
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
    /// The topics that it may have made.
    pub made: Vec<TopicName>,
    /// Topics and groups of it that could not be removed, each with the reason.
    pub left: Vec<String>,
}

impl Report {
    fn unreached(backend: &dyn Backend, why: impl fmt::Display) -> Self {
        let why = format!("the broker {} was not reached: {why}", backend.name());
        Self { mode: None, verdict: Err(Failure::new(why)), made: Vec::new(), left: Vec::new() }
    }
}

/// Runs a case on a backend, bounded by its timing. Panics count as failures. The harness runs the
/// handlers of bus cases; cases of the transport leave it alone.
///
/// The seed makes the names of topics and groups, and every choice of the case. Must be called in
/// a Tokio runtime with time enabled.
pub async fn run_case(
    backend: Arc<dyn Backend>,
    harness: Arc<dyn Harness>,
    case: Case,
    seed: u64,
) -> Report {
    run_case_until(backend, harness, case, seed, std::future::pending()).await
}

/// The same, unless `stop` comes first: then the case is broken off and fails, and what it made is
/// removed all the same.
pub async fn run_case_until(
    backend: Arc<dyn Backend>,
    harness: Arc<dyn Harness>,
    case: Case,
    seed: u64,
    stop: impl Future<Output = ()>,
) -> Report {
    let limit = backend.timing().case;
    let opened = Environment::open(backend.clone(), harness, case.name, seed).await;
    let environment = match opened {
        Ok(environment) => Arc::new(environment),
        Err(error) => return Report::unreached(&*backend, error),
    };
    let mode = case.mode(environment.offer());
    let body = match mode {
        Mode::Run => case.run,
        Mode::Absent => case.when_absent,
    };
    let mut running = tokio::spawn(body(environment.clone()));
    let ended = tokio::select! {
        ended = &mut running => Ok(ended),
        () = tokio::time::sleep(limit) => Err(format!("the case took longer than {limit:?}")),
        () = stop => Err("the case was broken off".to_owned()),
    };
    let verdict = match ended {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(panic)) => Err(Failure::new(format!("the case panicked: {panic}"))),
        Err(why) => {
            running.abort();
            // Its end is waited for: what still runs could make something again.
            let _ = running.await;
            Err(Failure::new(why))
        }
    };
    let Left { made, behind } = environment.leave().await;
    let place = |failure| Failure::new(format!("{failure} (seed {seed:#x})"));
    Report { mode: Some(mode), verdict: verdict.map_err(place), made, left: behind }
}
