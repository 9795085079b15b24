//! What does not fit its contract does not start, and says why.

use std::sync::Arc;

use wingman_core::handler::Incoming;
use wingman_governance::contract::{Contracts, HandlerContract, Level};
use wingman_governance::{Governor, StartError};

use crate::world::{Asked, Told, World, contracts};

fn governor(world: &World, contracts: Contracts) -> Governor {
    Governor::around(world.bus(), &world.url()).contracts(Arc::new(contracts))
}

async fn answer(asked: Incoming<Asked>) -> Told {
    Told { answer: asked.question }
}

async fn refused(governor: Governor) -> String {
    match governor.start().await {
        Err(error @ StartError::Handler { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_handler_without_a_contract_does_not_start() {
    let world = World::new();
    let text = refused(world.governor().handle("stranger", answer)).await;
    assert_eq!(text, "handler stranger: it has no contract; add a document `handler: stranger`");
}

#[tokio::test]
async fn a_handler_that_takes_or_gives_more_than_its_contract_does_not_start() {
    let world = World::new();
    let listener = governor(&world, contracts().build().unwrap()).handle("listener", answer);
    assert!(
        refused(listener).await.contains("it takes Asked, which its contract does not consume")
    );
    let silent = HandlerContract::new("silent").mission("Say nothing").consumes("Asked");
    let silent = contracts().handler(silent).build().unwrap();
    let text = refused(governor(&world, silent).handle("silent", answer)).await;
    assert!(text.contains("it can emit Told, which its contract does not declare"), "{text}");
}

#[tokio::test]
async fn a_granted_tool_that_is_missing_is_named() {
    let world = World::new();
    let armed = HandlerContract::new("armed")
        .mission("Act")
        .consumes("Asked")
        .tool("fs.write", Level::Write);
    let armed = contracts().handler(armed).build().unwrap();
    let act = |_: Incoming<Asked>| async {};
    let text = refused(governor(&world, armed).handle("armed", act)).await;
    assert!(text.contains("fs.write") && text.contains("register the tool"), "{text}");
}

#[tokio::test]
async fn a_ledger_url_that_names_nothing_known_is_an_error() {
    let world = World::new();
    let governor =
        Governor::around(world.bus(), "mysql://x").contracts(Arc::clone(&world.contracts));
    let error = governor.start().await.unwrap_err();
    assert!(matches!(&error, StartError::Ledger(_)), "{error:?}");
    assert!(error.to_string().contains("sqlite://"), "{error}");
}
