//! The governed side: judge and conclude through the ledger, as a gate's turns do, for a handler that
//! does nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wingman_core::event::CloudEvent;
use wingman_core::message::Message;
use wingman_governance::contract::{Contracts, EventContract, HandlerContract};
use wingman_governance::digest::Digest;
use wingman_governance::ledger::{Ledger, LedgerOptions};
use wingman_governance::protocol::id::{HandlerName, WorkerId};
use wingman_governance::protocol::input::{
    Arrival, Conclude, Delivered, HandedIn, Input, Judged, Reply, Run, RunEnding,
};
use wingman_governance::protocol::row::Claim;
use wingman_governance::protocol::settings::Settings;

/// Subscriptions that the work is spread over, as in a program with a few handlers: while one's turn
/// commits, the others prepare theirs.
const SUBSCRIPTIONS: usize = 4;

/// Runs executions, this many in flight over all subscriptions, each turn concluding the last ones
/// and starting the next.
pub(crate) async fn run(folder: &Path, in_flight: usize, executions: usize) {
    let contracts = Contracts::builder()
        .event(EventContract::new("Asked", 1).purpose("A question").external())
        .handler(HandlerContract::new("answerer").mission("Answer").consumes("Asked"))
        .build()
        .unwrap();
    // Nobody beats here: the lease outlives the round.
    let settings = Settings { worker_lease: Duration::from_secs(600), ..Settings::default() };
    let options =
        LedgerOptions { create: true, settings, ..LedgerOptions::new(Arc::new(contracts)) };
    let url = format!("sqlite://{}", folder.join("ledger.db").display());
    let ledger = Arc::new(Ledger::open(&url, options).await.unwrap());
    let worker = WorkerId(Digest::of(b"bench"));
    let join = Input::Join { worker, handlers: Vec::new() };
    let Some(Reply::Joined(claim)) = ledger.transact(vec![join]).await.unwrap().pop() else {
        panic!("not joined")
    };
    let subscriptions = in_flight.min(SUBSCRIPTIONS);
    let turns = (0..subscriptions).map(|which| {
        let numbers = (which..executions).step_by(subscriptions);
        tokio::spawn(subscription(Arc::clone(&ledger), claim, numbers, in_flight / subscriptions))
    });
    for ended in turns.collect::<Vec<_>>() {
        ended.await.unwrap();
    }
    ledger.close().await.unwrap();
}

async fn subscription(
    ledger: Arc<Ledger>,
    claim: Claim,
    mut numbers: impl Iterator<Item = usize>,
    in_flight: usize,
) {
    let mut running: Vec<(Run, Arc<CloudEvent>)> = Vec::new();
    loop {
        let mut inputs: Vec<Input> = running.drain(..).map(conclude).collect();
        let concluded = inputs.len();
        inputs.extend(numbers.by_ref().take(in_flight).map(|number| judge(claim, number)));
        if inputs.is_empty() {
            return;
        }
        let replies = ledger.transact(inputs).await.unwrap();
        running.extend(replies.into_iter().skip(concluded).map(|reply| match reply {
            Reply::Judged(Judged::Run(started)) => (started.run, started.event),
            other => panic!("not admitted: {other:?}"),
        }));
    }
}

fn judge(claim: Claim, number: usize) -> Input {
    let mut event = CloudEvent::new(format!("{number}"), "/bench", "Asked").unwrap();
    event.time = Some(jiff::Timestamp::from_second(1_760_000_000 + number as i64 / 100).unwrap());
    Input::Judge(Arrival {
        claim,
        who: HandlerName { group: "answerer".to_owned(), handler: "answerer".to_owned() },
        event: Ok(Arc::new(event.with_json("{\"question\":1}"))),
        delivered: Arc::new(Delivered {
            topic: "Asked".to_owned(),
            position: format!("0/{number}-0"),
            message: Message::new(bytes::Bytes::from_static(b"{\"question\":1}")),
        }),
    })
}

fn conclude((run, event): (Run, Arc<CloudEvent>)) -> Input {
    let ending =
        RunEnding::Finished { outputs: Vec::new(), fence: false, handed_in: HandedIn::default() };
    Input::Conclude(Conclude { run, ending, event, delivered: None, objections: Vec::new() })
}
