//! Runs of handlers: polled once in place, kept only if they are not ready at once.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;

use crate::clock::{Clock, Timestamp};
use crate::gate::{Ending, Ticket};
use crate::handler::{BoxFuture, Handler, Outcome, Request};

/// Everything that is running for one subscription.
pub(crate) struct Runs {
    clock: Clock,
    time_max: Option<Duration>,
    pending: FuturesUnordered<Pending>,
    cancels: HashMap<Ticket, AbortHandle>,
    /// In order, because every run may take the same time; may name runs that ended.
    deadlines: VecDeque<(Timestamp, Ticket)>,
}

impl Runs {
    pub(crate) fn new(clock: Clock, time_max: Option<Duration>) -> Self {
        Self {
            clock,
            time_max,
            pending: FuturesUnordered::new(),
            cancels: HashMap::new(),
            deadlines: VecDeque::new(),
        }
    }

    /// Starts a run. Returns how it ended if it is ready at once; otherwise [`Runs::poll`] will.
    pub(crate) fn start(
        &mut self,
        ticket: Ticket,
        handler: &dyn Handler,
        request: Request,
        cx: &mut Context<'_>,
    ) -> Option<Ending> {
        let mut run = match catch_unwind(AssertUnwindSafe(|| handler.call(request))) {
            Ok(future) => Run(Some(future)),
            Err(panic) => return Some(panicked(&*panic)),
        };
        if let Poll::Ready(ending) = Pin::new(&mut run).poll(cx) {
            return Some(ending);
        }
        let (cancel, registration) = AbortHandle::new_pair();
        self.cancels.insert(ticket, cancel);
        self.pending.push(Pending { ticket, run: Abortable::new(run, registration) });
        if let Some(time_max) = self.time_max {
            if self.deadlines.len() > 2 * self.cancels.len() + 64 {
                self.deadlines.retain(|(_, ticket)| self.cancels.contains_key(ticket));
            }
            self.deadlines.push_back((self.clock.now() + time_max, ticket));
        }
        None
    }

    /// The next run that ended; pending if there is none.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(Ticket, Ending)> {
        match ready!(self.pending.poll_next_unpin(cx)) {
            Some((ticket, ending)) => {
                self.cancels.remove(&ticket);
                Poll::Ready((ticket, ending))
            }
            None => Poll::Pending,
        }
    }

    /// When the next time-out is to be looked at.
    pub(crate) fn next_deadline(&mut self) -> Option<Timestamp> {
        while let Some((deadline, ticket)) = self.deadlines.front() {
            if self.cancels.contains_key(ticket) {
                return Some(*deadline);
            }
            self.deadlines.pop_front();
        }
        None
    }

    /// Cancels what runs too long; [`Runs::poll`] tells of it.
    pub(crate) fn time_out(&mut self, now: Timestamp) {
        while let Some((deadline, ticket)) = self.deadlines.front()
            && *deadline <= now
        {
            if let Some(cancel) = self.cancels.get(ticket) {
                cancel.abort();
            }
            self.deadlines.pop_front();
        }
    }

    /// Cancels everything; when this returns, no handler of it is running.
    pub(crate) fn cancel_all(&mut self) -> Vec<Ticket> {
        self.pending = FuturesUnordered::new();
        self.deadlines.clear();
        let mut cancelled: Vec<_> = self.cancels.drain().map(|(ticket, _)| ticket).collect();
        cancelled.sort_unstable();
        cancelled
    }

    pub(crate) fn len(&self) -> usize {
        self.cancels.len()
    }
}

/// A handler's future that neither panics nor is polled after its end.
struct Run(Option<BoxFuture<Outcome>>);

impl Future for Run {
    type Output = Ending;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ending> {
        let Some(future) = &mut self.0 else {
            return Poll::Pending;
        };
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        let ending = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => Ending::Returned(outcome),
            Err(panic) => panicked(&*panic),
        };
        self.end();
        Poll::Ready(ending)
    }
}

impl Run {
    fn end(&mut self) {
        let future = self.0.take();
        // What a handler's values do when they are dropped must not end the loop.
        if catch_unwind(AssertUnwindSafe(|| drop(future))).is_err() {
            tracing::error!("Dropping a handler's future panicked");
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.end();
        }
    }
}

/// A run that was not ready at once.
struct Pending {
    ticket: Ticket,
    run: Abortable<Run>,
}

impl Future for Pending {
    type Output = (Ticket, Ending);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(Ticket, Ending)> {
        let ending = ready!(Pin::new(&mut self.run).poll(cx)).unwrap_or(Ending::TimedOut);
        Poll::Ready((self.ticket, ending))
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Ending {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    Ending::Panicked { message: message.unwrap_or_else(|| "the panic has no message".into()) }
}
