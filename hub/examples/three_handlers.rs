//! Orders are packed, parcels are shipped. `cargo run -p wingman-hub --example three_handlers`
#![allow(clippy::print_stdout, reason = "it tells a person what happened")]
use serde::{Deserialize, Serialize};
use wingman_hub::prelude::*;

#[derive(Serialize, Deserialize, Event)]
struct Ordered(String);
#[derive(Serialize, Deserialize, Event)]
struct Packed(String);
#[derive(Serialize, Deserialize, Event)]
struct Shipped(String);

#[tokio::main]
async fn main() -> wingman_hub::Result<()> {
    let bus = connect(&std::env::args().nth(1).unwrap_or("memory://".into())).await?;
    let (told, mut ended) = tokio::sync::mpsc::channel(1);
    bus.handle("pack", |it: Incoming<Ordered>| async move { Packed(format!("a box of {}", it.0)) });
    bus.handle(
        "ship",
        |it: Incoming<Packed>| async move { Shipped(format!("{} is on its way", it.0)) },
    );
    bus.handle("tell", move |it: Incoming<Shipped>| {
        println!("{}", it.0);
        let told = told.clone();
        async move { told.send(()).await.map_err(Failure::environmental) }
    });
    let handlers = bus.start().await?;
    bus.publish(&CloudEvent::new("order-1", "/shop", "Ordered")?.with_json("\"tea\"")).await?;
    handlers.run_until(ended.recv()).await
}
