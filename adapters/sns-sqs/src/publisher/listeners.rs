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

#[derive(Debug)]
pub(super) struct Listeners {
    may_ask: bool,
    heard_until: Mutex<Option<Instant>>,
}

impl Listeners {
    pub(super) fn new(provision: Provision) -> Self {
        let may_ask = match provision {
            Provision::Ensure | Provision::Verify => true,
            Provision::Never => false,
        };
        Self { may_ask, heard_until: Mutex::default() }
    }

    /// Asked after a batch was sent; without an answer nobody is accused.
    pub(super) async fn confirmed(&self, account: &Account, arn: &str) -> Confirmed {
        if !self.may_ask {
            return Confirmed::Stored;
        }
        let mut heard_until = self.heard_until.lock().await;
        if heard_until.is_some_and(|until| Instant::now() < until) {
            return Confirmed::Stored;
        }
        match topics::subscribed_queues(account, arn).await {
            Ok(queues) if queues.is_empty() => Confirmed::NoGroup,
            Ok(_) => {
                *heard_until = Some(Instant::now() + BELIEVED);
                Confirmed::Stored
            }
            Err(error) => {
                tracing::debug!(%error, "Whether anybody listens is not known");
                Confirmed::Stored
            }
        }
    }
}
