//! Whether anybody listens to a topic, asked seldom enough to stay within the service's rate.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use wingman_core::transport::{Confirmed, Provision};

use crate::admin::topics;
use crate::transport::Account;

/// How long a topic that was heard is believed to be: the service takes 30 of these questions a
/// second of a whole account (SNS quotas).
const BELIEVED: Duration = Duration::from_secs(30);

/// What is known of a topic.
#[derive(Debug, Default)]
enum Known {
    #[default]
    Nothing,
    Heard {
        until: Instant,
    },
    Silent,
}

#[derive(Debug)]
pub(super) struct Listeners {
    may_ask: bool,
    known: Mutex<Known>,
}

impl Listeners {
    pub(super) fn new(provision: Provision) -> Self {
        let may_ask = match provision {
            Provision::Ensure | Provision::Verify => true,
            Provision::Never => false,
        };
        Self { may_ask, known: Mutex::default() }
    }

    /// Asked before a batch is sent. Without an answer what was known last holds, and nobody is accused.
    pub(super) async fn confirmed(&self, account: &Account, arn: &str) -> Confirmed {
        if !self.may_ask {
            return Confirmed::Stored;
        }
        let mut known = self.known.lock().await;
        if matches!(*known, Known::Heard { until } if Instant::now() < until) {
            return Confirmed::Stored;
        }
        match topics::subscribed_queues(account, arn).await {
            Ok(queues) if queues.is_empty() => *known = Known::Silent,
            Ok(_) => *known = Known::Heard { until: Instant::now() + BELIEVED },
            Err(error) => tracing::debug!(%error, "Whether anybody listens is not known"),
        }
        match *known {
            Known::Silent => Confirmed::NoGroup,
            Known::Nothing | Known::Heard { .. } => Confirmed::Stored,
        }
    }
}
