//! Receiving for one group: one consumer on a channel of its own, and what came over it.

mod link;
mod seat;
mod shelf;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use wingman_core::transport::{AckToken, Delivery, Settle, Subscriber};
use wingman_core::{Error, Kind, Result};

pub(crate) use self::seat::Seat;

/// A seat that is left when it is dropped.
#[derive(Debug)]
pub(crate) struct RabbitSubscriber(Arc<Seat>);

impl RabbitSubscriber {
    pub(crate) fn new(seat: Arc<Seat>) -> Self {
        Self(seat)
    }
}

#[async_trait]
impl Subscriber for RabbitSubscriber {
    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        self.0.receive(max, wait).await
    }

    async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>> {
        self.0.settle(batch).await
    }

    async fn extend(&self, tokens: &[AckToken], _by: Duration) -> Result<Vec<Result<()>>> {
        self.0.check_open()?;
        let unsupported = || {
            let why = "RabbitMQ has no leases: a delivery is held as long as its subscriber lives";
            Error::new(Kind::Unsupported, why).during("extend")
        };
        Ok(tokens.iter().map(|_| Err(unsupported())).collect())
    }

    fn holds(&self, token: &AckToken) -> bool {
        self.0.holds(token)
    }

    async fn close(&self) -> Result<()> {
        self.0.leave().await;
        Ok(())
    }
}

impl Drop for RabbitSubscriber {
    fn drop(&mut self) {
        // Without a runtime nothing can be sent: what we hold comes back with the connection's end.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let seat = self.0.clone();
            runtime.spawn(async move { seat.leave().await });
        }
    }
}
