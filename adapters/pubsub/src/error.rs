//! Native errors as kinds: what went wrong, and whether trying again can help.

use std::error::Error as _;

use google_cloud_gax::client_builder::Error as BuilderError;
use google_cloud_gax::error::rpc::Code;
use google_cloud_pubsub::Error as NativeError;
use google_cloud_pubsub::error::PublishError;
use wingman_core::{Error, Kind};

/// What was being done, which decides what a lost connection means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Something that may be done again without harm.
    Reading,
    /// Something that may have happened although no reply came.
    Writing,
}

/// Our error for a native one.
pub(crate) fn from_native(doing: Doing, operation: &'static str, error: &NativeError) -> Error {
    let (kind, message) = match error.status() {
        Some(status) => from_code(doing, status.code),
        None => without_code(doing, error),
    };
    let ours = Error::new(kind, message).during(operation);
    let ours = match error.status() {
        Some(status) => ours.with("code", status.code.name()),
        None => ours,
    };
    ours.because(told(error))
}

/// Our error for a message that was not confirmed.
pub(crate) fn from_publish(error: &PublishError) -> Error {
    const OPERATION: &str = "publish";
    match error {
        PublishError::Rpc(error) => from_native(Doing::Writing, OPERATION, error),
        PublishError::OrderingKeyPaused => {
            let why = "an earlier message of its key was not confirmed, so it was not sent";
            Error::new(Kind::Unavailable, why).during(OPERATION)
        }
        PublishError::Shutdown => {
            Error::new(Kind::Unknown, "the client ended before the reply").during(OPERATION)
        }
        // The native enum may grow.
        other => Error::new(Kind::Internal, "the client failed in a new way")
            .during(OPERATION)
            .because(other.to_string()),
    }
}

/// Our error for a client that could not be made.
pub(crate) fn from_builder(error: BuilderError) -> Error {
    let (kind, message) = if error.is_default_credentials() {
        let why = "no credentials were found: see GOOGLE_APPLICATION_CREDENTIALS, or name an \
                   emulator by ?emulator=host:port";
        (Kind::Unauthenticated, why)
    } else {
        (Kind::Configuration, "the client does not accept these settings")
    };
    Error::new(kind, message).during("connect").because(error.to_string())
}

/// The codes of gRPC; each row is one decision (gRPC documentation, "Status codes"; Pub/Sub
/// documentation, "Error codes").
fn from_code(doing: Doing, code: Code) -> (Kind, &'static str) {
    match code {
        Code::Unavailable | Code::Aborted | Code::Internal | Code::Unknown | Code::Cancelled => {
            match doing {
                Doing::Reading => (Kind::Unavailable, "the service is not ready"),
                Doing::Writing => (Kind::Unknown, "the call ended without a confirm"),
            }
        }
        Code::DeadlineExceeded => match doing {
            Doing::Reading => (Kind::Unavailable, "no reply in time"),
            Doing::Writing => (Kind::Unknown, "no reply in time"),
        },
        Code::ResourceExhausted => (Kind::Overloaded, "the project's quota is used up"),
        Code::NotFound => (Kind::NotFound, "there is no such topic or subscription"),
        Code::AlreadyExists => (Kind::Conflict, "something of this name is there already"),
        Code::FailedPrecondition => {
            (Kind::Conflict, "the topic or subscription is not in a state for this")
        }
        Code::Unauthenticated => {
            (Kind::Unauthenticated, "the service does not accept these credentials")
        }
        Code::PermissionDenied => (
            Kind::Forbidden,
            "the service refuses this to these credentials: see the README for the roles",
        ),
        Code::InvalidArgument | Code::OutOfRange => {
            (Kind::Rejected, "the service refuses a part of the call")
        }
        Code::Unimplemented => (Kind::Unsupported, "the service, or this emulator, cannot do it"),
        Code::DataLoss => (Kind::Malformed, "the service lost data"),
        Code::Ok => (Kind::Internal, "an error without an error"),
        // The native enum may grow.
        _ => (Kind::Internal, "the service answered with a code that is not known here"),
    }
}

/// Errors of the client that carry no code.
fn without_code(doing: Doing, error: &NativeError) -> (Kind, &'static str) {
    if error.is_authentication() {
        return if is_passing(error) {
            (Kind::Unavailable, "the credentials could not be fetched yet")
        } else {
            (Kind::Unauthenticated, "the credentials cannot be used")
        };
    }
    if error.is_binding() || error.is_serialization() {
        return (Kind::Internal, "the client refused the call");
    }
    if error.is_connect() || error.is_transient_and_before_rpc() {
        return (Kind::Unavailable, "the service cannot be reached");
    }
    match doing {
        Doing::Reading => (Kind::Unavailable, "the connection was lost before the reply"),
        Doing::Writing => (Kind::Unknown, "the connection was lost before the reply"),
    }
}

fn is_passing(error: &NativeError) -> bool {
    error
        .source()
        .and_then(|source| source.downcast_ref::<google_cloud_gax::error::CredentialsError>())
        .is_some_and(google_cloud_gax::error::CredentialsError::is_transient)
}

/// The error and what caused it: the native text names only the outermost.
fn told(error: &NativeError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use google_cloud_gax::error::rpc::Status;
    use wingman_core::Retry;

    use super::*;

    fn status(code: Code) -> NativeError {
        NativeError::service(Status::default().set_code(code).set_message("said"))
    }

    #[test]
    fn codes_are_kinds() {
        for (code, reading, writing) in [
            (Code::Unavailable, Kind::Unavailable, Kind::Unknown),
            (Code::DeadlineExceeded, Kind::Unavailable, Kind::Unknown),
            (Code::ResourceExhausted, Kind::Overloaded, Kind::Overloaded),
            (Code::NotFound, Kind::NotFound, Kind::NotFound),
            (Code::PermissionDenied, Kind::Forbidden, Kind::Forbidden),
            (Code::Unauthenticated, Kind::Unauthenticated, Kind::Unauthenticated),
            (Code::InvalidArgument, Kind::Rejected, Kind::Rejected),
            (Code::Unimplemented, Kind::Unsupported, Kind::Unsupported),
        ] {
            for (doing, kind) in [(Doing::Reading, reading), (Doing::Writing, writing)] {
                let error = from_native(doing, "x", &status(code));
                assert_eq!(error.kind(), kind, "{code:?}");
                assert_eq!(error.context("code"), Some(code.name()));
                assert!(error.to_string().contains("said"), "{error}");
            }
        }
    }

    #[test]
    fn what_may_have_happened_is_unknown() {
        let lost = NativeError::io("reset");
        assert_eq!(from_native(Doing::Reading, "x", &lost).kind(), Kind::Unavailable);
        assert_eq!(from_native(Doing::Writing, "x", &lost).retry(), Retry::Ambiguous);
        let unsent = NativeError::connect("refused");
        assert_eq!(from_native(Doing::Writing, "x", &unsent).kind(), Kind::Unavailable);
    }

    #[test]
    fn what_waited_behind_a_failed_one_of_its_key_was_not_sent() {
        assert_eq!(from_publish(&PublishError::OrderingKeyPaused).kind(), Kind::Unavailable);
        assert_eq!(from_publish(&PublishError::Shutdown).kind(), Kind::Unknown);
        let rejected = PublishError::Rpc(Arc::new(status(Code::InvalidArgument)));
        assert_eq!(from_publish(&rejected).kind(), Kind::Rejected);
    }
}
