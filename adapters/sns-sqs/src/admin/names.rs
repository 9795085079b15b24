//! What topics and groups are called in AWS: other characters are allowed there, and fewer.

use sha2::{Digest, Sha256};
use wingman_core::name::{GroupName, TopicName};

use crate::codec::hex;

/// Stands between topic and group in the name of a queue.
const BETWEEN: &str = "__";
/// Of a queue (SQS API, "CreateQueue"); a topic's is 256, which no name of ours reaches.
const QUEUE_BYTES_MAX: usize = 80;
/// What AWS calls everything that is FIFO.
const FIFO: &str = ".fifo";
/// Enough that nobody finds two names of one digest by accident.
const DIGEST_BYTES: usize = 8;
/// What is kept of topic and group before a digest, for people.
const SHORT_BYTES: usize = 28;

/// The topic: its name, or that without dots and with a digest, where it has some.
pub(crate) fn of_topic(topic: &TopicName, is_fifo: bool) -> String {
    let name = match topic.as_str().contains('.') {
        true => format!("{}-{}", dashed(topic.as_str(), usize::MAX), digest(&[topic.as_str()])),
        false => topic.to_string(),
    };
    with_suffix(name, is_fifo)
}

/// The queue of a group: `TOPIC__GROUP` where that is a name and can be read in one way only, else
/// both shortened, with a digest.
pub(crate) fn of_queue(topic: &TopicName, group: &GroupName, is_fifo: bool) -> String {
    let (topic, group) = (topic.as_str(), group.as_str());
    let name = format!("{topic}{BETWEEN}{group}");
    let is_plain = |text: &str| {
        !text.contains('.')
            && !text.contains(BETWEEN)
            && !text.starts_with('_')
            && !text.ends_with('_')
    };
    let room = QUEUE_BYTES_MAX - FIFO.len();
    if name.len() <= room && is_plain(topic) && is_plain(group) {
        return with_suffix(name, is_fifo);
    }
    // Without an underscore, so that it is no other queue's plain name.
    let short = |text: &str| dashed(text, SHORT_BYTES);
    let name = format!("{}-{}-{}", short(topic), short(group), digest(&[topic, group]));
    with_suffix(name, is_fifo)
}

/// The group of a queue whose name says it; `None` where it has a digest instead, or is no queue of
/// this adapter.
pub(crate) fn group_in(queue: &str, topic: &TopicName) -> Option<GroupName> {
    let name = queue.strip_suffix(FIFO).unwrap_or(queue);
    let group = name.strip_prefix(topic.as_str())?.strip_prefix(BETWEEN)?;
    let group = GroupName::new(group).ok()?;
    (of_queue(topic, &group, queue.ends_with(FIFO)) == queue).then_some(group)
}

/// The name at the end of an ARN.
pub(crate) fn in_arn(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

fn with_suffix(name: String, is_fifo: bool) -> String {
    if is_fifo { name + FIFO } else { name }
}

fn dashed(text: &str, bytes_max: usize) -> String {
    text.chars().take(bytes_max).map(|it| if matches!(it, '.' | '_') { '-' } else { it }).collect()
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        // No name holds it: two pairs of names never run together.
        hash.update([0]);
    }
    hex(&hash.finalize()[..DIGEST_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> TopicName {
        TopicName::new(name).unwrap()
    }

    fn group(name: &str) -> GroupName {
        GroupName::new(name).unwrap()
    }

    #[test]
    fn plain_names_stay_and_say_their_group() {
        assert_eq!(of_topic(&topic("orders"), true), "orders.fifo");
        assert_eq!(of_topic(&topic("Order_Placed"), false), "Order_Placed");
        let queue = of_queue(&topic("orders"), &group("bill-ing"), true);
        assert_eq!(queue, "orders__bill-ing.fifo");
        assert_eq!(group_in(&queue, &topic("orders")), Some(group("bill-ing")));
        assert_eq!(group_in("orders-audit.fifo", &topic("orders")), None);
    }

    #[test]
    fn other_names_are_allowed_in_aws_and_no_two_are_the_same() {
        let long = "n".repeat(200);
        let names = ["a", "a.b", "a-b", "a_b", "a__b", "b_", "a__b__c", "b__c", &long];
        let mut topics: Vec<_> = names.iter().map(|name| of_topic(&topic(name), true)).collect();
        let pairs = names.iter().flat_map(|one| names.iter().map(move |two| (one, two)));
        let mut queues: Vec<_> =
            pairs.map(|(one, two)| of_queue(&topic(one), &group(two), true)).collect();
        for (all, bytes_max) in [(&mut topics, 256), (&mut queues, QUEUE_BYTES_MAX)] {
            let count = all.len();
            for name in all.iter() {
                let name = name.strip_suffix(FIFO).unwrap();
                let is_allowed = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
                assert!(name.len() + FIFO.len() <= bytes_max, "{name}");
                assert!(name.bytes().all(is_allowed), "{name}");
            }
            all.sort();
            all.dedup();
            assert_eq!(all.len(), count);
        }
    }

    #[test]
    fn a_name_is_read_only_as_what_it_was_made_of() {
        let queue = of_queue(&topic("a"), &group("b__c"), false);
        assert_eq!(group_in(&queue, &topic("a")), None);
        assert_eq!(group_in("a__b__c", &topic("a")), None);
        assert_eq!(group_in("a__b", &topic("a")), Some(group("b")));
    }
}
