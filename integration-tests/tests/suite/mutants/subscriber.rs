//! A subscriber that is sabotaged.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use wingman_core::Result;
use wingman_core::message::Headers;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{
    AckToken, Admin, Delivery, Publisher, Settle, StartPosition, Subscriber,
};

use super::mutation::Mutation;
use super::publisher::HIDDEN_KEY;

/// A group whose start is fixed again by the first receive.
type LateStart = (Arc<dyn Admin>, TopicName, GroupName);
/// Where a delivery lies: its lane, and its position there.
type Place = (u32, u64);

#[derive(Debug)]
pub(super) struct SabotagedSubscriber {
    inner: Option<Box<dyn Subscriber>>,
    mutation: Mutation,
    lease: Duration,
    /// Publishes what is handed back behind everything else.
    to_end: Box<dyn Publisher>,
    late_start: Mutex<Option<LateStart>>,
    held: Mutex<HashMap<Place, Delivery>>,
    dead: AtomicBool,
}

impl SabotagedSubscriber {
    pub(super) fn new(
        inner: Box<dyn Subscriber>,
        mutation: Mutation,
        lease: Duration,
        to_end: Box<dyn Publisher>,
        late_start: Option<LateStart>,
    ) -> Self {
        Self {
            inner: Some(inner),
            mutation,
            lease,
            to_end,
            late_start: Mutex::new(late_start),
            held: Mutex::default(),
            dead: AtomicBool::new(false),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == mutation
    }

    fn inner(&self) -> &dyn Subscriber {
        self.inner.as_deref().expect("it is taken only by drop")
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Place, Delivery>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fix_start_late(&self) -> Result<()> {
        let late = self.late_start.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((admin, topic, group)) = late {
            admin.delete_group(&topic, &group).await?;
            admin.create_group(&topic, &group, StartPosition::Latest).await?;
        }
        Ok(())
    }

    fn spoil_delivery(&self, mut delivery: Delivery) -> Delivery {
        if self.is(Mutation::AttemptsStandStill) {
            delivery.attempt = std::num::NonZeroU32::new(1);
        }
        if self.is(Mutation::LeasesNeverEnd) || self.is(Mutation::ClosingKeepsDeliveries) {
            delivery.lease = Some(self.lease);
        }
        if self.is(Mutation::KeysAreDropped) {
            let key = delivery.message.headers.get(HIDDEN_KEY).map(<[u8]>::to_vec);
            delivery.message.key = key.map(Into::into);
            delivery.message.headers = Headers::new();
        }
        self.held().insert(place(&delivery.token), delivery.clone());
        delivery
    }

    /// What reaches the broker of one settlement; `None` if nothing does.
    async fn spoil_settle(
        &self,
        token: &AckToken,
        how: Settle,
    ) -> Result<Option<(AckToken, Settle)>> {
        let hands_back = how != Settle::Ack;
        let swallowed = self.is(Mutation::AcksOnReceive)
            || self.is(Mutation::ReceiveDropsOnCancel)
            || (self.is(Mutation::NackIsNoop) && hands_back)
            || (self.is(Mutation::AcksAreKeptBack) && !hands_back);
        if swallowed {
            return Ok(None);
        }
        let current = self.held().get(&place(token)).cloned();
        let token = match &current {
            Some(held) if self.is(Mutation::BareTagsAreAccepted) => held.token.clone(),
            Some(_) | None => token.clone(),
        };
        let how = match how {
            Settle::Retry { .. } | Settle::Release if self.is(Mutation::NackAcks) => Settle::Ack,
            Settle::Retry { .. } | Settle::Release if self.is(Mutation::NackGoesToTheEnd) => {
                if let Some(held) = current {
                    self.to_end.publish(&[held.message]).await?;
                }
                Settle::Ack
            }
            Settle::Retry { .. } if self.is(Mutation::RetryForgetsItsDelay) => Settle::Release,
            Settle::Ack | Settle::Retry { .. } | Settle::Release => how,
        };
        Ok(Some((token, how)))
    }

    async fn ack_now(&self, taken: &[Delivery]) -> Result<()> {
        let acks: Vec<_> =
            taken.iter().map(|delivery| (delivery.token.clone(), Settle::Ack)).collect();
        self.inner().settle(&acks).await.map(drop)
    }
}

#[async_trait]
impl Subscriber for SabotagedSubscriber {
    async fn receive(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        self.fix_start_late().await?;
        if self.dead.load(Ordering::Acquire) {
            tokio::time::sleep(wait).await;
            return Ok(Vec::new());
        }
        let mut wait = wait;
        if self.is(Mutation::ReceiveSleepsThrough) {
            tokio::time::sleep(wait).await;
            wait = Duration::ZERO;
        }
        let more = usize::from(self.is(Mutation::ReceiveTakesTooMany));
        let taken = self.inner().receive(max.saturating_add(more), wait).await;
        let taken = taken.inspect_err(|_| {
            let dies = self.is(Mutation::ReceiveDiesAfterACut);
            self.dead.store(dies, Ordering::Release);
        })?;
        if self.is(Mutation::AcksOnReceive) {
            self.ack_now(&taken).await?;
        }
        if self.is(Mutation::ReceiveDropsOnCancel) && !taken.is_empty() {
            self.ack_now(&taken).await?;
            // On its way from the connection to the caller: whoever cancels now loses it.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(taken.into_iter().map(|delivery| self.spoil_delivery(delivery)).collect())
    }

    async fn settle(&self, batch: &[(AckToken, Settle)]) -> Result<Vec<Result<()>>> {
        let mut results = Vec::with_capacity(batch.len());
        for (token, how) in batch {
            let result = match self.spoil_settle(token, *how).await? {
                Some(entry) => self.inner().settle(&[entry]).await?.remove(0),
                None => Ok(()),
            };
            results.push(if self.is(Mutation::SettleHidesFailures) { Ok(()) } else { result });
        }
        Ok(results)
    }

    async fn extend(&self, tokens: &[AckToken], by: Duration) -> Result<Vec<Result<()>>> {
        if self.is(Mutation::ExtensionIsNoop) {
            return Ok(tokens.iter().map(|_| Ok(())).collect());
        }
        self.inner().extend(tokens, by).await
    }

    fn holds(&self, token: &AckToken) -> bool {
        self.is(Mutation::HoldsForEver) || self.inner().holds(token)
    }

    async fn close(&self) -> Result<()> {
        let ignores = [Mutation::ClosingLeavesReceiveBlocked, Mutation::ClosingKeepsDeliveries];
        if ignores.contains(&self.mutation) {
            return Ok(());
        }
        self.inner().close().await
    }
}

fn place(token: &AckToken) -> Place {
    (token.lane, token.position)
}

impl Drop for SabotagedSubscriber {
    fn drop(&mut self) {
        if self.mutation == Mutation::ClosingKeepsDeliveries {
            // Its own drop would give back what it held.
            std::mem::forget(self.inner.take());
        }
    }
}
