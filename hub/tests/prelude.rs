//! A program that imports this crate alone can derive and run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use serde::{Deserialize, Serialize};
use wingman_hub::Kind;
use wingman_hub::prelude::*;

#[derive(Serialize, Deserialize, Event)]
struct Ping {
    number: u32,
}

#[derive(Serialize, Deserialize, Event)]
struct Pong {
    number: u32,
}

#[derive(Emit)]
enum Reply {
    Pong(Pong),
}

async fn answer(ping: Incoming<Ping>) -> Reply {
    Reply::Pong(Pong { number: ping.number })
}

#[tokio::test]
async fn handlers_are_written_and_connected_with_this_crate_alone() {
    let bus = connect("memory://").await.unwrap();
    let (told, heard) = tokio::sync::oneshot::channel();
    let told = std::sync::Mutex::new(Some(told));
    bus.handle("answerer", answer);
    bus.handle("listener", move |pong: Incoming<Pong>| {
        let told = told.lock().unwrap().take();
        async move {
            if let Some(told) = told {
                told.send(pong.number).unwrap();
            }
        }
    });
    let ping = CloudEvent::new("1", "/test", "Ping").unwrap().with_json("{\"number\":7}");
    let publisher = bus.clone();
    let heard = async move {
        publisher.publish(&ping).await.unwrap();
        let within = std::time::Duration::from_secs(20);
        assert_eq!(tokio::time::timeout(within, heard).await.unwrap().unwrap(), 7);
    };
    bus.run_until(heard).await.unwrap();
}

#[tokio::test]
async fn urls_that_name_no_broker_say_what_exists() {
    for (url, kind) in [
        ("amqps+ssh://x", Kind::Configuration),
        ("rabbit://x", Kind::Configuration),
        ("nonsense", Kind::Configuration),
    ] {
        let error = connect(url).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains("memory://"), "{error}");
    }
}
