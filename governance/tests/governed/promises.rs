//! What a contract promises is kept at run time: the end of a mission (P-01), and that what was done
//! can be undone (P-06).

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use wingman_core::handler::Incoming;
use wingman_governance::contract::{
    Contracts, EventContract, HandlerContract, Level, RollbackKind,
};
use wingman_governance::permission::{Call, Probed, Tool, ToolError};
use wingman_governance::protocol::row::DeadReason;
use wingman_governance::{Governor, StartError};

use crate::world::{Asked, Told, World, asked, until};

/// A letter: once it is sent, nothing brings it back.
struct Letter;

#[async_trait]
impl Tool for Letter {
    fn level(&self) -> Level {
        Level::Write
    }

    fn can_undo(&self) -> bool {
        false
    }

    async fn before(&self, _: &Value) -> Result<Bytes, ToolError> {
        Ok(Bytes::new())
    }

    async fn call(&self, _: Call<'_>) -> Result<Value, ToolError> {
        Ok(Value::Null)
    }

    async fn probe(&self, _: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(Probed::Undecidable)
    }

    async fn undo(&self, _: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        Err(ToolError::NotDone("a letter cannot be unsent".to_owned()))
    }
}

fn sender(kind: RollbackKind) -> Contracts {
    let event = EventContract::new("Asked", 1).purpose("A question").external().rollback(kind);
    let handler = HandlerContract::new("sender").mission("Write a letter").consumes("Asked");
    Contracts::builder()
        .event(event)
        .handler(handler.tool("letter.send", Level::Write))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_tool_that_cannot_undo_what_an_event_promises_does_not_start() {
    let world = World::new();
    let governor = |kind| {
        Governor::around(world.bus(), &world.url())
            .contracts(Arc::new(sender(kind)))
            .tool("letter.send", Letter)
            .handle("sender", |_: Incoming<Asked>| async {})
    };
    let error = governor(RollbackKind::Compensatable).start().await.unwrap_err();
    assert!(matches!(error, StartError::Handler { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "handler sender: its tool letter.send cannot undo, and event Asked is compensatable \
         (P-06); say `rollback: { kind: irreversible }` in Asked, or drop the tool"
    );
    governor(RollbackKind::Irreversible).start().await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_the_event_that_completes_a_mission() {
    let world = World::new();
    let chatty = HandlerContract::new("chatty")
        .mission("Answer once")
        .consumes("Asked")
        .emits("Told")
        .done("Told");
    let told = EventContract::new("Told", 1).purpose("An answer").producer("chatty");
    let asked_for = EventContract::new("Asked", 1).purpose("A question").external();
    let contracts = Contracts::builder().event(asked_for).event(told).handler(chatty);
    let twice = |_: Incoming<Asked>| async { vec![Told { answer: 1 }, Told { answer: 2 }] };
    let running = Governor::around(world.bus(), &world.url())
        .contracts(Arc::new(contracts.build().unwrap()))
        .handle("chatty", twice)
        .start()
        .await
        .unwrap();
    running.publish(asked("1", 1)).await.unwrap();
    let reader = running.ledger().reader();
    until("it is quarantined", || reader.dead_letters(10).unwrap().len() == 1).await;
    let letter = reader.dead_letters(10).unwrap().remove(0);
    running.stop().await;
    assert_eq!(letter.reason, DeadReason::OutputRefused);
    assert_eq!(letter.detail, "P-01 Told after Told, which completes the mission of chatty");
}
