//! What names a message: given by its publisher, and on it wherever it goes.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};
use wingman_core::transport::Position;

/// 128 bits; of those that we give, later ones of a process are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MessageId {
    major: u64,
    minor: u64,
}

impl MessageId {
    /// One that no message has.
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        static PROCESS: OnceLock<u64> = OnceLock::new();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let step = |last: u64| Some(now.max(last.saturating_add(1)));
        let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        // The closure always gives a number.
        let last = last.unwrap_or_default();
        // Without the system's randomness the time alone tells processes apart.
        let minor = *PROCESS.get_or_init(|| getrandom::u64().unwrap_or(now));
        Self { major: now.max(last.saturating_add(1)), minor }
    }

    /// Whether a text is of the form of ours.
    pub(crate) fn is_written(text: &str) -> bool {
        text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }

    /// The one that stands in a property; whoever wrote something else there has it digested.
    pub(crate) fn of(text: &str) -> Self {
        let digits = |part: Option<&str>| u64::from_str_radix(part?, 16).ok();
        if Self::is_written(text)
            && let (Some(major), Some(minor)) = (digits(text.get(..16)), digits(text.get(16..)))
        {
            return Self { major, minor };
        }
        let digest = Sha256::digest(text.as_bytes());
        let part = |from: usize| {
            digest[from..from + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
        };
        Self { major: part(0), minor: part(8) }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.major, self.minor)
    }
}

impl From<MessageId> for Position {
    fn from(id: MessageId) -> Self {
        Self { lane: 0, major: id.major, minor: id.minor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_ascend_and_come_back() {
        let ids: Vec<_> = (0..1_000).map(|_| MessageId::next()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert!(ids.iter().all(|id| MessageId::of(&id.to_string()) == *id));
    }

    #[test]
    fn those_of_others_are_told_apart() {
        let texts = ["", "1", "order-7", "+0000000000000000000000000000000", &"ü".repeat(16)];
        let mut ids: Vec<_> = texts.iter().map(|text| MessageId::of(text)).collect();
        assert!(ids.iter().zip(texts).all(|(id, text)| id.to_string() != text));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), texts.len());
    }
}
