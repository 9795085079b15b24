//! What SQS does by itself, without SNS: these also run on an SQS of other make.

use std::num::NonZeroUsize;
use std::time::Duration;

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use wingman_core::Kind;
use wingman_core::transport::{Provision, Settle, Subscriber, SubscriberOptions};

use crate::foreign;
use crate::server::{PATIENCE, QUIET, Server, ack, bodies, rest, settle, take};

/// The queue of the group, made by hand.
async fn make(server: &Server) -> String {
    let call = server.clients().sqs.create_queue().queue_name(server.queue());
    let fifo = QueueAttributeName::FifoQueue;
    call.attributes(fifo, "true").send().await.unwrap().queue_url.unwrap()
}

async fn send(server: &Server, url: &str, key: &str, body: &str) {
    let call = server.clients().sqs.send_message().queue_url(url).message_body(body);
    let call = call.message_group_id(key).message_deduplication_id(format!("{key}-{body}"));
    call.send().await.unwrap();
}

/// Nobody looks at topology: there is no SNS to look at.
async fn join(server: &Server, lease: Duration) -> Box<dyn Subscriber> {
    let provision = Provision::Never;
    server.join_with(SubscriberOptions { provision, lease, ..SubscriberOptions::default() }).await
}

pub(crate) async fn a_key_waits_for_its_head_and_attempts_are_counted(server: Server) {
    let url = make(&server).await;
    for (key, body) in [("k", "1"), ("k", "2"), ("k", "3"), ("other", "4")] {
        send(&server, &url, key, body).await;
    }
    let subscriber = join(&server, PATIENCE * 3).await;
    let (mut taken, keys) = (take(&*subscriber, 4).await, [b"k", b"k", b"k"]);
    taken.sort_by_key(|delivery| delivery.message.payload.clone());
    assert_eq!(bodies(&taken), ["1", "2", "3", "4"]);
    assert!(taken.iter().zip(keys).all(|(it, key)| it.message.key.as_deref() == Some(key)));
    let after = QUIET * 3;
    settle(&*subscriber, &taken[0], Settle::Retry { after }).await.unwrap();
    settle(&*subscriber, &taken[2], Settle::Release).await.unwrap();
    settle(&*subscriber, &taken[1], Settle::Release).await.unwrap();
    settle(&*subscriber, &taken[3], Settle::Ack).await.unwrap();
    assert!(rest(&*subscriber).await.is_empty(), "the key waits for its head");
    let again = take(&*subscriber, 3).await;
    assert_eq!(bodies(&again), ["1", "2", "3"]);
    assert_eq!(
        again.iter().map(|it| it.position).max(),
        taken[..3].iter().map(|it| it.position).max()
    );
    assert!(again.iter().all(|it| it.attempt.unwrap().get() == 2));
    ack(&*subscriber, &again).await;
    assert!(rest(&*subscriber).await.is_empty());
}

pub(crate) async fn a_lease_ends_unless_it_is_extended(server: Server) {
    let url = make(&server).await;
    let (slow, other) = (join(&server, QUIET * 2).await, join(&server, PATIENCE * 3).await);
    send(&server, &url, "k", "a").await;
    let held = take(&*slow, 1).await;
    let tokens = [held[0].token.clone()];
    for _ in 0..4 {
        slow.extend(&tokens, QUIET * 2).await.unwrap().remove(0).unwrap();
        assert!(rest(&*other).await.is_empty());
    }
    let again = take(&*other, 1).await;
    assert_eq!(again[0].position, held[0].position);
    let late = settle(&*slow, &held[0], Settle::Ack).await.unwrap_err();
    assert_eq!(late.kind(), Kind::StaleLease);
    ack(&*other, &again).await;
}

/// More than one call can hold, of which one was deleted behind the subscriber's back.
pub(crate) async fn a_settle_batch_names_the_entry_that_the_service_refused(server: Server) {
    let url = make(&server).await;
    for number in 0..25 {
        send(&server, &url, &format!("k{number}"), "a").await;
    }
    let subscriber = join(&server, PATIENCE * 3).await;
    let taken = take(&*subscriber, 25).await;
    let gone = taken[12].token.handle.as_deref().unwrap();
    let delete = server.clients().sqs.delete_message().queue_url(&url);
    delete.receipt_handle(gone).send().await.unwrap();
    let batch: Vec<_> = taken.iter().map(|it| (it.token.clone(), Settle::Ack)).collect();
    let results = subscriber.settle(&batch).await.unwrap();
    let kind = |at: usize| results[at].as_ref().err().map(wingman_core::Error::kind);
    assert_eq!(kind(12), Some(Kind::StaleLease));
    assert!((0..25).filter(|at| *at != 12).all(|at| kind(at).is_none()), "{results:?}");
    assert!(rest(&*subscriber).await.is_empty());
}

pub(crate) async fn what_others_send_is_read_with_its_attributes(server: Server) {
    let url = make(&server).await;
    let text = MessageAttributeValue::builder().data_type("String").string_value("celsius");
    let bytes = MessageAttributeValue::builder().data_type("Binary.png");
    let bytes = bytes.binary_value(Blob::new([0xff, 0]));
    let call = server.clients().sqs.send_message().queue_url(&url).message_body("temperature 7");
    let call = call.message_group_id("sensor-1").message_deduplication_id("1");
    let call = call.message_attributes("unit", text.build().unwrap());
    call.message_attributes("image", bytes.build().unwrap()).send().await.unwrap();
    let subscriber = join(&server, PATIENCE).await;
    foreign::comes_with_its_attributes(&*subscriber).await;
}

pub(crate) async fn what_is_closed_hands_back_and_what_is_gone_is_named(server: Server) {
    let url = make(&server).await;
    send(&server, &url, "k", "a").await;
    let first = join(&server, PATIENCE * 3).await;
    let held = take(&*first, 1).await;
    first.close().await.unwrap();
    let second = join(&server, PATIENCE * 3).await;
    let again = take(&*second, 1).await;
    assert_eq!(again[0].position, held[0].position);
    ack(&*second, &again).await;
    server.clients().sqs.delete_queue().queue_url(url).send().await.unwrap();
    let error = second.receive(NonZeroUsize::MIN, QUIET).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
}
