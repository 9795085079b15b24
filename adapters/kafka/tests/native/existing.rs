//! A topic and a consumer group that somebody else made, used under their own names.

use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::producer::{FutureProducer, FutureRecord};
use wingman_core::Kind;
use wingman_core::bus::Declared;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Created, Provision, Settle, StartPosition, SubscriberOptions};

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

/// A group that is at work on another topic takes commits of its members alone.
pub(crate) async fn where_a_group_at_work_begins_is_not_ours_to_say(server: Server) {
    let group = GroupName::existing(format!("billing:{}", server.topic)).unwrap();
    let beside = TopicName::new(format!("{}-beside", server.topic)).unwrap();
    let admin = server.admin();
    for topic in [&server.topic, &beside] {
        admin.create_topic(topic).await.unwrap();
    }
    let existing = |topic: &TopicName| TopicName::existing(topic.as_str()).unwrap();
    let options = SubscriberOptions::default();
    let topic = existing(&server.topic);
    let member = server.transport.subscriber(&topic, &group, options).await.unwrap();
    server.publish(&["a"]).await;
    take(&*member, 1).await;
    let beside = existing(&beside);
    let latest = SubscriberOptions { start: StartPosition::Latest, ..options };
    let refused = [
        admin.create_group(&beside, &group, StartPosition::Latest).await.unwrap_err(),
        server.transport.subscriber(&beside, &group, latest).await.unwrap_err(),
    ];
    for error in refused {
        let of = (error.kind(), error.context("group"), error.context("topic"));
        let expected = (Kind::Conflict, Some(group.as_str()), Some(beside.as_str()));
        assert_eq!(of, expected, "{error}");
    }
    // That is where the client begins by itself.
    let earliest = admin.create_group(&beside, &group, StartPosition::Earliest).await.unwrap();
    assert_eq!(earliest, Created::Existed);
    assert_eq!(committed(&server, beside.as_str(), group.as_str()).await, None);
    member.close().await.unwrap();
    let made = admin.create_group(&beside, &group, StartPosition::Latest).await.unwrap();
    assert_eq!(made, Created::Created);
    assert_eq!(committed(&server, beside.as_str(), group.as_str()).await, Some(0));
}

pub(crate) async fn a_group_of_others_is_not_deleted(server: Server) {
    let admin = server.admin();
    admin.create_topic(&server.topic).await.unwrap();
    let topic = TopicName::existing(server.topic.as_str()).unwrap();
    let group = GroupName::existing(format!("billing:{}", server.topic)).unwrap();
    admin.create_group(&topic, &group, StartPosition::Earliest).await.unwrap();
    let refused = admin.delete_group(&topic, &group).await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.context("topic")),
        (Kind::Unsupported, Some(topic.as_str()))
    );
    let groups = admin.inspect(&topic).await.unwrap().unwrap().groups.unwrap();
    assert!(groups.contains(&group), "{groups:?}");
    assert_eq!(committed(&server, topic.as_str(), group.as_str()).await, Some(0));
}
