//! Limits of the services, which count what is text.

use wingman_core::Kind;
use wingman_core::message::{Headers, Message};

use crate::server::{PATIENCE, Server, ack, bodies, take};

fn headers(count: usize, bytes: usize) -> Headers {
    let mut headers = Headers::builder();
    for number in 0..count {
        headers.push(&format!("h{number}"), vec![b'x'; bytes]).unwrap();
    }
    headers.build()
}

/// As attributes of their own they would make a raw subscription drop the message without a word.
pub(crate) async fn thirty_headers_arrive(server: Server) {
    let subscriber = server.join(PATIENCE).await;
    let message = Message::new("text").with_headers(headers(30, 5));
    let publisher = server.publisher().await;
    publisher.publish(std::slice::from_ref(&message)).await.unwrap().remove(0).unwrap();
    let taken = take(&*subscriber, 1).await;
    assert_eq!(taken[0].message, message);
    ack(&*subscriber, &taken).await;
    let call = server.clients().sqs.receive_message().queue_url(server.queue_url().await);
    publisher.publish(std::slice::from_ref(&message)).await.unwrap().remove(0).unwrap();
    let raw = call.message_attribute_names("All").wait_time_seconds(5).send().await.unwrap();
    let native = &raw.messages()[0];
    assert_eq!(native.body(), Some("text"));
    assert_eq!(native.message_attributes().unwrap().len(), 1);
}

pub(crate) async fn the_largest_bytes_arrive_and_headers_count(server: Server) {
    let server = server.with("payload_bytes_max=194560").await;
    let subscriber = server.join(PATIENCE).await;
    let largest = Message::new(vec![0xff; 190 << 10]);
    let too_large = largest.clone().with_headers(headers(1, 10 << 10));
    let batch = [largest.clone(), too_large, Message::new("after")];
    let results = server.publisher().await.publish(&batch).await.unwrap();
    let kinds: Vec<_> = results.iter().map(|it| it.as_ref().err().map(|it| it.kind())).collect();
    assert_eq!(kinds, [None, Some(Kind::Oversize), None]);
    let mut taken = take(&*subscriber, 2).await;
    taken.sort_by_key(|delivery| delivery.message.payload.len());
    assert_eq!(taken[0].message.payload, "after");
    assert!(taken[1].message == largest);
    ack(&*subscriber, &taken).await;
}

pub(crate) async fn a_batch_beyond_one_call_keeps_its_order(server: Server) {
    let subscriber = server.join(PATIENCE * 3).await;
    let texts: Vec<_> = (0..100).map(|number| format!("k:{number:02}")).collect();
    server.publish(&texts).await;
    let mut all = Vec::new();
    while all.len() < texts.len() {
        let taken = take(&*subscriber, 1).await;
        ack(&*subscriber, &taken).await;
        all.extend(bodies(&taken));
    }
    let expected: Vec<_> = (0..100).map(|number| format!("{number:02}")).collect();
    assert_eq!(all, expected);
}
