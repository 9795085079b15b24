//! The bounds of a memory broker.

/// The bounds of a memory broker; all of them can be made small for a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryLimits {
    /// The largest payload; a larger one is `Oversize`.
    pub payload_bytes_max: usize,
    /// Messages in one publish call; more are `Oversize`.
    pub batch_messages_max: usize,
    /// What all topics hold together; beyond it a publish is `Overloaded`.
    pub store_bytes_max: usize,
    /// What one topic keeps of messages that no group needs any more, for groups that are created
    /// later and start with the earliest; the oldest go first.
    pub history_bytes_max: usize,
}

impl Default for MemoryLimits {
    /// 1 MiB, 1,024 messages, 256 MiB, 8 MiB.
    fn default() -> Self {
        Self {
            payload_bytes_max: 1 << 20,
            batch_messages_max: 1_024,
            store_bytes_max: 256 << 20,
            history_bytes_max: 8 << 20,
        }
    }
}
