//! What goes wrong has a kind.

use lapin::options::ExchangeDeleteOptions;
use lapin::types::{AMQPValue, FieldTable};
use tokio::time::Instant;
use wingman_core::message::{Headers, Message};
use wingman_core::transport::{Provision, Publisher, PublisherOptions};
use wingman_core::{Kind, Retry};

use crate::server::{PATIENCE, QUIET, Server, ack, ctl, take};

/// What came of each message.
async fn kinds(publisher: &dyn Publisher, batch: &[Message]) -> Vec<Option<Kind>> {
    let results = publisher.publish(batch).await.unwrap();
    results.into_iter().map(|one| one.err().map(|error| error.kind())).collect()
}

pub(crate) async fn wrong_credentials_and_virtual_hosts_are_permanent(server: Server) {
    let wrong_user = server.url.replace("amqp://", "amqp://nobody:hunter2@");
    let wrong_host = format!("{}/nowhere", server.url);
    for (url, kind, named) in [
        (wrong_user, Kind::Unauthenticated, ("user", "nobody")),
        (wrong_host, Kind::Forbidden, ("vhost", "nowhere")),
    ] {
        let error = wingman_rabbitmq::connect(&url).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (kind, Retry::Permanent), "{error}");
        assert_eq!(error.context(named.0), Some(named.1));
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

pub(crate) async fn an_exchange_that_is_gone_is_made_again_or_named(server: Server) {
    for provision in [Provision::Ensure, Provision::Verify] {
        drop(server.publisher().await);
        let options = PublisherOptions { provision };
        let publisher = server.transport.publisher(&server.topic, options).await.unwrap();
        let batch = [Message::new("a")];
        assert_eq!(kinds(&*publisher, &batch).await, [None]);
        let (_connection, channel) = server.raw().await;
        let topic = server.topic.as_str().into();
        channel.exchange_delete(topic, ExchangeDeleteOptions::default()).await.unwrap();
        let expected = match provision {
            Provision::Ensure => [Kind::Unknown, Kind::Unroutable],
            Provision::Verify | Provision::Never => [Kind::Unroutable, Kind::Unroutable],
        };
        assert_eq!(kinds(&*publisher, &batch).await, [Some(expected[0])]);
        let again = kinds(&*publisher, &batch).await;
        let is_back = provision == Provision::Ensure;
        assert_eq!(again, [(!is_back).then_some(expected[1])]);
    }
}

pub(crate) async fn headers_that_fit_no_frame_fail_alone(server: Server) {
    let subscriber = server.join(true).await;
    let mut headers = Headers::builder();
    headers.push("large", vec![b'x'; 200_000]).unwrap();
    let large = Message::new("b").with_headers(headers.build());
    let mut headers = Headers::builder();
    headers.push("fits", vec![b'x'; 120_000]).unwrap();
    let fits = Message::new("c").with_headers(headers.build());
    let batch = [Message::new("a"), large, fits];
    let publisher = server.publisher().await;
    assert_eq!(kinds(&*publisher, &batch).await, [None, Some(Kind::Oversize), None]);
    let came = take(&*subscriber, 2).await;
    assert_eq!(came[1].message, batch[2]);
    ack(&*subscriber, &came).await;
}

/// A queue of one message that refuses the second.
pub(crate) async fn a_full_queue_is_said(server: Server) {
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(1));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    server.queue_of_others(arguments).await;
    let publisher = server.publisher().await;
    let (_connection, channel) = server.raw().await;
    let (queue, topic) = (server.queue(), server.topic.as_str());
    let options = lapin::options::QueueBindOptions::default();
    channel
        .queue_bind(queue.as_str().into(), topic.into(), "#".into(), options, FieldTable::default())
        .await
        .unwrap();
    let batch = [Message::new("a"), Message::new("b"), Message::new("c")];
    let said = kinds(&*publisher, &batch).await;
    assert_eq!(said[0], None);
    assert_eq!(said[2], Some(Kind::Overloaded), "{said:?}");
}

pub(crate) async fn an_alarm_is_said_at_once_and_acks_go_on(server: Server) {
    let url = format!("{}?confirm_millis=1500", server.url);
    let transport = wingman_rabbitmq::connect(&url).await.unwrap();
    let options = PublisherOptions::default();
    let publisher = transport.publisher(&server.topic, options).await.unwrap();
    let subscriber = server.join(true).await;
    let batch = [Message::new("a")];
    assert_eq!(kinds(&*publisher, &batch).await, [None]);
    let held = take(&*subscriber, 1).await;
    ctl(&["set_vm_memory_high_watermark", "absolute", "1MB"]).await;
    let deadline = Instant::now() + PATIENCE;
    // The server blocks a connection when it publishes: the first message is on its way then.
    let refused = loop {
        let began = Instant::now();
        match publisher.publish(&batch).await {
            Ok(results) => {
                assert!(results.iter().all(|one| match one {
                    Ok(_) => true,
                    Err(error) => error.kind() == Kind::Unknown,
                }));
                assert!(Instant::now() < deadline, "the server never blocked");
            }
            Err(error) => {
                assert!(began.elapsed() < QUIET, "it was not said at once");
                break error;
            }
        }
    };
    assert_eq!(refused.kind(), Kind::Overloaded);
    ack(&*subscriber, &held).await;
    ctl(&["set_vm_memory_high_watermark", "absolute", "1GB"]).await;
    while publisher.publish(&batch).await.is_err() {
        assert!(Instant::now() < deadline + PATIENCE, "it was never unblocked");
        tokio::time::sleep(QUIET / 4).await;
    }
}
