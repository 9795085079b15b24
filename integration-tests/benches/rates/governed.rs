//! The governed side: judge and conclude through the ledger, as a gate's turns do, for a handler that
//! does nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wingman_core::event::CloudEvent;
use wingman_governance::contract::{Contracts, EventContract, HandlerContract};
use wingman_governance::digest::Digest;
use wingman_governance::ledger::{Ledger, LedgerOptions};
use wingman_governance::protocol::id::{HandlerName, WorkerId};
use wingman_governance::protocol::input::{
    Arrival, Conclude, Input, Judged, Reply, Run, RunEnding,
};
use wingman_governance::protocol::row::Claim;
use wingman_governance::protocol::settings::Settings;

/// Runs executions, this many in flight, each turn concluding the last ones and starting the next.
/// Returns how many turns were made.
pub(crate) async fn run(folder: &Path, in_flight: usize, executions: usize) -> usize {
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
    let ledger = Ledger::open(&url, options).await.unwrap();
    let worker = WorkerId(Digest::of(b"bench"));
    let join = Input::Join { worker, handlers: Vec::new() };
    let Some(Reply::Joined(claim)) = ledger.transact(vec![join]).await.unwrap().pop() else {
        panic!("not joined")
    };
    let (mut begun, mut turns) = (0, 0);
    let mut running: Vec<(Run, Arc<CloudEvent>)> = Vec::new();
    while begun < executions || !running.is_empty() {
        let next = in_flight.min(executions - begun);
        let mut inputs: Vec<Input> = running.drain(..).map(conclude).collect();
        let concluded = inputs.len();
        inputs.extend((begun..begun + next).map(|number| judge(claim, number)));
        begun += next;
        let replies = ledger.transact(inputs).await.unwrap();
        turns += 1;
        running.extend(replies.into_iter().skip(concluded).map(|reply| match reply {
            Reply::Judged(Judged::Run(started)) => (started.run, started.event),
            other => panic!("not admitted: {other:?}"),
        }));
    }
    ledger.close().await.unwrap();
    turns
}

fn judge(claim: Claim, number: usize) -> Input {
    let mut event = CloudEvent::new(format!("{number}"), "/bench", "Asked").unwrap();
    event.time = Some(jiff::Timestamp::from_second(1_760_000_000 + number as i64 / 100).unwrap());
    Input::Judge(Arrival {
        claim,
        who: HandlerName { group: "answerer".to_owned(), handler: "answerer".to_owned() },
        topic: "Asked".to_owned(),
        position: format!("0/{number}-0"),
        event: Ok(Arc::new(event.with_json("{\"question\":1}"))),
        headers: Vec::new(),
        payload: bytes::Bytes::from_static(b"{\"question\":1}"),
    })
}

fn conclude((run, event): (Run, Arc<CloudEvent>)) -> Input {
    let ending = RunEnding::Finished { outputs: Vec::new(), fence: false };
    Input::Conclude(Conclude {
        run,
        ending,
        event,
        topic: "Asked".to_owned(),
        position: String::new(),
    })
}
