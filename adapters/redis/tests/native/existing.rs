//! A stream and a consumer group that somebody else made, used under their own names.

use std::collections::BTreeMap;
use std::time::Duration;

use wingman_core::Kind;
use wingman_core::bus::Declared;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::transport::{Provision, Settle, SubscriberOptions};

use crate::server::{Server, ack, bodies, rest, settle, take};

pub(crate) async fn a_stream_and_group_of_others_are_used_as_they_stand(server: Server) {
    let (stream, group) = (format!("shop:{}", server.topic), "billing v2");
    let add = async |body: &str| {
        let _: String = server.raw(&["XADD", &stream, "*", "body", body]).await;
    };
    add("{\"id\": 1}").await;
    let _: String = server.raw(&["XGROUP", "CREATE", &stream, group, "$"]).await;
    let before: Vec<BTreeMap<String, redis::Value>> =
        server.raw(&["XINFO", "GROUPS", &stream]).await;
    add("{\"id\": 2}").await;
    let topic = TopicName::existing(&stream).unwrap();
    let name = GroupName::existing(group).unwrap();
    let options =
        SubscriberOptions { provision: Provision::Verify, ..SubscriberOptions::default() };
    let subscriber = server.transport.subscriber(&topic, &name, options).await.unwrap();
    // The group begins where its maker had it begin, and an id stays over a redelivery.
    let declared = Declared::json("Order", "/legacy").payload_in("body");
    let first = take(&*subscriber, 1).await;
    let event = declared.event(&topic, &first[0]).unwrap();
    assert_eq!(event.data.as_deref(), Some(&b"{\"id\": 2}"[..]));
    settle(&*subscriber, &first[0], Settle::Release).await.unwrap();
    let again = take(&*subscriber, 1).await;
    assert_eq!(declared.event(&topic, &again[0]).unwrap(), event);
    ack(&*subscriber, &again).await;
    let after: Vec<BTreeMap<String, redis::Value>> =
        server.raw(&["XINFO", "GROUPS", &stream]).await;
    assert_eq!((before.len(), after.len()), (1, 1), "no group was made beside it");
    assert_eq!(after[0]["name"], before[0]["name"]);
    let pending: redis::streams::StreamPendingReply =
        server.raw(&["XPENDING", &stream, group]).await;
    assert_eq!(pending.count(), 0);
    assert_eq!(server.raw::<u64>(&["XLEN", &stream]).await, 2, "nothing was taken out");
}

pub(crate) async fn a_stream_that_is_not_there_is_not_made(server: Server) {
    let topic = TopicName::existing(format!("shop:{}", server.topic)).unwrap();
    let group = GroupName::existing("billing").unwrap();
    for provision in [Provision::Ensure, Provision::Verify] {
        let options = SubscriberOptions { provision, ..SubscriberOptions::default() };
        let refused = server.transport.subscriber(&topic, &group, options).await.unwrap_err();
        assert_eq!(
            (refused.kind(), refused.context("topic")),
            (Kind::NotFound, Some(topic.as_str()))
        );
    }
    assert_eq!(server.raw::<u64>(&["EXISTS", topic.as_str()]).await, 0);
    let admin = server.transport.admin().unwrap();
    assert_eq!(admin.create_topic(&topic).await.unwrap_err().kind(), Kind::Unsupported);
    assert_eq!(admin.delete_topic(&topic).await.unwrap_err().kind(), Kind::Unsupported);
}

/// Consumers of other programs know nothing of our ownership: what they hold is theirs for the lease.
pub(crate) async fn what_a_consumer_of_others_holds_stays_until_the_lease(server: Server) {
    for ordered in [true, false] {
        let (stream, group) = (format!("shop:{}:{ordered}", server.topic), "billing");
        let id: String = server.raw(&["XADD", &stream, "*", "data", "theirs"]).await;
        let _: String = server.raw(&["XADD", &stream, "*", "data", "ours"]).await;
        let _: String = server.raw(&["XGROUP", "CREATE", &stream, group, "0"]).await;
        let theirs = ["XREADGROUP", "GROUP", group, "them", "COUNT", "1", "STREAMS", &stream, ">"];
        let _: redis::Value = server.raw(&theirs).await;
        let lease = Duration::from_secs(600);
        let options = SubscriberOptions { lease, ordered, ..SubscriberOptions::default() };
        let topic = TopicName::existing(&stream).unwrap();
        let name = GroupName::existing(group).unwrap();
        let subscriber = server.transport.subscriber(&topic, &name, options).await.unwrap();
        let ours = take(&*subscriber, 1).await;
        assert_eq!(bodies(&ours), ["ours"]);
        assert!(rest(&*subscriber).await.is_empty());
        let held = ["XPENDING", &stream, group, "-", "+", "10", "them"];
        let held: redis::streams::StreamPendingCountReply = server.raw(&held).await;
        assert_eq!(held.ids.iter().map(|it| &it.id).collect::<Vec<_>>(), [&id]);
        // They stopped, an hour ago.
        let idle = ["XCLAIM", &stream, group, "them", "0", &id, "IDLE", "3600000", "JUSTID"];
        let _: redis::Value = server.raw(&idle).await;
        let inherited = take(&*subscriber, 1).await;
        assert_eq!(bodies(&inherited), ["theirs"]);
        ack(&*subscriber, &ours).await;
        ack(&*subscriber, &inherited).await;
        subscriber.close().await.unwrap();
    }
}

pub(crate) async fn a_group_of_others_is_not_deleted(server: Server) {
    let (stream, group) = (format!("shop:{}", server.topic), "billing");
    let _: String = server.raw(&["XADD", &stream, "*", "data", "1"]).await;
    let _: String = server.raw(&["XGROUP", "CREATE", &stream, group, "0"]).await;
    let topic = TopicName::existing(&stream).unwrap();
    let name = GroupName::existing(group).unwrap();
    let admin = server.transport.admin().unwrap();
    let refused = admin.delete_group(&topic, &name).await.unwrap_err();
    assert_eq!((refused.kind(), refused.context("topic")), (Kind::Unsupported, Some(&*stream)));
    assert_eq!(admin.inspect(&topic).await.unwrap().unwrap().groups, Some(vec![name]));
}
