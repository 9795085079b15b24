//! How long to wait between tries of the bus's own calls: doubling, bounded, never in step.

use std::time::Duration;

/// The wait after the first failure, doubled after each further one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// Never longer than this, jitter apart.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(100), max: Duration::from_secs(10) }
    }
}

impl Backoff {
    /// The wait after this many failures (from 1), up to a quarter longer by the seed.
    pub(crate) fn delay(&self, failures: u32, seed: u64) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let base = self.first.saturating_mul(1 << doublings).min(self.max);
        lengthen(base, seed.wrapping_add(u64::from(failures)))
    }
}

/// Lengthens a wait by less than a quarter, spread by the seed; never shortens it.
pub(crate) fn lengthen(base: Duration, seed: u64) -> Duration {
    const PARTS: u32 = 1 << 16;
    let part = (mix(seed) >> 48) as u32;
    base.saturating_add(base / 4 / PARTS * part)
}

/// A seed that differs between processes, so that a fleet does not retry in step.
pub(crate) fn seed() -> u64 {
    // Without randomness from the system the waits are merely in step.
    getrandom::u64().unwrap_or_default()
}

/// splitmix64's finaliser.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_bound_and_are_never_shortened() {
        let backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(1) };
        for seed in 0..100 {
            for (failures, floor_millis) in [(1, 100), (2, 200), (4, 800), (5, 1_000), (99, 1_000)]
            {
                let floor = Duration::from_millis(floor_millis);
                let delay = backoff.delay(failures, seed);
                assert!(delay >= floor && delay < floor * 5 / 4, "{seed} {delay:?}");
            }
        }
        assert_ne!(backoff.delay(1, 1), backoff.delay(1, 2));
    }
}
