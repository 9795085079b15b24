//! With a gate: heads and conclusions go to it in turns, and only what it returns is settled.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::Dispatch;
use crate::bus::subscription::entries::{Number, Stage};
use crate::error::{Error, Kind, Result};
use crate::event::CloudEvent;
use crate::gate::{
    Admission, Concluded, Conclusion, Ending, Gate, Head, Ticket, Turned, Verdict, Work,
};
use crate::handler::{BoxFuture, Request};
use crate::name::TopicName;
use crate::transport::Delivery;

/// Conclusions and heads in one turn.
const TURN_ENTRIES_MAX: usize = 1_024;
/// Work asked for at once.
const WORK_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

/// What stands between the loop and its gate.
pub(super) struct Gated {
    gate: Arc<dyn Gate>,
    concluded: VecDeque<Concluded>,
    turn: Option<BoxFuture<Turn>>,
    ready: Option<BoxFuture<Result<Vec<Work>>>>,
    /// Parked work that runs, and parked work whose conclusion is not recorded yet.
    parked_running: usize,
    parked_concluding: usize,
    closed: bool,
}

/// A turn that came back.
pub(super) struct Turn {
    concluded: Vec<Ticket>,
    heads: Vec<Number>,
    result: Result<Turned>,
}

/// A head as a turn owns it, while the loop goes on.
struct Asked {
    number: Number,
    topic: TopicName,
    delivery: Delivery,
    event: Result<Arc<CloudEvent>, Arc<Error>>,
}

impl Gated {
    pub(super) fn new(gate: Arc<dyn Gate>) -> Self {
        Self {
            gate,
            concluded: VecDeque::new(),
            turn: None,
            ready: None,
            parked_running: 0,
            parked_concluding: 0,
            closed: false,
        }
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) const fn parked_running(&self) -> usize {
        self.parked_running
    }

    /// Parked work that is not recorded yet.
    pub(super) const fn parked(&self) -> usize {
        self.parked_running + self.parked_concluding
    }

    /// Whether a turn is under way or a conclusion waits for one.
    pub(super) fn is_busy(&self) -> bool {
        self.turn.is_some() || !self.concluded.is_empty() || self.parked_concluding > 0
    }

    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let Some(turn) = &mut self.turn else {
            return Poll::Pending;
        };
        let turn = ready!(turn.as_mut().poll(cx));
        self.turn = None;
        Poll::Ready(turn)
    }

    /// Work that no delivery brings; one call at a time, kept until it answers.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<Vec<Work>>> {
        if self.closed {
            return Poll::Pending;
        }
        let ready = self.ready.get_or_insert_with(|| {
            let gate = Arc::clone(&self.gate);
            Box::pin(async move { gate.ready(WORK_MAX).await })
        });
        let work = ready!(ready.as_mut().poll(cx));
        self.ready = None;
        Poll::Ready(work)
    }

    /// Asks for no more work.
    pub(super) fn stop_ready(&mut self) {
        self.ready = None;
    }
}

impl Dispatch {
    /// Starts a turn if there is something to record or judge; true if it did.
    pub(super) fn turn(&mut self) -> bool {
        let may_turn = |gated: &Gated| !gated.closed && gated.turn.is_none();
        if !self.gated.as_ref().is_some_and(may_turn) {
            return false;
        }
        let accepts = self.accepts_work();
        if accepts {
            self.hand_back_lost_heads();
        }
        let Some(gated) = &mut self.gated else {
            return false;
        };
        let count = gated.concluded.len().min(TURN_ENTRIES_MAX);
        let concluded: Vec<_> = gated.concluded.drain(..count).collect();
        let mut heads = Vec::new();
        while accepts
            && concluded.len() + heads.len() < TURN_ENTRIES_MAX
            && let Some(number) = self.heads.pop_front()
        {
            let Some(entry) = self.entries.get_mut(number) else {
                continue;
            };
            entry.stage = Stage::Judging;
            heads.push(Asked {
                number,
                topic: self.parts.options.topics[entry.source].clone(),
                delivery: entry.delivery.clone(),
                event: entry.event.clone(),
            });
        }
        if concluded.is_empty() && heads.is_empty() {
            return false;
        }
        gated.turn = Some(Box::pin(ask(Arc::clone(&gated.gate), concluded, heads)));
        true
    }

    /// Does what a turn decided.
    pub(super) fn turned(&mut self, turn: Turn, cx: &mut Context<'_>) {
        let turned = match turn.result {
            Ok(turned)
                if turned.verdicts.len() == turn.heads.len()
                    && turned.conclusions.len() == turn.concluded.len() =>
            {
                turned
            }
            Ok(_) => {
                let error = Error::new(Kind::Internal, "the gate did not answer for each entry");
                return self.close_gate(error);
            }
            Err(error) => return self.close_gate(error),
        };
        for (ticket, conclusion) in turn.concluded.into_iter().zip(turned.conclusions) {
            self.concluded(ticket, conclusion);
        }
        for (number, verdict) in turn.heads.into_iter().zip(turned.verdicts) {
            match verdict {
                Verdict::Run(admission) => self.run_admitted(number, admission, cx),
                Verdict::Settle(settle) => self.settle(number, settle),
                Verdict::Hold { again } => self.hold(number, again),
            }
        }
    }

    fn concluded(&mut self, ticket: Ticket, conclusion: Conclusion) {
        match (ticket, conclusion) {
            (Ticket::Delivery(number), Conclusion::Settle(settle)) => {
                self.settle(Number::from_u64(number), settle);
            }
            (Ticket::Delivery(number), Conclusion::Again { after }) => {
                self.counts.retried += 1;
                self.hold(Number::from_u64(number), after);
            }
            // The ledger keeps it and brings it again by itself.
            (Ticket::Parked(_), Conclusion::Settle(_) | Conclusion::Again { .. }) => {
                if let Some(gated) = &mut self.gated {
                    gated.parked_concluding -= 1;
                }
            }
        }
    }

    fn run_admitted(&mut self, number: Number, admission: Admission, cx: &mut Context<'_>) {
        let ticket = Ticket::Delivery(number.as_u64());
        let leaving = self.leaving.is_some();
        let Some(entry) = self.entries.get_mut(number) else {
            return;
        };
        let lost = entry.lease.as_ref().is_some_and(|lease| lease.is_lost());
        entry.stage = Stage::Running { attempt: admission.attempt };
        let event = match &entry.event {
            Ok(event) if !lost && !leaving => Arc::clone(event),
            // Its start is recorded, so that its end must be, too.
            Ok(_) => return self.conclude(ticket, Ending::Abandoned),
            Err(_) => {
                let text = "the gate admitted what does not decode";
                return self.close_gate(Error::new(Kind::Internal, text));
            }
        };
        self.run_handler(ticket, event, admission, cx);
    }

    fn run_handler(
        &mut self,
        ticket: Ticket,
        event: Arc<CloudEvent>,
        admission: Admission,
        cx: &mut Context<'_>,
    ) {
        let request =
            Request { event, attempt: admission.attempt, context: Some(admission.context) };
        let handler = &*self.parts.options.handler;
        if let Some(ending) = self.runs.start(ticket, handler, request, cx) {
            self.conclude(ticket, ending);
        }
    }

    /// Keeps how a run ended for the next turn.
    pub(super) fn conclude(&mut self, ticket: Ticket, ending: Ending) {
        let Some(gated) = &mut self.gated else { return };
        if gated.closed {
            // Nobody records it; the delivery comes again.
            return match ticket {
                Ticket::Delivery(number) => self.forget(Number::from_u64(number)),
                Ticket::Parked(_) => gated.parked_running -= 1,
            };
        }
        match ticket {
            Ticket::Delivery(number) => {
                if let Some(entry) = self.entries.get_mut(Number::from_u64(number)) {
                    entry.stage = Stage::Concluding;
                }
            }
            Ticket::Parked(_) => {
                gated.parked_running -= 1;
                gated.parked_concluding += 1;
            }
        }
        gated.concluded.push_back(Concluded { ticket, ending });
    }

    /// Work that no delivery brought.
    pub(super) fn ready(&mut self, work: Result<Vec<Work>>, cx: &mut Context<'_>) {
        let work = match work {
            Ok(work) => work,
            Err(error) => return self.close_gate(error),
        };
        for work in work {
            match work {
                Work::Judge(Ticket::Delivery(number)) => {
                    self.reconsider(Number::from_u64(number));
                }
                // Only deliveries are held.
                Work::Judge(Ticket::Parked(_)) => {}
                Work::Run { ticket: ticket @ Ticket::Parked(_), event, admission } => {
                    if let Some(gated) = &mut self.gated {
                        gated.parked_running += 1;
                    }
                    self.run_handler(ticket, event, admission, cx);
                }
                Work::Run { ticket: Ticket::Delivery(_), .. } => {
                    let text = "the gate gave work the ticket of a delivery";
                    return self.close_gate(Error::new(Kind::Internal, text));
                }
            }
        }
    }

    /// No gate, no work (G1): nothing starts and nothing is settled any more.
    fn close_gate(&mut self, error: Error) {
        tracing::error!(group = %self.parts.options.group, %error, "The gate is closed: nothing is started or settled any more");
        if let Some(gated) = &mut self.gated {
            gated.closed = true;
            gated.concluded.clear();
            gated.parked_concluding = 0;
        }
        self.leave_unsettled(error);
    }
}

async fn ask(gate: Arc<dyn Gate>, concluded: Vec<Concluded>, asked: Vec<Asked>) -> Turn {
    let tickets = concluded.iter().map(|concluded| concluded.ticket).collect();
    let heads: Vec<_> = asked
        .iter()
        .map(|asked| Head {
            ticket: Ticket::Delivery(asked.number.as_u64()),
            topic: &asked.topic,
            delivery: &asked.delivery,
            event: asked.event.as_ref().map_err(|error| &**error),
        })
        .collect();
    let result = gate.turn(concluded, &heads).await;
    drop(heads);
    Turn { concluded: tickets, heads: asked.iter().map(|asked| asked.number).collect(), result }
}
