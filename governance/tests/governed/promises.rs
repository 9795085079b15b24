//! What a contract promises is kept at run time: the end of a mission (P-01), and that what was done
//! can be undone (P-06).

use std::sync::Arc;

use wingman_core::handler::Incoming;
use wingman_governance::contract::{
    Contracts, EventContract, HandlerContract, Level, Limits, RollbackKind,
};
use wingman_governance::protocol::row::DeadReason;
use wingman_governance::{Governor, Mode, StartError};

use crate::letter::Letter;
use crate::world::{Asked, Told, World, asked, kinds, until, until_settled};

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
            .tool("letter.send", Letter { claims_undo: false })
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

/// One stamp names every output of a run, and what does not fit harms only the run itself, even where
/// contracts are only observed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_outputs_as_a_stamp_can_name_leave_and_more_end_in_quarantine() {
    let world = World::new();
    let wide = HandlerContract::new("wide")
        .mission("Answer at length")
        .consumes("Asked")
        .emits("Told")
        .limits(Limits { fanout: 400, ..Limits::default() });
    let told = EventContract::new("Told", 1).purpose("An answer").producer("wide");
    let asked_for = EventContract::new("Asked", 1).purpose("A question").external();
    let contracts = Contracts::builder().event(asked_for).event(told).handler(wide);
    let answer = |asked: Incoming<Asked>| async move {
        (0..asked.question).map(|answer| Told { answer }).collect::<Vec<_>>()
    };
    let running = Governor::around(world.bus(), &world.url())
        .contracts(Arc::new(contracts.build().unwrap()))
        .mode(Mode::Observe)
        .handle("wide", answer)
        .start()
        .await
        .unwrap();
    running.publish(asked("many", 400)).await.unwrap();
    running.publish(asked("too many", 600)).await.unwrap();
    let reader = running.ledger().reader();
    until("one is quarantined", || reader.dead_letters(10).unwrap().len() == 1).await;
    until_settled(&reader).await;
    running.stop().await;
    let letter = reader.dead_letters(10).unwrap().remove(0);
    assert_eq!(letter.detail, "600 outputs, and one stamp can name 400");
    let finished = kinds(&reader).unwrap().iter().filter(|kind| *kind == "finished").count();
    let emitted = kinds(&reader).unwrap().iter().filter(|kind| *kind == "emitted").count();
    // Both questions left, too.
    assert_eq!((finished, emitted), (1, 402));
}
