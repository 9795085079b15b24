//! One call of `ReceiveMessage`, and its messages as deliveries.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use aws_sdk_sqs::config::Config;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::{Message as Native, MessageAttributeValue, MessageSystemAttributeName};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use wingman_core::Result;
use wingman_core::clock::Clock;
use wingman_core::message::Message;
use wingman_core::transport::{Delivery, Position};

use super::seat::Seat;
use crate::codec::{self, Received};
use crate::error::{Doing, from_native};

/// Messages of one call (SQS API, "ReceiveMessage").
const MESSAGES_MAX: usize = 10;

impl Seat {
    pub(super) async fn poll(&self, max: NonZeroUsize, wait: Duration) -> Result<Vec<Delivery>> {
        let lease = whole_seconds(self.options.lease);
        let wait = whole_seconds(wait);
        // The service may hang: the answer is due once it has waited.
        let time = TimeoutConfig::builder()
            .operation_attempt_timeout(wait + self.account.config.reply_time())
            .build();
        let call = self
            .account
            .clients
            .sqs
            .receive_message()
            .queue_url(&self.queue.url)
            .max_number_of_messages(max.get().min(MESSAGES_MAX) as i32)
            .wait_time_seconds(seconds(wait))
            .visibility_timeout(seconds(lease))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .message_attribute_names("All")
            .customize()
            .config_override(Config::builder().timeout_config(time));
        let answer = call.send().await.map_err(|error| {
            from_native(Doing::Reading, "receive", error)
                .with("topic", &self.topic)
                .with("group", &self.group)
        })?;
        let (received, now) = (Clock::system().now(), Instant::now());
        let place = |native: &Native| position(native.message_id().unwrap_or_default());
        let mut leases = self.leases();
        leases.sweep(now, &answer.messages().iter().map(place).collect());
        let delivery = |native: Native| {
            let position = place(&native);
            let handle = native.receipt_handle().unwrap_or_default();
            Delivery {
                message: self.message(&native),
                position,
                token: leases.hold(handle, position, now + lease),
                attempt: attempt(&native),
                received,
                lease: Some(lease),
            }
        };
        Ok(answer.messages.unwrap_or_default().into_iter().map(delivery).collect())
    }

    fn message(&self, native: &Native) -> Message {
        let body = native.body().unwrap_or_default();
        let group = system(native, &MessageSystemAttributeName::MessageGroupId);
        let notified_by = self.queue.notified_by.as_deref();
        let unwrapped = notified_by.and_then(|topic_arn| codec::unwrap(body, topic_arn));
        if let Some((body, attributes)) = unwrapped {
            return codec::decode(&Received { body: &body, attributes: &attributes, group });
        }
        let attributes: BTreeMap<_, _> = (native.message_attributes().into_iter().flatten())
            .map(|(name, value)| (name.clone(), bytes(value)))
            .collect();
        codec::decode(&Received { body, attributes: &attributes, group })
    }
}

fn bytes(value: &MessageAttributeValue) -> Vec<u8> {
    match (value.string_value(), value.binary_value()) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(binary)) => binary.as_ref().to_vec(),
        (None, None) => Vec::new(),
    }
}

/// The id of a message is a UUID. Another, of a server that is not Amazon's, counts by its digest.
fn position(id: &str) -> Position {
    let digits: String = id.chars().filter(|it| *it != '-').collect();
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32);
    let number = number.unwrap_or_else(|| {
        let digest = Sha256::digest(id);
        digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
    });
    Position { lane: 0, major: (number >> 64) as u64, minor: number as u64 }
}

fn attempt(native: &Native) -> Option<NonZeroU32> {
    let count = system(native, &MessageSystemAttributeName::ApproximateReceiveCount);
    count.and_then(|count| count.parse().ok())
}

fn system<'a>(native: &'a Native, name: &MessageSystemAttributeName) -> Option<&'a str> {
    native.attributes().and_then(|attributes| attributes.get(name)).map(String::as_str)
}

/// Rounded up: a time is a floor, and the service counts in seconds.
pub(super) fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}

/// For the service, which takes no more than 12 hours anyway.
pub(super) fn seconds(whole: Duration) -> i32 {
    i32::try_from(whole.as_secs()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_the_message_s_id() {
        let of = position("0d9f1a2b-3c4d-5e6f-7081-92a3b4c5d6e7");
        assert_eq!((of.major, of.minor), (0x0d9f_1a2b_3c4d_5e6f, 0x7081_92a3_b4c5_d6e7));
        assert_eq!(position("msg-1"), position("msg-1"));
        assert_ne!(position("msg-1"), position("msg-2"));
    }

    #[test]
    fn times_are_rounded_up_to_seconds() {
        for (millis, expected) in [(0, 0), (1, 1), (1_000, 1), (1_001, 2)] {
            let whole = whole_seconds(Duration::from_millis(millis));
            assert_eq!(seconds(whole), expected, "{millis} ms");
        }
    }
}
