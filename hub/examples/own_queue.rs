//! Plain JSON on what a team already has, used as it stands:
//! `cargo run -p wingman-hub --features redis --example own_queue -- redis://127.0.0.1:6379 orders`.
//! Instead of a URL it takes a file of settings (`broker.toml`). It ends after one order.
#![allow(clippy::print_stdout, reason = "it tells a person what happened")]
use serde::{Deserialize, Serialize};
use wingman_hub::core::name::TopicName;
use wingman_hub::prelude::*;

#[derive(Serialize, Deserialize, Event)]
struct Order {
    id: String,
    item: String,
}

#[tokio::main]
async fn main() -> wingman_hub::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let broker = arguments.next().unwrap_or("memory://".into());
    let name = arguments.next().unwrap_or("orders".into());
    let bus = match broker.ends_with(".toml") {
        true => connect_with(Config::from_file(&broker)?).await?,
        false => connect(&broker).await?,
    };
    let (told, mut ended) = tokio::sync::mpsc::channel(1);
    // Each order says itself which it is, so that one that is sent twice is the same.
    let orders = bus.queue(&name).json::<Order>().id(Place::Pointer("/id".into()));
    orders.handle("pack", move |order: Incoming<Order>| {
        println!("{}: {} is packed", order.id, order.item);
        let told = told.clone();
        async move { told.send(()).await.map_err(Failure::environmental) }
    });
    if broker == "memory://" {
        // Nobody else is in this process: the example is the team, too.
        let topic = TopicName::new(&name)?;
        bus.transport().admin()?.create_topic(&topic).await?;
        let message = serde_json::json!({ "id": "o-7", "item": "tea" }).to_string();
        bus.publish_message(&topic, wingman_hub::core::message::Message::new(message)).await?;
    }
    bus.run_until(ended.recv()).await
}
