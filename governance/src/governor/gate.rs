//! The gate of one handler: turns of the bus become inputs of the protocol, and replies verdicts.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use wingman_core::error::{Error, Kind};
use wingman_core::gate::{
    Admission, Concluded, Conclusion, Gate, Head, Ticket, Turned, Verdict, Work,
};
use wingman_core::transport::Settle;

use super::core::Core;
use super::outputs;
use super::run::RunContext;
use crate::ledger::LedgerError;
use crate::protocol::id::HandlerName;
use crate::protocol::input::{self, Arrival, Delivered, Input, Judged, Reply, Started};

/// Stands between the lanes of one handler and the handler.
pub(super) struct HandlerGate {
    core: Arc<Core>,
    who: HandlerName,
    runs: Mutex<HashMap<Ticket, Arc<RunContext>>>,
    parked: AtomicU64,
}

impl HandlerGate {
    pub(super) fn new(core: Arc<Core>, who: HandlerName) -> Self {
        Self { core, who, runs: Mutex::default(), parked: AtomicU64::new(0) }
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<Ticket, Arc<RunContext>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrival(&self, head: &Head<'_>) -> Arrival {
        Arrival {
            claim: self.core.claim(),
            who: self.who.clone(),
            event: head.event.map(Arc::clone).map_err(ToString::to_string),
            delivered: Arc::new(Delivered {
                topic: head.topic.to_string(),
                position: head.delivery.position.to_string(),
                message: head.delivery.message.clone(),
            }),
        }
    }

    fn admit(
        &self,
        ticket: Ticket,
        started: Started,
        delivered: Option<Arc<Delivered>>,
    ) -> Admission {
        let attempt = started.run.attempt;
        let core = Arc::clone(&self.core);
        let run = RunContext::new(core, self.who.clone(), started, delivered);
        let run = Arc::new(run);
        self.runs().insert(ticket, Arc::clone(&run));
        let context: Arc<dyn Any + Send + Sync> = run;
        Admission { attempt, context }
    }

    fn verdict(
        &self,
        ticket: Ticket,
        delivered: Arc<Delivered>,
        reply: Reply,
    ) -> Result<Verdict, Error> {
        match reply {
            Reply::Judged(Judged::Ack) => Ok(Verdict::Settle(Settle::Ack)),
            Reply::Judged(Judged::Hold(millis)) => {
                Ok(Verdict::Hold { again: Duration::from_millis(millis) })
            }
            Reply::Judged(Judged::Run(started)) => {
                Ok(Verdict::Run(self.admit(ticket, *started, Some(delivered))))
            }
            other => Err(unexpected(&other)),
        }
    }

    async fn wake(&self, max: usize) -> Result<Vec<Work>, Error> {
        let (claim, who) = (self.core.claim(), self.who.clone());
        let reply = self.core.ask(Input::Wake { claim, who, max }).await.map_err(closed)?;
        let Reply::Woken(woken) = reply else {
            return Err(unexpected(&reply));
        };
        let run = |started: Started| {
            let ticket = Ticket::Parked(self.parked.fetch_add(1, Ordering::Relaxed));
            let event = Arc::clone(&started.event);
            let admission = self.admit(ticket, started, None);
            Work::Run { ticket, event, admission }
        };
        Ok(woken.into_iter().map(run).collect())
    }
}

#[async_trait]
impl Gate for HandlerGate {
    async fn turn(&self, concluded: Vec<Concluded>, heads: &[Head<'_>]) -> Result<Turned, Error> {
        let mut inputs = Vec::with_capacity(concluded.len() + heads.len());
        let count = concluded.len();
        for end in concluded {
            let run = self.runs().remove(&end.ticket);
            let run = run.ok_or_else(|| Error::new(Kind::Internal, "a run ended twice"))?;
            inputs.push(Input::Conclude(outputs::conclude(&run, end.ending)));
        }
        let arrivals: Vec<Arrival> = heads.iter().map(|head| self.arrival(head)).collect();
        let delivered: Vec<_> = arrivals.iter().map(|it| Arc::clone(&it.delivered)).collect();
        inputs.extend(arrivals.into_iter().map(Input::Judge));
        let mut replies = self.core.turn(inputs).await.map_err(closed)?.into_iter();
        let conclusions = replies.by_ref().take(count).map(conclusion).collect::<Result<_, _>>()?;
        let verdicts = heads
            .iter()
            .zip(delivered)
            .zip(replies)
            .map(|((head, delivered), reply)| self.verdict(head.ticket, delivered, reply))
            .collect::<Result<_, _>>()?;
        Ok(Turned { verdicts, conclusions })
    }

    async fn ready(&self, max: NonZeroUsize) -> Result<Vec<Work>, Error> {
        let mut commits = self.core.commits();
        loop {
            let now = self.core.ledger.now_millis();
            if self.core.reader.has_due(&self.who.handler, now).map_err(closed)? {
                let work = self.wake(max.get()).await?;
                if !work.is_empty() {
                    return Ok(work);
                }
            }
            self.core.rest(&mut commits).await;
        }
    }
}

impl fmt::Debug for HandlerGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerGate").field("who", &self.who).finish_non_exhaustive()
    }
}

fn conclusion(reply: Reply) -> Result<Conclusion, Error> {
    match reply {
        Reply::Concluded(input::Concluded::Ack) => Ok(Conclusion::Settle(Settle::Ack)),
        Reply::Concluded(input::Concluded::Again(millis)) => {
            Ok(Conclusion::Again { after: Duration::from_millis(millis) })
        }
        Reply::Concluded(input::Concluded::Late | input::Concluded::Released) => {
            Ok(Conclusion::Settle(Settle::Release))
        }
        other => Err(unexpected(&other)),
    }
}

fn closed(error: LedgerError) -> Error {
    Error::new(Kind::GateClosed, "the ledger takes nothing, so no work is done").because(error)
}

fn unexpected(reply: &Reply) -> Error {
    Error::new(Kind::Internal, format!("unexpected reply of the protocol: {reply:?}"))
}
