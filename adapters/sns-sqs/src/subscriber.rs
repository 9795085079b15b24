//! Receiving for one group, from its queue.

mod leases;
mod poll;
mod seat;
mod settle;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::transport::{AckToken, Delivery, Settle, Subscriber};

pub(crate) use self::seat::Seat;

/// A seat that is left when it is dropped.
#[derive(Debug)]
pub(crate) struct SqsSubscriber(Arc<Seat>);

impl SqsSubscriber {
    pub(crate) fn new(seat: Arc<Seat>) -> Self {
        Self(seat)
    }
}

#[async_trait]
impl Subscriber for SqsSubscriber {
    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        self.0.receive(max, wait).await
    }

    async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>> {
        self.0.settle(batch).await
    }

    async fn extend(&self, tokens: &[AckToken], by: Duration) -> Result<Vec<Result<()>>> {
        self.0.extend(tokens, by).await
    }

    fn holds(&self, token: &AckToken) -> bool {
        self.0.holds(token)
    }

    async fn close(&self) -> Result<()> {
        self.0.leave().await;
        Ok(())
    }
}

impl Drop for SqsSubscriber {
    fn drop(&mut self) {
        // Without a runtime nothing can be sent: what we hold comes back when its lease ends.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let seat = self.0.clone();
            runtime.spawn(async move { seat.leave().await });
        }
    }
}
