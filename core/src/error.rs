//! The one error of transports and bus: what happened, and whether trying again can help.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// What the transports and the bus return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. Programs act on this and on [`Retry`], never on texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The transport, publisher, subscriber or bus was closed by its owner.
    Closed,
    /// This backend or this configuration of it cannot do what was asked.
    Unsupported,
    /// A setting is unknown, contradictory or out of range.
    Configuration,
    /// A topic, group, namespace or header name breaks the rules.
    InvalidName,
    /// The topic or group does not exist and may not be created.
    NotFound,
    /// The broker does not know these credentials.
    Unauthenticated,
    /// The broker knows these credentials and refuses this operation to them.
    Forbidden,
    /// The message, header block or batch is larger than the broker takes.
    Oversize,
    /// Bytes are not what they claim to be: not a CloudEvent, not the declared type.
    Malformed,
    /// The broker received the message and refused it.
    Rejected,
    /// The broker has nowhere to put the message.
    Unroutable,
    /// The connection died between send and confirm: the broker may or may not have it.
    Unknown,
    /// The token belongs to an earlier connection, assignment or subscriber; nothing was settled.
    StaleLease,
    /// The broker cannot be reached, or is not ready.
    Unavailable,
    /// The broker did not answer in time.
    Timeout,
    /// The broker or a bounded queue of ours is full.
    Overloaded,
    /// Something else exists under this name, or was changed by somebody else.
    Conflict,
    /// The gate (ledger) is closed: no work is done without it.
    GateClosed,
    /// A defect of this library; please report it.
    Internal,
}

impl Kind {
    /// What trying again can do for an error of this kind, unless the driver knows better.
    pub const fn retry(self) -> Retry {
        match self {
            Self::Unavailable | Self::Overloaded => Retry::Temporary { after: None },
            Self::Unknown | Self::Timeout => Retry::Ambiguous,
            Self::Closed
            | Self::Unsupported
            | Self::Configuration
            | Self::InvalidName
            | Self::NotFound
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::Oversize
            | Self::Malformed
            | Self::Rejected
            | Self::Unroutable
            | Self::StaleLease
            | Self::Conflict
            | Self::GateClosed
            | Self::Internal => Retry::Permanent,
        }
    }
}

impl Kind {
    /// Whether the broker, or a limit of it, refused this very message: sending it again or later
    /// cannot help, and sending others may.
    pub const fn is_about_message(self) -> bool {
        matches!(self, Self::Oversize | Self::Malformed | Self::Rejected | Self::Unroutable)
    }
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same call will fail again.
    Permanent,
    /// Nothing happened; the same call may succeed, after this time if the broker named one.
    Temporary {
        /// The wait that the broker asked for.
        after: Option<Duration>,
    },
    /// It may have happened. Trying again may make a duplicate.
    Ambiguous,
    /// It was tried as often as the policy allows.
    Exhausted,
}

/// An error of a transport or of the bus: one word wide, so that `Result` stays small.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    retry: Retry,
    message: Cow<'static, str>,
    operation: Option<&'static str>,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind, with the retry that is usual for it.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            retry: kind.retry(),
            message: message.into(),
            operation: None,
            context: Vec::new(),
            source: None,
        }))
    }

    /// Adds where or with what it happened. Never put payloads or secrets here.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name, value.to_string()));
        self
    }

    /// Names the operation, such as `publish`.
    #[must_use]
    pub fn during(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    /// Keeps the native error.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says something else about trying again than the kind does.
    #[must_use]
    pub fn retrying(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// The same error for somebody else who waits for it; the source becomes text.
    #[must_use]
    pub fn repeat(&self) -> Self {
        Self(Box::new(Inner {
            kind: self.0.kind,
            retry: self.0.retry,
            message: self.0.message.clone(),
            operation: self.0.operation,
            context: self.0.context.clone(),
            source: self.0.source.as_ref().map(|source| source.to_string().into()),
        }))
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// The value of a context pair, for tests and logs.
    pub fn context(&self, name: &str) -> Option<&str> {
        self.0.context.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.0.operation {
            write!(f, "{operation}: ")?;
        }
        write!(f, "{}", self.0.message)?;
        let mut pairs = self.0.context.iter();
        if let Some((name, value)) = pairs.next() {
            write!(f, " ({name} {value}")?;
            pairs.try_for_each(|(name, value)| write!(f, ", {name} {value}"))?;
            f.write_str(")")?;
        }
        match &self.0.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{:?}: {self}", self.0.kind, self.0.retry)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_word_and_tells_what_where_and_why() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        let error = Error::new(Kind::Oversize, "the payload is too large")
            .during("publish")
            .with("bytes", 9)
            .with("bytes_max", 8)
            .because("native");
        assert_eq!(
            error.to_string(),
            "publish: the payload is too large (bytes 9, bytes_max 8): native"
        );
        assert_eq!(error.retry(), Retry::Permanent);
        assert_eq!(error.context("bytes"), Some("9"));
    }
}
