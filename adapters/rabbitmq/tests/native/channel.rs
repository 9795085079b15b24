//! Queues and channels end under their subscribers.

use lapin::options::QueueDeleteOptions;
use tokio::time::Instant;
use wingman_core::Kind;
use wingman_core::transport::{Provision, Settle};

use crate::server::{PATIENCE, QUIET, Server, ack, bodies, ctl, rest, take};

async fn delete_queue(server: &Server) {
    let (_connection, channel) = server.raw().await;
    let queue = server.queue();
    channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
}

pub(crate) async fn a_queue_that_is_deleted_is_made_again(server: Server) {
    let subscriber = server.join(true).await;
    server.publish(&["a"]).await;
    let held = take(&*subscriber, 1).await.remove(0);
    delete_queue(&server).await;
    assert!(rest(&*subscriber).await.is_empty());
    assert!(!subscriber.holds(&held.token));
    let settled = subscriber.settle(&[(held.token, Settle::Ack)]).await.unwrap().remove(0);
    assert_eq!(settled.unwrap_err().kind(), Kind::StaleLease);
    server.publish(&["b"]).await;
    let came = take(&*subscriber, 1).await;
    assert_eq!(bodies(&came), ["b"]);
    ack(&*subscriber, &came).await;
}

pub(crate) async fn a_queue_that_is_deleted_is_named_as_missing(server: Server) {
    drop(server.join(true).await);
    let verified = server.try_join("", Provision::Verify, true).await;
    // The queue is known to be shared only where it was ensured: one alone may have it.
    let deadline = Instant::now() + PATIENCE;
    let mut verified = verified;
    while let Err(error) = &verified {
        assert_eq!(error.kind(), Kind::Unsupported, "{error}");
        assert!(Instant::now() < deadline);
        let keys = "?order=single-active-consumer";
        verified = server.try_join(keys, Provision::Verify, true).await;
    }
    let subscriber = verified.unwrap();
    delete_queue(&server).await;
    let most = std::num::NonZeroUsize::MIN;
    let error = loop {
        match subscriber.receive(most, QUIET).await {
            Ok(_) => assert!(Instant::now() < deadline, "nothing was said"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(error.context("group"), Some("workers"));
}

/// Three connections are cut while messages wait behind one that is being handled.
pub(crate) async fn what_was_only_sent_ahead_is_no_attempt(server: Server) {
    let subscriber = server.join(true).await;
    server.publish(&["a", "b"]).await;
    for attempt in 1..=3 {
        let head = take(&*subscriber, 1).await;
        assert_eq!(
            (bodies(&head), head[0].attempt.unwrap().get()),
            (vec!["a".to_owned()], attempt)
        );
        let why = format!("cut {}", server.topic);
        let pids = ctl(&["list_consumers", "queue_name", "channel_pid"]).await;
        let queue = server.queue();
        let line = pids.lines().find(|line| line.contains(&queue)).unwrap();
        let pid = line.split('\t').nth(1).unwrap();
        let kill = format!("exit(rabbit_misc:string_to_pid(\"{pid}\"), kill), \"{why}\".");
        ctl(&["eval", &kill]).await;
        let deadline = Instant::now() + PATIENCE;
        while subscriber.holds(&head[0].token) {
            assert!(Instant::now() < deadline, "the channel lives on");
            // Receiving would hand over what waits behind it.
            tokio::time::sleep(QUIET / 40).await;
        }
    }
    let both = take(&*subscriber, 2).await;
    let attempts: Vec<_> = both.iter().map(|it| it.attempt.unwrap().get()).collect();
    assert_eq!((bodies(&both), attempts), (vec!["a".to_owned(), "b".to_owned()], vec![4, 1]));
    ack(&*subscriber, &both).await;
}

pub(crate) async fn the_prefetch_is_a_bound(server: Server) {
    let subscriber = server.try_join("?prefetch=3", Provision::Ensure, true).await.unwrap();
    server.publish(&["a", "b", "c", "d", "e"]).await;
    let held = take(&*subscriber, 3).await;
    assert!(rest(&*subscriber).await.is_empty());
    ack(&*subscriber, &held[..2]).await;
    assert_eq!(bodies(&take(&*subscriber, 2).await), ["d", "e"]);
}
