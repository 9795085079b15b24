//! The gate's turns, with a gate that a test plays by hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use std::num::NonZeroUsize;
use tokio::sync::{mpsc, oneshot};

use super::fake::{Fake, FakeTransport};
use super::{Job, Seen, job, within};
use crate::bus::{Bus, BusOptions, Subscription, SubscriptionOptions, SubscriptionState};
use crate::error::{Error, Kind, Result};
use crate::gate::{
    Admission, Concluded, Conclusion, Ending, Gate, Head, Ticket, Turned, Verdict, Work,
};
use crate::handler::{Handler, Incoming, IntoHandler, Outcome, Request, Signature};
use crate::transport::Settle;

/// A turn that waits for the test's answer.
struct Asked {
    concluded: Vec<Concluded>,
    heads: Vec<(Ticket, Option<String>)>,
    answer: oneshot::Sender<Result<Turned>>,
}

#[derive(Debug)]
struct ByHand {
    turns: mpsc::UnboundedSender<Asked>,
    work: tokio::sync::Mutex<mpsc::UnboundedReceiver<Work>>,
}

#[async_trait]
impl Gate for ByHand {
    async fn turn(&self, concluded: Vec<Concluded>, heads: &[Head<'_>]) -> Result<Turned> {
        let heads = heads
            .iter()
            .map(|head| (head.ticket, head.event.ok().map(|event| event.id().to_owned())));
        let (answer, answered) = oneshot::channel();
        let asked = Asked { concluded, heads: heads.collect(), answer };
        self.turns.send(asked).unwrap();
        answered.await.unwrap()
    }

    async fn ready(&self, _: NonZeroUsize) -> Result<Vec<Work>> {
        match self.work.lock().await.recv().await {
            Some(work) => Ok(vec![work]),
            None => std::future::pending().await,
        }
    }
}

struct Stage {
    fake: Arc<Fake>,
    subscription: Subscription,
    turns: mpsc::UnboundedReceiver<Asked>,
    work: mpsc::UnboundedSender<Work>,
    seen: Seen,
}

/// Notes the attempt and the context, then waits for a word or returns at once.
struct Noting {
    seen: Seen,
    waits: Mutex<Vec<oneshot::Receiver<()>>>,
}

impl Handler for Noting {
    fn signature(&self) -> Signature {
        (|_: Incoming<Job>| async {}).into_handler().signature()
    }

    fn call(&self, request: Request) -> crate::handler::BoxFuture<Outcome> {
        let context = request.context.unwrap();
        let context = context.downcast_ref::<&str>().unwrap();
        self.seen.note(format!("{}/{} {context}", request.event.id(), request.attempt));
        let wait = self.waits.lock().unwrap().pop();
        Box::pin(async move {
            if let Some(wait) = wait {
                wait.await.unwrap();
            }
            Outcome::Finished(Vec::new())
        })
    }
}

impl Stage {
    async fn set(waits: Vec<oneshot::Receiver<()>>) -> Self {
        let fake = Fake::new();
        let options = BusOptions { clock: fake.clock.clone(), ..BusOptions::default() };
        let bus = Bus::with_options(FakeTransport::over(&fake), options);
        let (turns_in, turns) = mpsc::unbounded_channel();
        let (work, work_out) = mpsc::unbounded_channel();
        let gate = ByHand { turns: turns_in, work: tokio::sync::Mutex::new(work_out) };
        let seen = Seen::default();
        let handler = Noting { seen: seen.clone(), waits: Mutex::new(waits) };
        let topic = bus.topic_of("Job").unwrap();
        let group = bus.group_of("worker").unwrap();
        let mut options = SubscriptionOptions::new([topic], group, Arc::new(handler));
        options.gate = Some(Arc::new(gate));
        let subscription = within(bus.subscribe(options)).await.unwrap();
        Self { fake, subscription, turns, work, seen }
    }

    fn deliver(&self, jobs: &[(&str, u32)]) {
        let deliveries = jobs.iter().map(|(key, number)| {
            self.fake.delivery(job(key, *number).to_message().unwrap(), u64::from(*number))
        });
        self.fake.receives(Ok(deliveries.collect()));
    }

    async fn turn(&mut self) -> Asked {
        within(self.turns.recv()).await.unwrap()
    }

    fn settled(&self) -> Vec<(u64, Settle)> {
        self.fake.script().settled.clone()
    }

    /// Lets everything run that can.
    async fn calm(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
}

fn admission(attempt: u32) -> Admission {
    Admission { attempt, context: Arc::new("governed") }
}

fn run(attempt: u32) -> Verdict {
    Verdict::Run(admission(attempt))
}

fn turned(verdicts: Vec<Verdict>, conclusions: Vec<Conclusion>) -> Result<Turned> {
    Ok(Turned { verdicts, conclusions })
}

fn ids(asked: &Asked) -> Vec<&str> {
    asked.heads.iter().map(|(_, id)| id.as_deref().unwrap_or("?")).collect()
}

#[tokio::test]
async fn only_what_a_turn_returned_is_run_and_settled() {
    let mut stage = Stage::set(Vec::new()).await;
    stage.deliver(&[("a", 1), ("a", 2), ("b", 3)]);
    let first = stage.turn().await;
    assert_eq!(ids(&first), ["a1", "b3"], "heads only");
    assert!(first.concluded.is_empty());
    stage.calm().await;
    assert_eq!(stage.seen.all(), Vec::<String>::new(), "nothing runs before its verdict");
    let verdicts = vec![run(1), Verdict::Settle(Settle::Ack)];
    first.answer.send(turned(verdicts, vec![])).unwrap();

    let second = stage.turn().await;
    assert_eq!(stage.seen.take(), ["a1/1 governed"]);
    assert_eq!(second.concluded.len(), 1);
    assert_eq!(second.concluded[0].ending, Ending::Returned(Outcome::Finished(vec![])));
    stage.calm().await;
    assert_eq!(stage.settled(), [(3, Settle::Ack)], "a1 is not settled before its turn returned");
    assert!(second.heads.is_empty(), "a2 is not a head while a1 is not recorded");
    let again = Conclusion::Again { after: Duration::from_secs(3) };
    second.answer.send(turned(vec![], vec![again])).unwrap();

    within(stage.subscription.wait_until(|status| status.counts.held == 1)).await;
    stage.fake.clock.advance(Duration::from_secs(3));
    let third = stage.turn().await;
    assert_eq!(ids(&third), ["a1"], "it keeps the head of its lane");
    third.answer.send(turned(vec![run(2)], vec![])).unwrap();
    let fourth = stage.turn().await;
    assert_eq!(stage.seen.take(), ["a1/2 governed"]);
    let done = vec![Conclusion::Settle(Settle::Ack)];
    fourth.answer.send(turned(vec![], done)).unwrap();
    let fifth = stage.turn().await;
    assert_eq!(ids(&fifth), ["a2"]);
    stage.calm().await;
    assert_eq!(stage.settled(), [(3, Settle::Ack), (1, Settle::Ack)]);
}

#[tokio::test]
async fn turns_overlap_with_running_handlers_and_one_turn_is_in_flight() {
    let (free, wait) = oneshot::channel();
    let mut stage = Stage::set(vec![wait]).await;
    stage.deliver(&[("a", 1)]);
    stage.turn().await.answer.send(turned(vec![run(1)], vec![])).unwrap();
    stage.deliver(&[("b", 2)]);
    let second = stage.turn().await;
    assert_eq!(ids(&second), ["b2"]);
    stage.deliver(&[("c", 3), ("d", 4)]);
    free.send(()).unwrap();
    stage.calm().await;
    assert!(stage.turns.try_recv().is_err(), "one turn at a time");
    second.answer.send(turned(vec![Verdict::Settle(Settle::Ack)], vec![])).unwrap();
    let third = stage.turn().await;
    assert_eq!((third.concluded.len(), ids(&third)), (1, vec!["c3", "d4"]), "all in one turn");
}

#[tokio::test]
async fn a_held_head_is_judged_again_in_time_or_when_the_gate_says_so() {
    let mut stage = Stage::set(Vec::new()).await;
    stage.deliver(&[("a", 1)]);
    for by_gate in [true, false] {
        let asked = stage.turn().await;
        assert_eq!(ids(&asked), ["a1"]);
        let ticket = asked.heads[0].0;
        let hold = Verdict::Hold { again: Duration::from_secs(60) };
        asked.answer.send(turned(vec![hold], vec![])).unwrap();
        within(stage.subscription.wait_until(|status| status.counts.held == 1)).await;
        if by_gate {
            stage.work.send(Work::Judge(ticket)).unwrap();
        } else {
            stage.fake.clock.advance(Duration::from_secs(60));
        }
    }
    assert_eq!(ids(&stage.turn().await), ["a1"]);
    assert_eq!(stage.settled(), []);
}

#[tokio::test]
async fn parked_work_runs_beside_the_lanes_and_is_concluded() {
    let mut stage = Stage::set(Vec::new()).await;
    let ticket = Ticket::Parked(7);
    let event = Arc::new(job("z", 9));
    stage.work.send(Work::Run { ticket, event, admission: admission(3) }).unwrap();
    let asked = stage.turn().await;
    assert_eq!(stage.seen.take(), ["z9/3 governed"]);
    assert_eq!(asked.concluded[0].ticket, ticket);
    asked.answer.send(turned(vec![], vec![Conclusion::Settle(Settle::Ack)])).unwrap();
    within(stage.subscription.drain(Duration::ZERO)).await;
    assert_eq!(stage.settled(), []);
}

#[tokio::test]
async fn what_does_not_decode_goes_to_the_gate_too() {
    let mut stage = Stage::set(Vec::new()).await;
    let delivery = stage.fake.delivery(crate::message::Message::new("?"), 1);
    stage.fake.receives(Ok(vec![delivery]));
    let asked = stage.turn().await;
    assert_eq!(ids(&asked), ["?"]);
    asked.answer.send(turned(vec![Verdict::Settle(Settle::Ack)], vec![])).unwrap();
    within(stage.subscription.wait_until(|status| status.counts.acked == 1)).await;
}

#[tokio::test]
async fn a_closed_gate_stops_everything_and_settles_nothing() {
    let (_free, wait) = oneshot::channel();
    let mut stage = Stage::set(vec![wait]).await;
    stage.deliver(&[("a", 1), ("b", 2), ("b", 3)]);
    let asked = stage.turn().await;
    let hold = Verdict::Hold { again: Duration::from_secs(1) };
    asked.answer.send(turned(vec![run(1), hold], vec![])).unwrap();
    within(stage.subscription.wait_until(|status| status.counts.held == 1)).await;
    stage.fake.clock.advance(Duration::from_secs(1));
    let asked = stage.turn().await;
    asked.answer.send(Err(Error::new(Kind::Internal, "the ledger is gone"))).unwrap();
    let closed = |status: &crate::bus::SubscriptionStatus| {
        status.state == SubscriptionState::GateClosed && status.counts.running == 1
    };
    within(stage.subscription.wait_until(closed)).await;
    stage.deliver(&[("c", 4)]);
    stage.calm().await;
    stage.fake.clock.advance(Duration::from_secs(10));
    let error = within(stage.subscription.closed()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::GateClosed);
    assert!(error.to_string().contains("ledger is gone"), "{error}");
    assert_eq!(stage.settled(), []);
    assert_eq!(stage.seen.all(), ["a1/1 governed"]);
    assert!(stage.turns.try_recv().is_err());
}

#[tokio::test]
async fn a_drain_abandons_what_runs_and_settles_what_the_gate_returned() {
    let (_free, wait) = oneshot::channel();
    let mut stage = Stage::set(vec![wait]).await;
    stage.deliver(&[("a", 1), ("a", 2), ("b", 3)]);
    let asked = stage.turn().await;
    asked.answer.send(turned(vec![run(1), Verdict::Settle(Settle::Ack)], vec![])).unwrap();
    within(stage.subscription.wait_until(|status| status.counts.acked == 1)).await;
    stage.deliver(&[("c", 4)]);
    let judging = stage.turn().await;
    let grace = Duration::from_secs(5);
    let play = async {
        within(stage.subscription.wait_until(|status| status.counts.released == 1)).await;
        // Admitted while it drains: its start is recorded, so its end must be.
        judging.answer.send(turned(vec![run(1)], vec![])).unwrap();
        let asked = within(stage.turns.recv()).await.unwrap();
        assert_eq!(asked.concluded[0].ending, Ending::Abandoned);
        let release = vec![Conclusion::Settle(Settle::Release)];
        asked.answer.send(turned(vec![], release)).unwrap();
        stage.fake.clock.advance(grace);
        let asked = within(stage.turns.recv()).await.unwrap();
        assert_eq!(asked.concluded[0].ending, Ending::Abandoned);
        let release = vec![Conclusion::Settle(Settle::Release)];
        asked.answer.send(turned(vec![], release)).unwrap();
    };
    let (report, ()) = within(async { tokio::join!(stage.subscription.drain(grace), play) }).await;
    assert_eq!((report.released, report.abandoned, report.unsettled), (3, 1, 0));
    let settled = stage.settled();
    assert_eq!(settled.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [3, 2, 4, 1]);
}
