//! How an output becomes an event: same cause, same run, same bytes.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{CloudEvent, Output, extension};
use crate::error::Result;

/// Names the execution of a handler for one event: 32 hexadecimal digits of SHA-256 over group,
/// handler, event source and event id, each with its length in front.
pub fn execution_id(group: &str, handler: &str, cause: &CloudEvent) -> String {
    let mut hash = Sha256::new();
    for part in [group, handler, cause.source(), cause.id()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize()[..16].iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Output {
    /// The event that follows from `cause`: output number `index` of an execution. Its id is
    /// `<execution>-<index>`, so that a duplicate carries the same id; it has no time, because a
    /// repeated run would give another. Correlation and partition key are inherited; the output
    /// of an event without a key gets the correlation as its key.
    ///
    /// # Errors
    /// [`crate::Kind::Malformed`] if type, subject or key hold control characters.
    pub fn into_event(
        self,
        cause: &CloudEvent,
        source: &str,
        execution: &str,
        index: usize,
    ) -> Result<CloudEvent> {
        let mut event = CloudEvent::new(format!("{execution}-{index}"), source, self.ty)?;
        let correlation = cause.correlation();
        let key = self.partition_key;
        let key = key.or_else(|| cause.partition_key().map(str::to_owned));
        event.subject = self.subject;
        event.data_content_type = Some(self.data_content_type);
        event.data = Some(self.data);
        event.set_extension(extension::CORRELATION, correlation)?;
        event.set_extension(extension::CAUSATION, execution)?;
        event.set_extension(
            extension::PARTITION_KEY,
            key.unwrap_or_else(|| correlation.to_owned()),
        )?;
        Ok(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_the_same_each_time_and_inherits_tree_and_key() {
        let mut cause = CloudEvent::new("7", "/shop", "Order").unwrap();
        let follow = |cause: &CloudEvent, handler: &str| {
            let execution = execution_id("g", handler, cause);
            Output::json("Paid", "{}").into_event(cause, "/h", &execution, 0).unwrap()
        };
        let event = follow(&cause, "h");
        assert_eq!(event, follow(&cause, "h"));
        assert_ne!(event.id(), follow(&cause, "other").id());
        assert_eq!((event.correlation(), event.partition_key()), ("7", Some("7")));
        cause.set_extension(extension::PARTITION_KEY, "customer").unwrap();
        cause.set_extension(extension::CORRELATION, "tree").unwrap();
        let event = follow(&cause, "h");
        assert_eq!((event.correlation(), event.partition_key()), ("tree", Some("customer")));
        let execution = event.extension(extension::CAUSATION).unwrap();
        assert_eq!(event.id(), format!("{execution}-0"));
    }
}
