//! A publisher that is sabotaged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use wingman_core::message::{Headers, Message};
use wingman_core::transport::{Confirmed, Publisher, Receipt};
use wingman_core::{Kind, Result};

use super::mutation::Mutation;

/// Carries the key past a broker that does not learn it.
pub(super) const HIDDEN_KEY: &str = "sabotage-hidden-key";

#[derive(Debug)]
pub(super) struct SabotagedPublisher {
    inner: Box<dyn Publisher>,
    mutation: Mutation,
    /// Confirmed and not stored yet.
    kept_back: Mutex<Option<Message>>,
    is_busy: AtomicBool,
}

impl SabotagedPublisher {
    pub(super) fn new(inner: Box<dyn Publisher>, mutation: Mutation) -> Self {
        Self { inner, mutation, kept_back: Mutex::default(), is_busy: AtomicBool::new(false) }
    }

    fn keep_back(&self, message: Message) -> Option<Message> {
        self.kept_back.lock().unwrap_or_else(PoisonError::into_inner).replace(message)
    }

    async fn confirm_before_storing(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        for message in batch {
            if let Some(before) = self.keep_back(message.clone()) {
                self.inner.publish(&[before]).await?;
            }
        }
        Ok(batch.iter().map(|_| Ok(receipt())).collect())
    }

    async fn send_unless_busy(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        if self.is_busy.swap(true, Ordering::AcqRel) {
            return Ok(batch.iter().map(|_| Ok(receipt())).collect());
        }
        // Others may come meanwhile, as with a broker that is asked.
        tokio::task::yield_now().await;
        let sent = self.inner.publish(batch).await;
        self.is_busy.store(false, Ordering::Release);
        sent
    }

    async fn send_what_fits(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        let mut results = Vec::new();
        for one in batch {
            results.extend(self.inner.publish(std::slice::from_ref(one)).await?);
        }
        Ok(results)
    }
}

#[async_trait]
impl Publisher for SabotagedPublisher {
    async fn publish(&self, batch: &[Message]) -> Result<Vec<Result<Receipt>>> {
        let batch: Vec<_> = batch.iter().map(|message| spoil(message, self.mutation)).collect();
        if self.mutation == Mutation::ConfirmsBeforeStoring {
            return self.confirm_before_storing(&batch).await;
        }
        if self.mutation == Mutation::BatchLimitIsIgnored {
            return self.send_what_fits(&batch).await;
        }
        if self.mutation == Mutation::DeadLettersAreDropped {
            return Ok(batch.iter().map(|_| Ok(receipt())).collect());
        }
        if self.mutation == Mutation::OverlappingCallsCollide {
            return self.send_unless_busy(&batch).await;
        }
        let results = self.inner.publish(&batch).await?;
        let spoil_result = |result: Result<Receipt>| match result {
            Ok(mut receipt) => {
                if self.mutation == Mutation::NobodyIsNotNoticed {
                    receipt.confirmed = Confirmed::Stored;
                }
                Ok(receipt)
            }
            Err(error) if self.mutation == Mutation::PublishHidesFailures => {
                assert_eq!(error.kind(), Kind::Oversize, "no other failure is expected");
                Ok(receipt())
            }
            Err(error) => Err(error),
        };
        Ok(results.into_iter().map(spoil_result).collect())
    }

    async fn close(&self) -> Result<()> {
        if self.mutation == Mutation::ClosedPublisherSends {
            return Ok(());
        }
        self.inner.close().await
    }
}

fn receipt() -> Receipt {
    Receipt { position: None, confirmed: Confirmed::Stored }
}

fn spoil(message: &Message, mutation: Mutation) -> Message {
    let mut message = message.clone();
    let mut headers = Headers::builder();
    if mutation == Mutation::RepeatedHeadersCollapse {
        let map: BTreeMap<_, _> = message.headers.iter().collect();
        for (name, value) in map {
            headers.push(name, value).expect("it was a header name before");
        }
        message.headers = headers.build();
    } else if mutation == Mutation::PayloadsBecomeText {
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        message.payload = text.into();
    } else if mutation == Mutation::KeysAreDropped {
        let key = message.key.take().unwrap_or_default();
        headers.push(HIDDEN_KEY, key).expect("a short name is a header name");
        message.headers = headers.build();
    }
    message
}
