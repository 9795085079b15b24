//! Native errors as kinds: what went wrong, and whether trying again can help.

mod codes;

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use wingman_core::{Error, Kind, Retry};

/// What was being done, which decides what a lost connection means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Something that may be done again without harm.
    Reading,
    /// Something that may have happened although no reply came.
    Writing,
}

/// Our error for a native one of either service.
pub(crate) fn from_native<E>(
    doing: Doing,
    operation: &'static str,
    error: SdkError<E, HttpResponse>,
) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let ours = |(kind, message)| Error::new(kind, message).during(operation);
    match &error {
        SdkError::ServiceError(refused) => {
            let status = refused.raw().status().as_u16();
            let (code, said) = (refused.err().code(), refused.err().message());
            from_code(doing, operation, code.unwrap_or_default(), said, status)
        }
        SdkError::TimeoutError(_) => ours(lost(doing)).because(text(&error)),
        SdkError::DispatchFailure(failure) => {
            let found = if failure.is_user() {
                (Kind::Internal, "the client refused the request")
            } else if find::<CredentialsError>(&error).is_some() {
                NO_CREDENTIALS
            } else if failure.is_timeout() || never_connected(&error) {
                (Kind::Unavailable, "the service cannot be reached")
            } else if failure.is_other() && failure.as_other().is_none() {
                // Only what came about on the way has a kind: this was never sent.
                (Kind::Configuration, "the request could not be made with these settings")
            } else {
                lost(doing)
            };
            ours(found).because(text(&error))
        }
        SdkError::ConstructionFailure(_) => {
            ours((Kind::Internal, "the client refused the request")).because(text(&error))
        }
        // The reply broke off, or is none of this service: nobody knows what happened.
        SdkError::ResponseError(_) => ours(lost(doing)).because(text(&error)),
        // The native enum is open: a kind that is added later is ours to learn.
        _ => {
            ours((Kind::Internal, "an error that this adapter does not know")).because(text(&error))
        }
    }
}

/// Our error for a code of the service, of a whole call (with its HTTP status) or of an entry.
pub(crate) fn from_code(
    doing: Doing,
    operation: &'static str,
    code: &str,
    said: Option<&str>,
    status: u16,
) -> Error {
    let (kind, message) = classify(doing, code, status);
    let ours = Error::new(kind, message).during(operation).with("code", code);
    // What is said of credentials may repeat parts of the signed request.
    let ours = match said {
        Some(said) if kind != Kind::Unauthenticated => ours.because(said.to_owned()),
        Some(_) | None => ours,
    };
    match code {
        "QueueDeletedRecently" | "AWS.SimpleQueueService.QueueDeletedRecently" => {
            ours.retrying(Retry::Temporary { after: Some(DELETED_TIME) })
        }
        _ => ours,
    }
}

/// A queue's name is free again that long after the queue was deleted (SQS API, "CreateQueue").
const DELETED_TIME: Duration = Duration::from_secs(60);

const NO_CREDENTIALS: (Kind, &str) = (
    Kind::Unauthenticated,
    "there are no credentials: set a profile, the AWS_ variables, or access_key and secret_key",
);

/// The codes of SNS and SQS, with and without the prefix that the older protocol gives them.
fn classify(doing: Doing, code: &str, status: u16) -> (Kind, &'static str) {
    let code = code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code);
    match codes::known(code) {
        Some(found) => found,
        // A failure within the service, whatever it calls it.
        None if status >= 500 => lost(doing),
        None => (Kind::Rejected, "the service refused the request"),
    }
}

/// The error for a token that holds nothing.
pub(crate) fn stale(operation: &'static str) -> Error {
    let (kind, message) = codes::STALE;
    Error::new(kind, message).during(operation)
}

fn lost(doing: Doing) -> (Kind, &'static str) {
    match doing {
        Doing::Reading => (Kind::Unavailable, "the service gave no answer"),
        Doing::Writing => (Kind::Unknown, "the service gave no answer after the request was sent"),
    }
}

/// Nothing was sent: the other side took no connection.
fn never_connected(error: &(dyn StdError + 'static)) -> bool {
    find::<io::Error>(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable
        )
    })
}

/// The first cause of a type.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// What each of its causes says. The native error would show more than is readable.
fn text(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::operation::delete_queue::DeleteQueueError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::retry::ErrorKind::TransientError;

    use super::*;

    type Native = SdkError<DeleteQueueError, HttpResponse>;

    fn io_error(kind: io::ErrorKind) -> Native {
        SdkError::dispatch_failure(ConnectorError::io(Box::new(io::Error::from(kind))))
    }

    #[test]
    fn a_lost_connection_means_what_was_being_done() {
        let reset = || io_error(io::ErrorKind::ConnectionReset);
        let late = || Native::timeout_error("late");
        let transient = Some(TransientError);
        let broken_off = || Native::dispatch_failure(ConnectorError::other("x".into(), transient));
        for (doing, error, kind, retry) in [
            (Doing::Reading, reset(), Kind::Unavailable, Retry::Temporary { after: None }),
            (Doing::Writing, reset(), Kind::Unknown, Retry::Ambiguous),
            (Doing::Reading, late(), Kind::Unavailable, Retry::Temporary { after: None }),
            (Doing::Writing, late(), Kind::Unknown, Retry::Ambiguous),
            (Doing::Writing, broken_off(), Kind::Unknown, Retry::Ambiguous),
        ] {
            let error = from_native(doing, "publish", error);
            assert_eq!((error.kind(), error.retry()), (kind, retry), "{doing:?}");
        }
    }

    #[test]
    fn what_was_never_sent_is_not_unknown() {
        let refused = io_error(io::ErrorKind::ConnectionRefused);
        assert_eq!(from_native(Doing::Writing, "publish", refused).kind(), Kind::Unavailable);
        let connecting = Native::dispatch_failure(ConnectorError::timeout("late".into()));
        assert_eq!(from_native(Doing::Writing, "publish", connecting).kind(), Kind::Unavailable);
    }

    #[test]
    fn missing_credentials_are_permanent_and_say_where_to_set_them() {
        let none = CredentialsError::not_loaded("none");
        let native = Native::dispatch_failure(ConnectorError::other(Box::new(none), None));
        let error = from_native(Doing::Reading, "open", native);
        assert_eq!((error.kind(), error.retry()), (Kind::Unauthenticated, Retry::Permanent));
        assert!(error.to_string().contains("access_key"), "{error}");
    }

    #[test]
    fn codes_are_known_with_and_without_their_prefix() {
        for (code, status, kind) in [
            ("QueueDoesNotExist", 400, Kind::NotFound),
            ("AWS.SimpleQueueService.NonExistentQueue", 400, Kind::NotFound),
            ("NotFound", 404, Kind::NotFound),
            ("InvalidClientTokenId", 403, Kind::Unauthenticated),
            ("ExpiredToken", 403, Kind::Unauthenticated),
            ("AuthorizationError", 403, Kind::Forbidden),
            ("Throttled", 429, Kind::Overloaded),
            ("OverLimit", 403, Kind::Overloaded),
            ("ReceiptHandleIsInvalid", 404, Kind::StaleLease),
            ("QueueNameExists", 400, Kind::Conflict),
            ("AWS.SimpleQueueService.BatchRequestTooLong", 400, Kind::Oversize),
            ("InvalidMessageContents", 400, Kind::Rejected),
            ("SomethingNew", 400, Kind::Rejected),
            ("InternalError", 500, Kind::Unknown),
        ] {
            let error = from_code(Doing::Writing, "publish", code, None, status);
            assert_eq!(error.kind(), kind, "{code}");
            assert_eq!(error.context("code"), Some(code));
        }
        let internal = from_code(Doing::Reading, "receive", "InternalError", None, 500);
        assert_eq!(internal.kind(), Kind::Unavailable);
    }

    #[test]
    fn a_deleted_queue_names_its_wait_and_credentials_are_not_repeated() {
        let deleted = from_code(Doing::Writing, "create group", "QueueDeletedRecently", None, 400);
        assert_eq!(deleted.retry(), Retry::Temporary { after: Some(DELETED_TIME) });
        let said = Some("the canonical string was hunter2");
        let refused = from_code(Doing::Reading, "open", "SignatureDoesNotMatch", said, 403);
        assert!(!format!("{refused:?}").contains("hunter2"));
    }
}
