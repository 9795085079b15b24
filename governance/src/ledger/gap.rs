//! The named gaps of the protocol: places where a test can stop the process.

use std::fmt;
use std::sync::Arc;

/// A place between two durable steps, in the order in which a delivery passes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gap {
    /// A delivery has come in and nothing is written. This gap and `Acked` lie at the driver: a
    /// transport that a test puts around it tells them; the others are told by governor and ledger.
    Received,
    /// It is judged; the verdict is not durable.
    AdmitBeforeCommit,
    /// Its start is durable; the handler has not begun.
    AdmitAfterCommit,
    /// A tool's intent is durable; the tool was not called.
    IntentAfterCommit,
    /// The tool was called; its result is not durable.
    CallDone,
    /// The tool's result is durable.
    ResultAfterCommit,
    /// The handler returned; its outcome is not durable.
    FinishBeforeCommit,
    /// The outcome is durable; the delivery is not acked.
    FinishAfterCommit,
    /// The delivery is acked.
    Acked,
    /// The relay has read an output; it is not sent.
    RelayBeforePublish,
    /// The broker has the output; that is not recorded.
    RelayAfterPublish,
    /// A checkpoint is due; nothing is written.
    CheckpointBeforeWrite,
    /// The checkpoint is in the ledger and in its file.
    CheckpointAfterWrite,
}

impl Gap {
    /// Every gap, in order.
    pub const ALL: [Self; 13] = [
        Self::Received,
        Self::AdmitBeforeCommit,
        Self::AdmitAfterCommit,
        Self::IntentAfterCommit,
        Self::CallDone,
        Self::ResultAfterCommit,
        Self::FinishBeforeCommit,
        Self::FinishAfterCommit,
        Self::Acked,
        Self::RelayBeforePublish,
        Self::RelayAfterPublish,
        Self::CheckpointBeforeWrite,
        Self::CheckpointAfterWrite,
    ];

    /// The name, such as `finish before commit`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::AdmitBeforeCommit => "admit before commit",
            Self::AdmitAfterCommit => "admit after commit",
            Self::IntentAfterCommit => "intent after commit",
            Self::CallDone => "call done",
            Self::ResultAfterCommit => "result after commit",
            Self::FinishBeforeCommit => "finish before commit",
            Self::FinishAfterCommit => "finish after commit",
            Self::Acked => "acked",
            Self::RelayBeforePublish => "relay before publish",
            Self::RelayAfterPublish => "relay after publish",
            Self::CheckpointBeforeWrite => "checkpoint before write",
            Self::CheckpointAfterWrite => "checkpoint after write",
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is called at each gap; by default nothing. The call blocks the thread that reached the gap.
#[derive(Clone, Default)]
pub struct Gaps(Option<Arc<dyn Fn(Gap) + Send + Sync>>);

impl Gaps {
    /// Calls this at every gap.
    pub fn new(hook: impl Fn(Gap) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// Says that a gap is reached.
    pub fn reached(&self, gap: Gap) {
        if let Some(hook) = &self.0 {
            hook(gap);
        }
    }
}

impl fmt::Debug for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Gaps(hook)" } else { "Gaps(none)" })
    }
}
