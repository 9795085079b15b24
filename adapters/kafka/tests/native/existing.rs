//! A topic and a consumer group that somebody else made, used under their own names.

use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::producer::{FutureProducer, FutureRecord};
use wingman_core::Kind;
use wingman_core::bus::Declared;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Provision, Settle, SubscriberOptions};

use crate::server::{PATIENCE, Server, ack, bodies, settle, take, until};

/// What the group has committed of the only partition.
async fn committed(server: &Server, topic: &str, group: &str) -> Option<i64> {
    let observer: BaseConsumer = server.raw().set("group.id", group).create().unwrap();
    let topic = topic.to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let mut list = TopicPartitionList::new();
        list.add_partition(&topic, 0);
        let told = observer.committed_offsets(list, PATIENCE).unwrap();
        // A list that outlives its client keeps it from ending.
        told.elements()[0].offset().to_raw()
    });
    asked.await.unwrap().filter(|offset| *offset >= 0)
}

pub(crate) async fn a_topic_and_group_of_others_are_used_as_they_stand(server: Server) {
    let (name, group) = (server.topic.as_str(), format!("billing:{}", server.topic));
    let admin: AdminClient<DefaultClientContext> = server.raw().create().unwrap();
    let new = NewTopic::new(name, 1, TopicReplication::Fixed(1)).set("retention.ms", "123456789");
    admin.create_topics([&new], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    let producer: FutureProducer = server.raw().create().unwrap();
    for body in ["{\"id\": 1}", "{\"id\": 2}"] {
        let record = FutureRecord::<str, str>::to(name).payload(body);
        producer.send(record, PATIENCE).await.unwrap();
    }
    // The team's group has handled the first.
    let (theirs, of) = (group.clone(), name.to_owned());
    let consumer: BaseConsumer = server.raw().set("group.id", &theirs).create().unwrap();
    let commit = tokio::task::spawn_blocking(move || {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&of, 0, rdkafka::Offset::Offset(1)).unwrap();
        consumer.commit(&list, CommitMode::Sync).unwrap();
    });
    commit.await.unwrap();
    let topic = TopicName::existing(name).unwrap();
    let workers = GroupName::existing(&group).unwrap();
    for provision in [Provision::Verify, Provision::Ensure] {
        let options = SubscriberOptions { provision, ..SubscriberOptions::default() };
        let subscriber = server.transport.subscriber(&topic, &workers, options).await.unwrap();
        let declared = Declared::json("Order", "/legacy");
        let first = take(&*subscriber, 1).await;
        assert_eq!(bodies(&first), ["{\"id\": 2}"], "it goes on where the group stood");
        let event = declared.event(&topic, &first[0]).unwrap();
        assert_eq!(event.id(), format!("{name}/0/1-0"));
        settle(&*subscriber, &first[0], Settle::Release).await.unwrap();
        let again = take(&*subscriber, 1).await;
        assert_eq!(declared.event(&topic, &again[0]).unwrap(), event);
        if provision == Provision::Ensure {
            ack(&*subscriber, &again).await;
            until("the commit of the team's group", async || {
                committed(&server, name, &group).await == Some(2)
            })
            .await;
        }
        subscriber.close().await.unwrap();
    }
    let (place, options) = ([&ResourceSpecifier::Topic(name)], AdminOptions::new());
    let told = admin.describe_configs(place, &options).await.unwrap().remove(0).unwrap();
    let kept = told.entry_map()["retention.ms"].value.clone();
    assert_eq!(kept.as_deref(), Some("123456789"), "what exists is never altered");
    assert_eq!(committed(&server, name, &format!("{group}@{name}")).await, None);
}

pub(crate) async fn a_team_s_topic_that_is_not_there_is_not_made(server: Server) {
    let topic = TopicName::existing(server.topic.as_str()).unwrap();
    for provision in [Provision::Ensure, Provision::Verify] {
        let options = SubscriberOptions { provision, ..SubscriberOptions::default() };
        let refused =
            server.transport.subscriber(&topic, &server.group, options).await.unwrap_err();
        assert_eq!(
            (refused.kind(), refused.context("topic")),
            (Kind::NotFound, Some(topic.as_str()))
        );
    }
    let admin = server.admin();
    assert_eq!(admin.inspect(&server.topic).await.unwrap(), None);
    assert_eq!(admin.create_topic(&topic).await.unwrap_err().kind(), Kind::Unsupported);
    assert_eq!(admin.delete_topic(&topic).await.unwrap_err().kind(), Kind::Unsupported);
}
