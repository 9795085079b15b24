//! The clock that bus and memory transport ask: the system's, or one that a test moves.

use std::ops::{Add, Sub};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The instant this many milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A source of time. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    /// Wall time at start plus monotonic time since, so that it never runs backwards.
    System {
        wall: Duration,
        started: Instant,
    },
    Manual(Arc<watch::Sender<u64>>),
}

impl Clock {
    /// The system's clock; it does not run backwards while the process lives.
    pub fn system() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(Source::System { wall, started: Instant::now() })
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start.0))))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { wall, started } => Timestamp(0) + (*wall + started.elapsed()),
            Source::Manual(now) => Timestamp(*now.borrow()),
        }
    }

    /// Returns once the clock shows at least `until`. Cancel-safe.
    pub async fn sleep_until(&self, until: Timestamp) {
        match &self.0 {
            Source::System { .. } => tokio::time::sleep(until - self.now()).await,
            Source::Manual(now) => {
                // The sender lives in `self`, so the wait ends only by the clock moving.
                let _ = now.subscribe().wait_for(|now| *now >= until.0).await;
            }
        }
    }

    /// Returns after `time` on this clock. Cancel-safe.
    pub async fn sleep(&self, time: Duration) {
        self.sleep_until(self.now() + time).await;
    }

    /// Moves a manual clock forward; returns false and does nothing on the system's clock.
    pub fn advance(&self, by: Duration) -> bool {
        match &self.0 {
            Source::System { .. } => false,
            Source::Manual(now) => {
                now.send_modify(|now| *now = (Timestamp(*now) + by).0);
                true
            }
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_when_moved() {
        let clock = Clock::manual(Timestamp::from_millis(1_000));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(5)).await }
        });
        // The sleeper reads the clock when it is first polled.
        tokio::task::yield_now().await;
        assert!(clock.advance(Duration::from_millis(4_999)));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_millis(1));
        tokio::time::timeout(Duration::from_secs(10), sleeper).await.unwrap().unwrap();
        assert_eq!(clock.now(), Timestamp::from_millis(6_000));
        assert!(!Clock::system().advance(Duration::from_secs(1)));
    }
}
