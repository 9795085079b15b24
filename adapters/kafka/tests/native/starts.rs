//! Where a new group begins, in each partition.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};
use wingman_core::name::GroupName;
use wingman_core::transport::{StartPosition, SubscriberOptions};

use crate::server::{PATIENCE, QUIET, Server, ack, bodies, take, until};

const PARTITIONS: i32 = 5;
/// What lies in each partition before the groups are made: nothing in the last, and the first message
/// of each is deleted.
const BEFORE: i64 = 3;

/// A record of this body in a partition; false while the partition is not known yet.
async fn produce(server: &Server, producer: &FutureProducer, body: &str, partition: i32) -> bool {
    let record = FutureRecord::<str, str>::to(server.topic.as_str()).payload(body);
    producer.send(record.partition(partition), PATIENCE).await.is_ok()
}

fn admin(server: &Server) -> AdminClient<DefaultClientContext> {
    server.raw().create().unwrap()
}

/// What a group has committed, asked without the adapter.
async fn committed(server: &Server, group: &str) -> BTreeMap<i32, Offset> {
    let (mut config, topic) = (server.raw(), server.topic.clone());
    let asking: BaseConsumer = config.set("group.id", format!("{group}@{topic}")).create().unwrap();
    let ask = move || {
        let mut list = TopicPartitionList::new();
        list.add_partition_range(topic.as_str(), 0, PARTITIONS - 1);
        let list = asking.committed_offsets(list, PATIENCE).unwrap();
        list.elements().iter().map(|it| (it.partition(), it.offset())).collect()
    };
    tokio::task::spawn_blocking(ask).await.unwrap()
}

pub(crate) async fn a_new_group_is_committed_for_each_partition(server: Server) {
    let server = server.with("partitions=5").await;
    server.admin().create_topic(&server.topic).await.unwrap();
    let producer: FutureProducer = server.raw().create().unwrap();
    let mut deleted = TopicPartitionList::new();
    for partition in 0..PARTITIONS - 1 {
        for number in 0..BEFORE {
            assert!(produce(&server, &producer, &format!("before {number}"), partition).await);
        }
        let first = Offset::Offset(1);
        deleted.add_partition_offset(server.topic.as_str(), partition, first).unwrap();
    }
    admin(&server).delete_records(&deleted, &AdminOptions::new()).await.unwrap();
    let mut members = Vec::new();
    for (name, start) in [("all", StartPosition::Earliest), ("new", StartPosition::Latest)] {
        let options = SubscriberOptions { start, ..Default::default() };
        let group = GroupName::new(name).unwrap();
        let member = server.transport.subscriber(&server.topic, &group, options).await.unwrap();
        let there = |partition| if partition == PARTITIONS - 1 { 0 } else { BEFORE };
        let offset = |partition| match start {
            StartPosition::Earliest => there(partition).min(1),
            StartPosition::Latest => there(partition),
        };
        let expected = (0..PARTITIONS).map(|it| (it, Offset::Offset(offset(it)))).collect();
        assert_eq!(committed(&server, name).await, expected, "{name}");
        members.push(member);
    }
    for partition in 0..PARTITIONS {
        assert!(produce(&server, &producer, "after", partition).await);
    }
    let most = std::num::NonZeroUsize::new(50).unwrap();
    for (member, count) in members.iter().zip([(4 * 2) + 5, 5]) {
        let came = take(&**member, count).await;
        let after = bodies(&came).iter().filter(|body| *body == "after").count();
        assert_eq!(after, 5, "one in each partition");
        assert!(member.receive(most, QUIET).await.unwrap().is_empty(), "nothing twice");
    }
}

/// Whatever the group began with: what is published before its members know the partition counts.
pub(crate) async fn a_partition_that_appears_in_use_is_read_from_its_beginning(server: Server) {
    let server = server.with("partitions=2").await;
    let latest = SubscriberOptions { start: StartPosition::Latest, ..Default::default() };
    let member = server.join_with(latest).await;
    server.publish(&["a"]).await;
    ack(&*member, &take(&*member, 1).await).await;
    let more = NewPartitions::new(server.topic.as_str(), 4);
    let made = admin(&server).create_partitions([&more], &AdminOptions::new()).await.unwrap();
    made[0].as_ref().unwrap();
    let producer: FutureProducer = server.raw().create().unwrap();
    for partition in [2, 3] {
        until("the new partition", async || {
            produce(&server, &producer, &format!("in {partition}"), partition).await
        })
        .await;
    }
    let mut came = Vec::new();
    let most = std::num::NonZeroUsize::new(9).unwrap();
    until("what is in them", async || {
        came.extend(member.receive(most, Duration::from_millis(100)).await.unwrap());
        came.len() == 2
    })
    .await;
    let mut found = bodies(&came);
    found.sort();
    assert_eq!(found, ["in 2", "in 3"]);
}
