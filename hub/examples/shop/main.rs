//! The three handlers of `three_handlers`, governed: shipping books a carrier, if its contract lets it.
//!
//! `cargo run -p wingman-hub --example shop -- observe|enforce CONTRACTS [BROKER-URL [LEDGER-URL]]`
#![allow(clippy::print_stdout, reason = "it tells a person what happened")]

mod carrier;

use std::error::Error;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc::{self, Sender};
use wingman_hub::governance::ledger::verify;
use wingman_hub::governance::protocol::settings::Mode;
use wingman_hub::prelude::*;

use carrier::Carrier;

#[derive(Serialize, Deserialize, Event)]
struct Ordered(String);
#[derive(Serialize, Deserialize, Event)]
struct Packed(String);
#[derive(Serialize, Deserialize, Event)]
struct Shipped(String);

const USAGE: &str = "usage: shop observe|enforce CONTRACTS [BROKER-URL [LEDGER-URL]]";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mode = match arguments.next().as_deref() {
        Some("observe") => Mode::Observe,
        Some("enforce") => Mode::Enforce,
        _ => return Err(USAGE.into()),
    };
    let contracts = arguments.next().ok_or(USAGE)?;
    let broker = arguments.next().unwrap_or("memory://".into());
    let ledger = arguments.next().unwrap_or("sqlite://shop.db".into());
    let (told, mut ended) = mpsc::channel(1);
    let refused = told.clone();

    let running = Governor::around(connect(&broker).await?, &ledger)
        .mode(mode)
        .contracts_in(contracts)
        .tool("carrier.book", Carrier)
        .handle("pack", |it: Incoming<Ordered>| async move { Packed(format!("a box of {}", it.0)) })
        .handle("ship", move |it: Incoming<Packed>, tools: Tools| ship(it, tools, refused.clone()))
        .handle("tell", move |it: Incoming<Shipped>| tell(it, told.clone()))
        .start()
        .await?;
    let id = running.ledger().new_correlation()?;
    println!("order {id}");
    let order = CloudEvent::new(id, "/shop", "Ordered")?.with_json("\"tea\"");
    running.publish(order).await?;
    let said = ended.recv().await;
    running.stop().await;
    println!("{}\n{}", said.unwrap_or_default(), verify(&ledger, None)?);
    Ok(())
}

/// What the contract denies is not tried another way: the run is refused, and that is stamped.
async fn ship(
    packed: Incoming<Packed>,
    tools: Tools,
    refused: Sender<String>,
) -> Result<Shipped, Fault> {
    match tools.call("carrier.book", json!({ "parcel": packed.0 })).await {
        Ok(_) => Ok(Shipped(format!("{} is on its way", packed.0))),
        Err(ToolError::Denied { code, reason }) => {
            let _ = refused.try_send(format!("{} stays here: {code} {reason}", packed.0));
            Err(Refusal { code: code.into(), reason, output: None }.into())
        }
        Err(error) => Err(Failure::environmental(error).into()),
    }
}

async fn tell(shipped: Incoming<Shipped>, told: Sender<String>) {
    let _ = told.try_send(shipped.into_payload().0);
}
