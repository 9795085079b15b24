//! A lease is the time for which a message is hidden from others.

use std::num::NonZeroUsize;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use tokio::time::Instant;
use wingman_core::Kind;
use wingman_core::transport::{Settle, SubscriberOptions};

use crate::proxy::{Answers, Proxy};
use crate::server::{PATIENCE, QUIET, Server, ack, bodies, rest, settle, take};

pub(crate) async fn a_slow_handler_loses_its_lease_and_cannot_end_another_s(server: Server) {
    let (slow, other) = (server.join(QUIET * 2).await, server.join(PATIENCE * 3).await);
    server.publish(&["a"]).await;
    let held = take(&*slow, 1).await;
    let again = take(&*other, 1).await;
    assert_eq!(again[0].position, held[0].position);
    assert_eq!(again[0].attempt.unwrap().get(), 2);
    assert!(!slow.holds(&held[0].token));
    for how in [Settle::Ack, Settle::Release, Settle::Retry { after: Duration::ZERO }] {
        let late = settle(&*slow, &held[0], how).await.unwrap_err();
        assert_eq!(late.kind(), Kind::StaleLease, "{how:?}");
    }
    let tokens = [held[0].token.clone()];
    let late = slow.extend(&tokens, QUIET).await.unwrap().remove(0).unwrap_err();
    assert_eq!(late.kind(), Kind::StaleLease);
    assert!(rest(&*slow).await.is_empty(), "it is still the other's");
    ack(&*other, &again).await;
}

pub(crate) async fn a_slow_handler_that_extends_keeps_it(server: Server) {
    let lease = QUIET * 2;
    let (slow, other) = (server.join(lease).await, server.join(PATIENCE * 3).await);
    server.publish(&["a"]).await;
    let held = take(&*slow, 1).await;
    let tokens = [held[0].token.clone()];
    let end = Instant::now() + lease * 3;
    while Instant::now() < end {
        slow.extend(&tokens, lease).await.unwrap().remove(0).unwrap();
        assert!(rest(&*other).await.is_empty());
    }
    ack(&*slow, &held).await;
    assert!(rest(&*other).await.is_empty());
}

/// A cancelled call would leave what it took hidden for a minute.
pub(crate) async fn a_receive_that_was_dropped_hands_back_what_it_took(server: Server) {
    let lease = Duration::from_secs(60);
    let proxy = Proxy::to(server.address()).await;
    let url = proxy.url(&server.url, server.address());
    let transport = wingman_sns_sqs::connect(&url).await.unwrap();
    let options = SubscriberOptions { lease, ..SubscriberOptions::default() };
    let one = transport.subscriber(&server.topic, &server.group, options).await.unwrap();
    let two = server.join(lease).await;
    proxy.answers(Answers::Wait);
    let mut waiting = one.receive(NonZeroUsize::MIN, PATIENCE);
    assert!(tokio::time::timeout(QUIET / 2, &mut waiting).await.is_err());
    server.publish(&["a"]).await;
    until_taken(&server).await;
    drop(waiting);
    proxy.answers(Answers::Pass);
    let taken = take(&*two, 1).await;
    assert_eq!((bodies(&taken).concat(), taken[0].attempt.unwrap().get()), ("a".into(), 2));
    ack(&*two, &taken).await;
}

/// Waits until the service has handed over the message.
async fn until_taken(server: &Server) {
    let url = server.queue_url().await;
    let hidden = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
    let call = server.clients().sqs.get_queue_attributes().queue_url(url);
    let call = call.attribute_names(hidden.clone());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let told = call.clone().send().await.unwrap().attributes.unwrap();
        if told[&hidden] == "1" {
            return;
        }
        assert!(Instant::now() < deadline, "nobody took it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn what_one_call_cannot_hold_is_settled_in_several(server: Server) {
    let subscriber = server.join(PATIENCE * 3).await;
    let texts: Vec<_> = (0..25).map(|number| format!("{number:02}")).collect();
    server.publish(&texts).await;
    let taken = take(&*subscriber, 25).await;
    let tokens: Vec<_> = taken.iter().map(|delivery| delivery.token.clone()).collect();
    let extended = subscriber.extend(&tokens, PATIENCE).await.unwrap();
    assert_eq!(extended.iter().filter(|it| it.is_ok()).count(), 25);
    let how = |place: usize| if place.is_multiple_of(5) { Settle::Release } else { Settle::Ack };
    let batch: Vec<_> =
        tokens.into_iter().enumerate().map(|(place, token)| (token, how(place))).collect();
    let settled = subscriber.settle(&batch).await.unwrap();
    assert_eq!(settled.iter().filter(|it| it.is_ok()).count(), 25);
    let again = take(&*subscriber, 5).await;
    let back: Vec<_> = taken.iter().step_by(5).map(|it| it.position).collect();
    assert!(again.iter().all(|it| back.contains(&it.position)));
    ack(&*subscriber, &again).await;
    assert!(rest(&*subscriber).await.is_empty());
}
