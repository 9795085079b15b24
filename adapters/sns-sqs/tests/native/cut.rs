//! Connections break while something is asked: what was confirmed stays, what is not known says so.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::Instant;
use wingman_core::transport::{Provision, PublisherOptions, Settle, SubscriberOptions};
use wingman_core::{Kind, Result, Retry};

use crate::proxy::{Answers, Proxy};
use crate::server::{PATIENCE, QUIET, Server, ack, bodies, messages, rest, settle, take};

const ONE: NonZeroUsize = NonZeroUsize::MIN;

pub(crate) async fn an_answer_that_is_cut_off_is_unknown_and_the_rest_is_not_sent(server: Server) {
    let subscriber = server.join(PATIENCE * 3).await;
    let proxy = Proxy::to(server.address()).await;
    let url = proxy.url(&server.url, server.address());
    let transport = wingman_sns_sqs::connect(&url).await.unwrap();
    let options = PublisherOptions::default();
    let publisher = transport.publisher(&server.topic, options).await.unwrap();
    let texts: Vec<_> = (0..25).map(|number| format!("k:{number:02}")).collect();
    proxy.answers(Answers::Cut);
    let results = publisher.publish(&messages(&texts)).await.unwrap();
    let kinds: Vec<_> = results.iter().map(|it| it.as_ref().unwrap_err().kind()).collect();
    assert_eq!(kinds[..10], [Kind::Unknown; 10]);
    assert_eq!(kinds[10..], [Kind::Unavailable; 15]);
    assert_eq!(results[0].as_ref().unwrap_err().retry(), Retry::Ambiguous);
    // Unknown was right to say: the service has them. What was not sent it has not.
    let taken = take(&*subscriber, 10).await;
    assert_eq!(bodies(&taken).last().map(String::as_str), Some("09"));
    ack(&*subscriber, &taken).await;
    assert!(rest(&*subscriber).await.is_empty());
    proxy.answers(Answers::Pass);
    publisher.publish(&messages(&["k:again"])).await.unwrap().remove(0).unwrap();
    assert_eq!(bodies(&take(&*subscriber, 1).await), ["again"]);
}

pub(crate) async fn an_answer_that_does_not_come_is_unknown_in_time(server: Server) {
    let subscriber = server.join(PATIENCE * 3).await;
    let proxy = Proxy::to(server.address()).await;
    let hasty = format!("{}&reply_millis=700", proxy.url(&server.url, server.address()));
    let transport = wingman_sns_sqs::connect(&hasty).await.unwrap();
    let options = PublisherOptions::default();
    let publisher = transport.publisher(&server.topic, options).await.unwrap();
    proxy.answers(Answers::Hold);
    let began = Instant::now();
    let result = publisher.publish(&messages(&["a"])).await.unwrap().remove(0);
    assert_eq!(result.unwrap_err().kind(), Kind::Unknown);
    let waited = began.elapsed();
    assert!((Duration::from_millis(700)..PATIENCE).contains(&waited), "{waited:?}");
    assert_eq!(bodies(&take(&*subscriber, 1).await), ["a"]);
}

/// What the lost answer held is hidden until its lease ends, and comes then.
pub(crate) async fn a_receive_without_an_answer_loses_nothing(server: Server) {
    let proxy = Proxy::to(server.address()).await;
    let hasty = format!("{}&reply_millis=700", proxy.url(&server.url, server.address()));
    let transport = wingman_sns_sqs::connect(&hasty).await.unwrap();
    let options = SubscriberOptions { lease: QUIET * 2, ..SubscriberOptions::default() };
    let subscriber = transport.subscriber(&server.topic, &server.group, options).await.unwrap();
    for answers in [Answers::Cut, Answers::Hold] {
        server.publish(&["a"]).await;
        proxy.answers(answers);
        let began = Instant::now();
        let error = subscriber.receive(ONE, QUIET).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed() < PATIENCE), (Kind::Unavailable, true));
        proxy.answers(Answers::Pass);
        let again = take(&*subscriber, 1).await;
        assert_eq!((bodies(&again).concat(), again[0].attempt.unwrap().get()), ("a".into(), 2));
        ack(&*subscriber, &again).await;
    }
}

/// A hand-over belongs to no connection: this is why no case of the suite cuts one.
pub(crate) async fn a_cut_connection_ends_no_hand_over(server: Server) {
    let proxy = Proxy::to(server.address()).await;
    let url = proxy.url(&server.url, server.address());
    let transport = wingman_sns_sqs::connect(&url).await.unwrap();
    let options = SubscriberOptions { lease: PATIENCE, ..SubscriberOptions::default() };
    let subscriber = transport.subscriber(&server.topic, &server.group, options).await.unwrap();
    server.publish(&["a", "b"]).await;
    let taken = take(&*subscriber, 2).await;
    proxy.cut();
    assert!(taken.iter().all(|delivery| subscriber.holds(&delivery.token)));
    let tokens = [taken[0].token.clone()];
    known(async || subscriber.extend(&tokens, PATIENCE).await.unwrap().remove(0)).await;
    proxy.cut();
    known(async || settle(&*subscriber, &taken[0], Settle::Ack).await).await;
    proxy.cut();
    known(async || settle(&*subscriber, &taken[1], Settle::Release).await).await;
    assert_eq!(bodies(&take(&*subscriber, 1).await), ["b"]);
}

/// Tries again while the outcome is unknown, as the bus does: it must be fine in the end.
async fn known(mut call: impl AsyncFnMut() -> Result<()>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match call().await {
            Err(error) if error.kind() == Kind::Unknown && Instant::now() < deadline => {}
            result => return result.unwrap(),
        }
    }
}

pub(crate) async fn a_service_that_is_not_there_took_nothing(server: Server) {
    drop(server.join(QUIET).await);
    let proxy = Proxy::to(server.address()).await;
    let url = proxy.url(&server.url, server.address());
    drop(proxy);
    let transport = wingman_sns_sqs::connect(&url).await.unwrap();
    let options = PublisherOptions { provision: Provision::Never };
    let publisher = transport.publisher(&server.topic, options).await.unwrap();
    let refused = publisher.publish(&messages(&["a"])).await.unwrap().remove(0).unwrap_err();
    let temporary = Retry::Temporary { after: None };
    assert_eq!((refused.kind(), refused.retry()), (Kind::Unavailable, temporary));
    let wanted = SubscriberOptions::default();
    let opened = transport.subscriber(&server.topic, &server.group, wanted).await;
    assert_eq!(opened.unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(transport.ping().await.unwrap_err().kind(), Kind::Unavailable);
}
