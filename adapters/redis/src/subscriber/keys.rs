//! The keys that a group has beside its stream.

use wingman_core::name::TopicName;

/// Named so that no two groups share one, and in the stream's hash slot.
#[derive(Debug, Clone)]
pub(crate) struct SideKeys {
    stream: String,
    beside: [String; 5],
}

/// In the order in which the scripts take them:
///
/// - `owner`: the consumer that an ordered group belongs to, with its lease as time to live.
/// - `ready`: what came back and may be handed out.
/// - `delayed`: what came back and waits, by the time when it may be handed out.
/// - `untried`: hand-overs of an entry that do not count as attempts.
/// - `held`: keys whose head is delayed, and until when.
const NAMES: [&str; 5] = ["owner", "ready", "delayed", "untried", "held"];

impl SideKeys {
    pub(crate) fn new(topic: &TopicName, group: &str) -> Self {
        Self {
            stream: topic.to_string(),
            // Names of topics and groups hold neither braces nor colons.
            beside: NAMES.map(|name| format!("wingman:{{{topic}}}:{group}:{name}")),
        }
    }

    /// The keys beside the stream.
    pub(crate) fn all(&self) -> &[String] {
        &self.beside
    }

    /// The stream, and the keys beside it.
    pub(super) fn with_stream(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.stream).chain(&self.beside).map(String::as_str)
    }

    pub(super) fn stream(&self) -> &str {
        &self.stream
    }
}
