//! What other programs wrote and made.

use google_cloud_pubsub::model::Message as Native;
use wingman_core::event::CloudEvent;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Created, PublisherOptions, StartPosition, SubscriberOptions};

use crate::server::{Server, ack, take};

pub(crate) async fn messages_of_other_programs_are_read_whole(server: Server) {
    let subscriber = server.join().await;
    let client = server.raw_publisher().await.publisher(server.topic_path()).build();
    let plain = Native::new().set_data("21 °C").set_attributes([("unit", "celsius")]);
    client.publish(plain).await.unwrap();
    let read = take(&*subscriber, 1).await;
    assert_eq!(read[0].message.payload, "21 °C".as_bytes());
    assert_eq!(read[0].message.headers.get_str("unit"), Some("celsius"));
    assert_eq!(read[0].message.key, None);
    ack(&*subscriber, &read).await;
    let event = Native::new().set_data("{}").set_ordering_key("c-7").set_attributes([
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/shop"),
        ("ce-type", "OrderPlaced"),
        ("ce-subject", "Käse"),
        ("content-type", "application/json"),
    ]);
    client.publish(event).await.unwrap();
    let read = take(&*subscriber, 1).await;
    let event = CloudEvent::from_message(&read[0].message).unwrap();
    assert_eq!((event.ty(), event.subject.as_deref()), ("OrderPlaced", Some("Käse")));
    assert_eq!(read[0].message.key.as_deref(), Some(&b"c-7"[..]));
    ack(&*subscriber, &read).await;
}

pub(crate) async fn a_subscription_of_others_is_no_group_and_is_left_alone(server: Server) {
    let admin = server.transport.admin().unwrap();
    admin.create_topic(&server.topic).await.unwrap();
    let raw = server.raw_subscriptions().await;
    let (theirs, ours) =
        (format!("projects/wingman/subscriptions/{}", server.topic), server.subscription_path());
    for path in [&theirs, &ours] {
        let create = raw.create_subscription().set_name(path).set_topic(server.topic_path());
        create.set_ack_deadline_seconds(17).send().await.unwrap();
    }
    let made = admin.create_group(&server.topic, &server.group, StartPosition::Earliest).await;
    assert_eq!(made.unwrap(), Created::Existed);
    let info = admin.inspect(&server.topic).await.unwrap().unwrap();
    assert_eq!(info.groups, std::slice::from_ref(&server.group));
    let found = raw.get_subscription().set_subscription(&ours).send().await.unwrap();
    assert_eq!(found.ack_deadline_seconds, 17, "what exists is never redeclared");
    assert!(admin.delete_topic(&server.topic).await.unwrap());
    assert!(raw.get_subscription().set_subscription(&theirs).send().await.is_ok());
    assert!(raw.get_subscription().set_subscription(&ours).send().await.is_err());
}

/// Ids begin with a letter, not with `goog`, and have three characters.
pub(crate) async fn names_that_are_no_ids_work(server: Server) {
    for name in [format!("7{}", server.topic), format!("goog{}", server.topic)] {
        let (topic, group) = (TopicName::new(name).unwrap(), GroupName::new("7").unwrap());
        let options = SubscriberOptions::default();
        let subscriber = server.transport.subscriber(&topic, &group, options).await.unwrap();
        let publisher = server.transport.publisher(&topic, PublisherOptions::default()).await;
        publisher.unwrap().publish(&[Message::new("x")]).await.unwrap().remove(0).unwrap();
        ack(&*subscriber, &take(&*subscriber, 1).await).await;
        let admin = server.transport.admin().unwrap();
        assert_eq!(admin.inspect(&topic).await.unwrap().unwrap().groups, [group]);
        assert!(admin.delete_topic(&topic).await.unwrap());
    }
}
