//! Dead letters: deliveries given up on, with their bytes and every attempt's reason (T6).

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::entries::Entry;
use super::judge::Reason;
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::message::{Headers, Message};
use crate::name::{GroupName, Namespace, TopicName};
use crate::transport::Delivery;

/// What is added to a topic's name for its dead letters.
pub const SUFFIX: &str = ".dead-letters";
/// The group, in the bus's namespace, that keeps dead letters where a broker drops what nobody
/// reads.
pub const GROUP: &str = "dead-letters";
/// The header that holds [`DeadLetter`] as JSON: one, because some brokers take ten in all.
pub const HEADER: &str = "wingman-dead-letter";
/// What is kept, for people, of a name that cannot stand as it is.
const READABLE_CHARS_MAX: usize = 80;
/// The longest reason that is kept, in bytes.
const REASON_BYTES_MAX: usize = 512;
/// The longest reason where a broker takes no more.
const SHORT_REASON_BYTES_MAX: usize = 64;

/// Where the dead letters of a topic go. One of ours has its namespace in its name; a team's has none,
/// so that the bus's stands in front. A team's name may have what ours may not, or leave no room: then
/// it is shortened to what may stand there, with a digest that tells it apart.
pub(crate) fn topic_of(topic: &TopicName, namespace: &Namespace) -> Result<TopicName> {
    let name = topic.as_str();
    let letters = |name: String| match topic.is_existing() {
        true => namespace.topic(&(name + SUFFIX)),
        false => TopicName::new(name + SUFFIX),
    };
    let may_stand = TopicName::new(name).is_ok();
    let whole = may_stand.then(|| letters(name.to_owned())).and_then(Result::ok);
    whole.map_or_else(|| letters(told_apart(name)), Ok)
}

fn told_apart(name: &str) -> String {
    let ours = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let readable = name.chars().take(READABLE_CHARS_MAX).map(|c| if ours(c) { c } else { '-' });
    let digest = Sha256::digest(name);
    let digest = u64::from_be_bytes(std::array::from_fn(|index| digest[index]));
    // It may begin with what no name of ours begins with.
    format!("q-{}-{digest:016x}", readable.collect::<String>())
}

/// Whether a message says that it is a dead letter. A limit of ours on payloads does not hold for it:
/// its bytes were on the broker already, and only what the broker itself refuses stops it (T6).
pub fn is_one(message: &Message) -> bool {
    message.headers.get(HEADER).is_some()
}

/// Why a message is among the dead letters. Key, payload and other headers are as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Where it was published.
    pub topic: String,
    /// The broker's place of the original, as text.
    pub position: String,
    /// Which group gave it up.
    pub group: String,
    /// Every attempt that this process knows of, the last one at the end.
    pub attempts: Vec<FailedAttempt>,
    /// Whether the broker took no more than the last attempt, and 64 bytes of its reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
}

/// One attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedAttempt {
    /// Its number, from 1.
    pub attempt: u32,
    /// When it ended, in milliseconds since the Unix epoch.
    pub at_millis: u64,
    /// What kind of failure it was.
    pub cause: Cause,
    /// What happened, for people; at most 512 bytes.
    pub reason: String,
}

/// What kind of failure an attempt ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The bytes are not an event.
    Undecodable,
    /// The event's type has no business on this topic or with this handler.
    Unexpected,
    /// Trying again cannot help.
    Structural,
    /// Trying again could have helped, and did not.
    Environmental,
    /// The handler panicked.
    Panicked,
    /// The handler ran longer than allowed.
    TimedOut,
    /// The process ended again and again before there was an outcome.
    Crashing,
    /// What the handler emitted cannot be published.
    Unpublishable,
}

impl FailedAttempt {
    pub(crate) fn new(attempt: u32, at: Timestamp, reason: Reason) -> Self {
        let whole =
            Self { attempt, at_millis: at.as_millis(), cause: reason.cause, reason: reason.text };
        whole.within(REASON_BYTES_MAX)
    }

    fn within(mut self, reason_bytes_max: usize) -> Self {
        self.reason.truncate(self.reason.floor_char_boundary(reason_bytes_max));
        self
    }
}

impl DeadLetter {
    /// Reads what stands in a dead letter's header; `None` if the message is not a dead letter.
    ///
    /// # Errors
    /// [`Kind::Malformed`] if the header is not what this version writes.
    pub fn from_message(message: &Message) -> Result<Option<Self>> {
        let Some(header) = message.headers.get(HEADER) else {
            return Ok(None);
        };
        serde_json::from_slice(header).map(Some).map_err(|error| {
            Error::new(Kind::Malformed, "the header of a dead letter does not decode")
                .with("header", HEADER)
                .because(error)
        })
    }

    /// The message as it was published, without this header.
    ///
    /// # Errors
    /// Those of [`Headers`].
    pub fn original(message: &Message) -> Result<Message> {
        Ok(message.clone().with_headers(headers_without(&message.headers)?.build()))
    }

    pub(crate) fn of(topic: &TopicName, group: &GroupName, entry: &Entry) -> Self {
        Self {
            topic: topic.as_str().to_owned(),
            position: entry.delivery.position.to_string(),
            group: group.as_str().to_owned(),
            attempts: entry.failed.clone(),
            shortened: false,
        }
    }

    /// The same, saying as little as it can: for a broker that takes no more beside the message's own
    /// bytes. `None` if it is that short already.
    pub(crate) fn shortened(&self) -> Option<Self> {
        let last = self.attempts.last().cloned();
        let last = last.map(|attempt| attempt.within(SHORT_REASON_BYTES_MAX));
        let short = Self { attempts: last.into_iter().collect(), shortened: true, ..self.clone() };
        (!self.shortened).then_some(short)
    }

    /// The dead letter of a delivery.
    pub(crate) fn message(&self, delivery: &Delivery) -> Result<Message> {
        let json = serde_json::to_vec(self).map_err(|error| {
            Error::new(Kind::Internal, "a dead letter did not serialise").because(error)
        })?;
        let mut headers = headers_without(&delivery.message.headers)?;
        headers.push(HEADER, json)?;
        Ok(delivery.message.clone().with_headers(headers.build()))
    }
}

fn headers_without(headers: &Headers) -> Result<crate::message::HeadersBuilder> {
    let mut kept = Headers::builder();
    for (name, value) in headers.iter().filter(|(name, _)| *name != HEADER) {
        kept.push(name, value)?;
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::name::NAME_BYTES_MAX;

    fn team_s(name: &str, namespace: &Namespace) -> String {
        let topic = TopicName::existing(name).unwrap();
        topic_of(&topic, namespace).unwrap().as_str().to_owned()
    }

    #[test]
    fn a_team_s_topic_has_dead_letters_of_its_own_in_the_namespace() {
        let (none, ours) = (Namespace::default(), Namespace::new("ours").unwrap());
        assert_eq!(team_s("orders", &none), "orders.dead-letters");
        assert_eq!(team_s("orders", &ours), "ours.orders.dead-letters");
        assert_eq!(team_s("shop:orders", &none), "q-shop-orders-4d3c37bf218248b4.dead-letters");
        let topic = ours.topic("orders").unwrap();
        assert_eq!(topic_of(&topic, &ours).unwrap().as_str(), "ours.orders.dead-letters");
    }

    #[test]
    fn no_two_names_share_their_dead_letters() {
        let long = |end: char| format!("{}{end}", "x".repeat(NAME_BYTES_MAX - 1));
        let names = ["a-b", "a/b", "a b", "a:b", "a.b", "-a", "_a", "qa", "q-a", "é", "è", "a"];
        for namespace in [Namespace::default(), Namespace::new("n".repeat(80)).unwrap()] {
            let names = names.map(str::to_owned).into_iter().chain([long('1'), long('2')]);
            let letters: BTreeSet<_> = names.map(|name| team_s(&name, &namespace)).collect();
            assert_eq!(letters.len(), 14, "{letters:?}");
        }
    }

    #[test]
    fn a_namespace_that_leaves_no_room_is_said() {
        let namespace = Namespace::new("n".repeat(NAME_BYTES_MAX)).unwrap();
        let error = topic_of(&TopicName::existing("orders").unwrap(), &namespace).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidName);
    }
}
