//! An SQS without SNS, as ElasticMQ is: what needs SNS says so when it is asked for, by its kind.

use wingman_core::message::Message;
use wingman_core::transport::{Provision, PublisherOptions, StartPosition, SubscriberOptions};
use wingman_core::{Error, Kind, Retry};

use crate::server::Server;

fn is_unsupported<T>(refused: Result<T, Error>) {
    let error = refused.err().expect("there is no SNS that could do it");
    assert_eq!((error.kind(), error.retry()), (Kind::Unsupported, Retry::Permanent), "{error}");
}

pub(crate) async fn what_needs_sns_is_unsupported_and_makes_nothing(server: Server) {
    let (transport, topic, group) = (&server.transport, &server.topic, &server.group);
    for provision in [Provision::Ensure, Provision::Verify] {
        is_unsupported(transport.publisher(topic, PublisherOptions { provision }).await);
        let options = SubscriberOptions { provision, ..SubscriberOptions::default() };
        is_unsupported(transport.subscriber(topic, group, options).await);
    }
    let admin = transport.admin().unwrap();
    is_unsupported(admin.create_topic(topic).await);
    is_unsupported(admin.create_group(topic, group, StartPosition::Earliest).await);
    is_unsupported(admin.inspect(topic).await);
    is_unsupported(admin.delete_topic(topic).await);
    let queues = server.clients().sqs.list_queues().queue_name_prefix(topic.as_str());
    assert!(queues.send().await.unwrap().queue_urls().is_empty());
}

pub(crate) async fn who_asks_nothing_of_topology_is_refused_when_it_publishes(server: Server) {
    let options = PublisherOptions { provision: Provision::Never };
    let publisher = server.transport.publisher(&server.topic, options).await.unwrap();
    is_unsupported(publisher.publish(&[Message::new("x")]).await.unwrap().remove(0));
}
