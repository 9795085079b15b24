//! Topology and messages that others made.

use aws_sdk_sns::types::MessageAttributeValue as Published;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::MessageAttributeValue as Sent;
use wingman_core::message::Message;
use wingman_core::transport::{Provision, Subscriber, SubscriberOptions};

use crate::server::{PATIENCE, Server, ack, take};

/// A standard topic with a queue that gets notifications, as the console makes it.
async fn not_raw(server: Server) -> Server {
    let server = server.with("fifo=false").await;
    let clients = server.clients();
    clients.sns.create_topic().name(server.topic.as_str()).send().await.unwrap();
    clients.sqs.create_queue().queue_name(server.queue()).send().await.unwrap();
    let call = clients.sns.subscribe().topic_arn(server.topic_arn()).protocol("sqs");
    call.endpoint(server.queue_arn()).send().await.unwrap();
    server
}

async fn notify(server: &Server, body: &str) {
    let value = Published::builder().data_type("Number").string_value("7").build().unwrap();
    let call = server.clients().sns.publish().topic_arn(server.topic_arn()).message(body);
    call.subject("about").message_attributes("n", value).send().await.unwrap();
}

pub(crate) async fn a_subscription_that_is_not_raw_is_used_as_it_stands(server: Server) {
    let server = not_raw(server).await;
    let subscriber = server.join(PATIENCE).await;
    notify(&server, "{\"a\": 1}").await;
    let taken = take(&*subscriber, 1).await;
    assert_eq!(taken[0].message.payload, "{\"a\": 1}");
    assert_eq!(taken[0].message.headers.get_str("n"), Some("7"));
    assert_eq!(taken[0].message.headers.get_str("subject"), Some("about"));
    ack(&*subscriber, &taken).await;
    // Our own survive the envelope as well.
    let own = Message::new(vec![0xff, 0x00]).with_key("k");
    let publisher = server.publisher().await;
    publisher.publish(std::slice::from_ref(&own)).await.unwrap().remove(0).unwrap();
    let taken = take(&*subscriber, 1).await;
    assert_eq!(taken[0].message, own);
    ack(&*subscriber, &taken).await;
    // What is in no envelope although the subscription has one was sent to the queue itself.
    let call = server.clients().sqs.send_message().queue_url(server.queue_url().await);
    call.message_body("direct").send().await.unwrap();
    let taken = take(&*subscriber, 1).await;
    assert_eq!(taken[0].message.payload, "direct");
    ack(&*subscriber, &taken).await;
}

pub(crate) async fn where_nobody_may_look_the_url_says_it(server: Server) {
    let server = not_raw(server).await;
    let never = SubscriberOptions {
        provision: Provision::Never,
        ordered: false,
        lease: PATIENCE,
        ..SubscriberOptions::default()
    };
    let told = server.with("raw=false").await;
    notify(&told, "inside").await;
    let subscriber = told.join_with(never).await;
    let taken = take(&*subscriber, 1).await;
    assert_eq!(taken[0].message.payload, "inside");
    ack(&*subscriber, &taken).await;
}

pub(crate) async fn what_looks_like_a_notification_is_left_alone(server: Server) {
    let subscriber = server.join(PATIENCE).await;
    let arn = server.topic_arn();
    let body = format!("{{\"Type\":\"Notification\",\"TopicArn\":\"{arn}\",\"Message\":\"x\"}}");
    let looks_so = Message::new(body);
    let publisher = server.publisher().await;
    publisher.publish(std::slice::from_ref(&looks_so)).await.unwrap().remove(0).unwrap();
    let taken = take(&*subscriber, 1).await;
    assert_eq!(taken[0].message, looks_so);
}

pub(crate) async fn what_others_send_to_the_queue_is_read(server: Server) {
    let subscriber = server.join(PATIENCE).await;
    let text = Sent::builder().data_type("String").string_value("celsius").build().unwrap();
    let bytes = Sent::builder().data_type("Binary.png").binary_value(Blob::new([0xff, 0]));
    let call = server.clients().sqs.send_message().queue_url(server.queue_url().await);
    call.message_body("temperature 7")
        .message_group_id("sensor-1")
        .message_deduplication_id("1")
        .message_attributes("unit", text)
        .message_attributes("image", bytes.build().unwrap())
        .send()
        .await
        .unwrap();
    comes_with_its_attributes(&*subscriber).await;
}

/// What others sent in these tests is read with its group as key, and each attribute as a header.
pub(crate) async fn comes_with_its_attributes(subscriber: &dyn Subscriber) {
    let taken = take(subscriber, 1).await;
    let message = &taken[0].message;
    assert_eq!(message.payload, "temperature 7");
    assert_eq!(message.key.as_deref(), Some(&b"sensor-1"[..]));
    assert_eq!(message.headers.get_str("unit"), Some("celsius"));
    assert_eq!(message.headers.get("image"), Some(&[0xff, 0][..]));
    ack(subscriber, &taken).await;
}
