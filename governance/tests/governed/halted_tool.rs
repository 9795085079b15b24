//! A halt in the middle of a run: the next tool call is not made, the run begins again after the
//! resume, what was done is not done twice, and no attempt is counted as failed (G6, R3, R13).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use tokio::sync::Semaphore;
use wingman_core::handler::{Failure, Incoming};
use wingman_governance::Governor;
use wingman_governance::contract::{HandlerContract, Level};
use wingman_governance::permission::Tools;
use wingman_governance::protocol::row::{Phase, Target};

use crate::world::{Asked, Counting, World, asked, contracts, until, until_settled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halted_tool_call_waits_for_the_resume_and_costs_no_attempt() {
    let actor =
        HandlerContract::new("actor").mission("Act").consumes("Asked").tool("count", Level::Write);
    let world = World::with(contracts().handler(actor).build().unwrap());
    let (calls, halted) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
    let wait = Arc::clone(&halted);
    let act = move |_: Incoming<Asked>, tools: Tools| {
        let wait = Arc::clone(&wait);
        async move {
            tools.call("count", json!({ "step": 1 })).await.map_err(Failure::structural)?;
            let _halted = wait.acquire().await.map_err(Failure::structural)?;
            tools.call("count", json!({ "step": 2 })).await.map_err(Failure::structural)?;
            Ok::<(), Failure>(())
        }
    };
    let running = Governor::around(world.bus(), &world.url())
        .contracts(Arc::clone(&world.contracts))
        .tool("count", Counting(Arc::clone(&calls)))
        .handle("actor", act)
        .start()
        .await
        .unwrap();
    running.publish(asked("1", 1)).await.unwrap();
    until("the first call is made", || calls.load(Ordering::SeqCst) == 1).await;
    running.interrupt(Target::All, true, "operator").await.unwrap();
    halted.add_permits(1);
    let reader = running.ledger().reader();
    let tree = reader.trees(1).unwrap().remove(0);
    until("the run stopped", || reader.started().unwrap().is_empty()).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    running.interrupt(Target::All, false, "operator").await.unwrap();
    until("the second call is made", || calls.load(Ordering::SeqCst) == 2).await;
    until_settled(&reader).await;
    let executions = reader.executions_in(&tree).unwrap();
    assert_eq!(executions[0].phase, Phase::Finished);
    assert!(executions[0].failures.is_empty(), "{:?}", executions[0].failures);
    running.stop().await;
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}
