//! What a case asks a process to do.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use wingman_core::Result;
use wingman_core::bus::{Bus, RetrySchedule, SubscriptionOptions};
use wingman_core::handler::Handler;

/// A handler and how it runs.
#[derive(Clone)]
pub struct Work {
    /// Its name, which is its group.
    pub handler: String,
    /// The type that it takes.
    pub consumes: &'static str,
    /// The type that it emits.
    pub emits: Option<&'static str>,
    /// What it does.
    pub code: Arc<dyn Handler>,
    /// The waits between its attempts.
    pub retry: Vec<Duration>,
    /// The longest that a retry may hold its delivery.
    pub hold_max: Duration,
    /// Runs longer than this are cancelled.
    pub run_time_max: Duration,
    /// How long a delivery is its, if nobody renews.
    pub lease: Duration,
    /// Deliveries in lanes and handlers at once.
    pub in_flight_max: NonZeroUsize,
    /// Whether the events of one key run in order.
    pub ordered: bool,
}

impl Work {
    /// Its settings as those of a subscription without a gate.
    ///
    /// # Errors
    /// The names do not fit, or the schedule has too many waits.
    pub fn subscription(&self, bus: &Bus) -> Result<SubscriptionOptions> {
        let (topic, group) = (bus.topic_of(self.consumes)?, bus.group_of(&self.handler)?);
        let mut options = SubscriptionOptions::new([topic], group, Arc::clone(&self.code));
        options.retry = RetrySchedule::new(self.retry.iter().copied())?;
        options.hold_max = self.hold_max;
        options.run_time_max = Some(self.run_time_max);
        self.adjust(&mut options);
        Ok(options)
    }

    /// Applies what does not depend on whether there is a gate.
    pub fn adjust(&self, options: &mut SubscriptionOptions) {
        options.lease = self.lease;
        options.in_flight_max = self.in_flight_max;
        options.ordered = self.ordered;
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("handler", &self.handler)
            .field("consumes", &self.consumes)
            .finish_non_exhaustive()
    }
}
