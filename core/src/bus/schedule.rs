//! When a failed run is tried again.

use std::time::Duration;

use super::backoff::lengthen;
use crate::error::{Error, Kind, Result};

/// The most delays that a schedule may have.
const DELAYS_MAX: usize = 32;

/// The waits between the attempts of one delivery; after the last one it becomes a dead letter.
/// Each wait is a floor: jitter makes it up to a quarter longer, never shorter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule {
    delays: Vec<Duration>,
}

impl Default for RetrySchedule {
    /// 5 s, 30 s, 2 min: four attempts.
    fn default() -> Self {
        Self { delays: [5, 30, 120].map(Duration::from_secs).to_vec() }
    }
}

impl RetrySchedule {
    /// One attempt, no retry.
    pub const fn never() -> Self {
        Self { delays: Vec::new() }
    }

    /// These waits between attempts.
    ///
    /// # Errors
    /// [`Kind::Configuration`] for more than 32 waits.
    pub fn new(delays: impl IntoIterator<Item = Duration>) -> Result<Self> {
        let delays: Vec<_> = delays.into_iter().take(DELAYS_MAX + 1).collect();
        if delays.len() > DELAYS_MAX {
            return Err(Error::new(Kind::Configuration, "a retry schedule has too many waits")
                .with("waits_max", DELAYS_MAX));
        }
        Ok(Self { delays })
    }

    /// How often a delivery is tried in all.
    pub fn attempts_max(&self) -> u32 {
        // At most 33.
        self.delays.len() as u32 + 1
    }

    /// The wait after attempt number `attempt` (from 1) failed; `None` if it was the last.
    pub(crate) fn after(&self, attempt: u32, seed: u64) -> Option<Duration> {
        let index = usize::try_from(attempt.saturating_sub(1)).ok()?;
        let delay = *self.delays.get(index)?;
        Some(lengthen(delay, seed.wrapping_add(u64::from(attempt))))
    }

    /// The longest single wait, jitter included.
    pub(crate) fn wait_max(&self) -> Duration {
        let longest = self.delays.iter().max().copied().unwrap_or_default();
        longest.saturating_add(longest / 4)
    }

    /// The longest time that a delivery can spend waiting, jitter included.
    pub fn total_max(&self) -> Duration {
        let total: Duration = self.delays.iter().sum();
        total.saturating_add(total / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_a_floor_and_the_last_attempt_has_none() {
        let schedule = RetrySchedule::default();
        assert_eq!(schedule.attempts_max(), 4);
        for seed in 0..100 {
            for (attempt, floor) in [(1, 5), (2, 30), (3, 120)] {
                let wait = schedule.after(attempt, seed).unwrap();
                let floor = Duration::from_secs(floor);
                assert!(wait >= floor && wait <= floor * 5 / 4, "{seed} {wait:?}");
            }
            assert_eq!(schedule.after(4, seed), None);
        }
        assert_eq!(RetrySchedule::never().after(1, 0), None);
        assert_eq!(schedule.total_max(), Duration::from_secs(155) * 5 / 4);
    }

    #[test]
    fn it_is_bounded() {
        assert!(RetrySchedule::new(vec![Duration::ZERO; DELAYS_MAX]).is_ok());
        let error = RetrySchedule::new(vec![Duration::ZERO; DELAYS_MAX + 1]).unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration);
    }
}
