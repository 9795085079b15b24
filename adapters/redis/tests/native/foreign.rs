//! Other programs write, delete and look at the same stream.

use redis::streams::StreamInfoConsumersReply;
use wingman_core::transport::Settle;

use crate::server::{PATIENCE, Server, ack, bodies, rest, settle, take};

pub(crate) async fn entries_of_other_programs_are_read(server: Server) {
    let subscriber = server.join(PATIENCE, true).await;
    let topic = server.topic.as_str();
    let _: String = server.raw(&["XADD", topic, "*", "temperature", "7", "key", "k"]).await;
    let came = take(&*subscriber, 1).await;
    assert_eq!(came[0].message.headers.get_str("temperature"), Some("7"));
    assert_eq!(came[0].message.key.as_deref(), Some(&b"k"[..]));
    assert!(came[0].message.payload.is_empty());
    ack(&*subscriber, &came).await;
}

pub(crate) async fn deleting_what_is_pending_loses_nothing_else(server: Server) {
    let subscriber = server.join(PATIENCE * 3, true).await;
    server.publish(&["a", "b", "c"]).await;
    let taken = take(&*subscriber, 2).await;
    let _: u64 = server.raw(&["XTRIM", server.topic.as_str(), "MAXLEN", "=", "1"]).await;
    settle(&*subscriber, &taken[0], Settle::Ack).await.unwrap();
    // There is nothing left to deliver again, and nobody to tell.
    settle(&*subscriber, &taken[1], Settle::Release).await.unwrap();
    let came = take(&*subscriber, 1).await;
    assert_eq!(bodies(&came), ["c"]);
    ack(&*subscriber, &came).await;
    assert!(rest(&*subscriber).await.is_empty());
}

/// `XGROUP DELCONSUMER` drops what is pending: whoever leaves must hand it back first.
pub(crate) async fn leaving_drops_nothing_that_is_pending(server: Server) {
    let subscriber = server.join(PATIENCE * 3, true).await;
    server.publish(&["a", "b"]).await;
    let taken = take(&*subscriber, 2).await;
    ack(&*subscriber, &taken[..1]).await;
    subscriber.close().await.unwrap();
    let words = ["XINFO", "CONSUMERS", server.topic.as_str(), server.group.as_str()];
    let left: StreamInfoConsumersReply = server.raw(&words).await;
    let names: Vec<_> = left.consumers.iter().map(|it| (&*it.name, it.pending)).collect();
    assert_eq!(names, [("wingman-returned", 1)]);
    let next = server.join(PATIENCE * 3, true).await;
    assert_eq!(bodies(&take(&*next, 1).await), ["b"]);
}
