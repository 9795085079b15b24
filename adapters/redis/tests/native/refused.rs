//! What goes wrong has a kind.

use std::time::Duration;

use wingman_core::message::Message;
use wingman_core::transport::{PublisherOptions, Settle};
use wingman_core::{Kind, Retry};

use crate::server::{PATIENCE, Server, take};

pub(crate) async fn wrong_credentials_are_permanent(server: Server) {
    let url = server.url.replace("redis://", "redis://nobody:hunter2@");
    let error = wingman_redis::connect(&url).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthenticated);
    assert_eq!(error.retry(), Retry::Permanent);
    assert!(!format!("{error:?}").contains("hunter2"));
}

pub(crate) async fn a_key_of_another_type_is_a_conflict(server: Server) {
    let () = server.raw(&["SET", server.topic.as_str(), "a text"]).await;
    let options = PublisherOptions::default();
    let refused = server.transport.publisher(&server.topic, options).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Conflict);
    let _: u64 = server.raw(&["DEL", server.topic.as_str()]).await;
}

pub(crate) async fn a_lease_is_not_renewed_beyond_its_length(server: Server) {
    let lease = PATIENCE;
    let subscriber = server.join(lease, true).await;
    server.publish(&["a"]).await;
    let tokens = [take(&*subscriber, 1).await.remove(0).token];
    let refused = subscriber.extend(&tokens, lease * 2).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Configuration);
    for by in [lease, lease / 2, Duration::ZERO] {
        subscriber.extend(&tokens, by).await.unwrap().remove(0).unwrap();
    }
}

pub(crate) async fn an_answer_that_does_not_come_is_unknown(server: Server) {
    let hasty = format!("{}?reply_millis=200", server.url);
    let transport = wingman_redis::connect(&hasty).await.unwrap();
    let options = PublisherOptions::default();
    let publisher = transport.publisher(&server.topic, options).await.unwrap();
    let () = server.raw(&["CLIENT", "PAUSE", "1000", "WRITE"]).await;
    let batch = [Message::new("a"), Message::new("b")];
    let results = publisher.publish(&batch).await.unwrap();
    let kinds: Vec<_> = results.into_iter().map(|it| it.unwrap_err().kind()).collect();
    assert_eq!(kinds, [Kind::Unknown, Kind::Unknown]);
    let () = server.raw(&["CLIENT", "UNPAUSE"]).await;
    publisher.publish(&batch).await.unwrap().remove(0).unwrap();
}

/// A settle looks at everything between its ids at once, or singly where too much lies between.
pub(crate) async fn a_hand_over_named_twice_is_settled_once(server: Server) {
    let subscriber = server.join(PATIENCE * 3, true).await;
    server.publish(&["a", "b", "c", "d", "e", "f", "g", "h"]).await;
    let taken = take(&*subscriber, 8).await;
    let token = |at: usize| taken[at].token.clone();
    for (settled, expected) in [
        (vec![0, 7, 0, 7], [true, true, false, false]),
        (vec![1, 2, 1, 7], [true, true, false, false]),
        (vec![3, 4, 5, 6], [true; 4]),
    ] {
        let batch: Vec<_> = settled.iter().map(|at| (token(*at), Settle::Ack)).collect();
        let results = subscriber.settle(&batch).await.unwrap();
        let seen: Vec<_> = results.iter().map(Result::is_ok).collect();
        assert_eq!(seen, expected, "{settled:?}");
    }
    let (topic, group) = (server.topic.as_str(), server.group.as_str());
    let left: redis::streams::StreamPendingReply = server.raw(&["XPENDING", topic, group]).await;
    assert_eq!(left.count(), 0);
}
