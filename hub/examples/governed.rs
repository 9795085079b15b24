//! A governed handler: it may ring the bell and nothing else, and the ledger tells what it did.
//!
//! `cargo run -p wingman-hub --example governed [BROKER-URL [LEDGER-URL]]`
#![allow(clippy::print_stdout, reason = "it tells a person what happened")]

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, Sender};
use wingman_hub::governance::ledger::verify;
use wingman_hub::governance::permission::{Call, Probed};
use wingman_hub::prelude::*;

#[derive(Serialize, Deserialize, Event)]
struct DoorOpened(u32);
#[derive(Serialize, Deserialize, Event)]
struct VisitorGreeted(String);

/// What the handlers may do. In a real program these stand in a folder of YAML files.
const CONTRACTS: &str = "
event: DoorOpened
version: 1
purpose: Somebody came in
producer: external
---
event: VisitorGreeted
version: 1
purpose: The visitor heard the bell
producer: [greeter]
---
handler: greeter
consumes: [DoorOpened]
emits: [VisitorGreeted]
scope: { mission: Greet who comes in }
tools: { bell.ring: write }
---
handler: teller
consumes: [VisitorGreeted]
scope: { mission: Tell that a visitor was greeted }
";

/// What a ring leaves behind cannot be taken back, and nobody can look whether it rang.
struct Bell;

#[async_trait]
impl Tool for Bell {
    fn level(&self) -> Level {
        Level::Write
    }
    fn can_undo(&self) -> bool {
        false
    }
    async fn before(&self, _: &Value) -> Result<Bytes, ToolError> {
        Ok(Bytes::new())
    }
    async fn call(&self, call: Call<'_>) -> Result<Value, ToolError> {
        println!("ring! ({})", call.arguments["door"]);
        Ok(json!("rung"))
    }
    async fn probe(&self, _: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        Ok(Probed::Undecidable)
    }
    async fn undo(&self, _: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        Err(ToolError::NotDone("a ring cannot be taken back".to_owned()))
    }
}

async fn greet(door: Incoming<DoorOpened>, tools: Tools) -> Result<VisitorGreeted, Failure> {
    let ring = tools.call("bell.ring", json!({ "door": door.0 }));
    ring.await.map_err(Failure::environmental)?;
    // Not in the contract: this never reaches a tool, and the refusal is stamped.
    let refused = tools.call("door.lock", json!({})).await.expect_err("it is out of scope");
    Ok(VisitorGreeted(format!("greeted; and {refused}")))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let broker = arguments.next().unwrap_or("memory://".into());
    let ledger = arguments.next().unwrap_or("sqlite://governed.db".into());
    let contracts = Contracts::builder().yaml("contracts", CONTRACTS).build()?;
    let (done, mut ended) = mpsc::channel(1);

    let running = Governor::around(connect(&broker).await?, &ledger)
        .contracts(Arc::new(contracts))
        .tool("bell.ring", Bell)
        .handle("greeter", greet)
        .handle("teller", move |it: Incoming<VisitorGreeted>| tell(it, done.clone()))
        .start()
        .await?;
    let id = running.ledger().new_correlation()?;
    let opened = CloudEvent::new(id, "/door", "DoorOpened")?.with_json("7");
    running.publish(opened).await?;
    ended.recv().await;
    running.stop().await;
    println!("{}", verify(&ledger, None)?);
    Ok(())
}

async fn tell(greeted: Incoming<VisitorGreeted>, done: Sender<()>) {
    println!("{}", greeted.0);
    let _ = done.try_send(());
}
