//! Rounds in which sides take turns, and what is made of them: medians, and medians of ratios.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Rounds of each side, and those that there are at least; odd, so that there is a middle one.
pub(crate) const ROUNDS: usize = 5;
const ROUNDS_MIN: usize = 3;
/// After so long no further round of a row begins, so that a whole run is bounded.
const ROW_TIME_MAX: Duration = Duration::from_secs(25);
/// A side that takes so long in one round hangs.
const SIDE_TIME_MAX: Duration = Duration::from_secs(60);

/// The rounds of a row, as many as there is time for.
pub(crate) fn rounds() -> impl Iterator<Item = usize> {
    let began = Instant::now();
    (0..ROUNDS).take_while(move |round| *round < ROUNDS_MIN || began.elapsed() < ROW_TIME_MAX)
}

/// # Panics
/// If a side does not end.
pub(crate) async fn within_bounds(what: &str, side: impl Future<Output = Duration>) -> Duration {
    let ended = tokio::time::timeout(SIDE_TIME_MAX, side).await;
    ended.unwrap_or_else(|_| panic!("{what} did not end in {SIDE_TIME_MAX:?}"))
}

/// Rates a second of several sides, round by round.
pub(crate) struct Rates<const SIDES: usize>([Vec<f64>; SIDES]);

impl<const SIDES: usize> Rates<SIDES> {
    pub(crate) fn new() -> Self {
        Self(std::array::from_fn(|_| Vec::with_capacity(ROUNDS)))
    }

    /// The order of the sides in a round: each second one backwards, so that what grows or cools
    /// down in between hits both ends.
    pub(crate) fn turns(round: usize) -> Box<dyn Iterator<Item = usize>> {
        if round.is_multiple_of(2) { Box::new(0..SIDES) } else { Box::new((0..SIDES).rev()) }
    }

    pub(crate) fn add(&mut self, side: usize, count: usize, took: Duration) {
        self.0[side].push(count as f64 / took.as_secs_f64());
    }

    pub(crate) fn median(&self, side: usize) -> f64 {
        median(self.0[side].clone())
    }

    /// The median of what each round's pair gives.
    pub(crate) fn ratio(&self, side: usize, base: usize) -> f64 {
        median(self.0[side].iter().zip(&self.0[base]).map(|(ours, base)| ours / base).collect())
    }

    /// The same against the lower of a side and a rate that was measured elsewhere.
    pub(crate) fn ratio_to_lower(&self, side: usize, base: usize, rate: f64) -> f64 {
        let rounds = self.0[side].iter().zip(&self.0[base]);
        median(rounds.map(|(ours, base)| ours / base.min(rate)).collect())
    }

    /// A cell of a table: the rate, and beside it the ratio.
    pub(crate) fn cell(&self, side: usize, base: Option<usize>) -> String {
        match base {
            Some(base) => format!("{:.0} ({:.2})", self.median(side), self.ratio(side, base)),
            None => format!("{:.0}", self.median(side)),
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs from the first message on: joining a group takes what it takes.
#[derive(Debug, Default)]
pub(crate) struct Watch(OnceLock<Instant>);

impl Watch {
    pub(crate) fn start(&self) {
        self.0.get_or_init(Instant::now);
    }

    /// # Panics
    /// If nothing came.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.get().unwrap().elapsed()
    }
}
