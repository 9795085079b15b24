//! Native errors as kinds: what went wrong, and whether trying again can help.

#[cfg(feature = "tls")]
use std::{error::Error as StdError, sync::Arc};

use redis::{ErrorKind, RedisError, ServerErrorKind};
use wingman_core::driver::tls::NO_WORD;
#[cfg(feature = "tls")]
use wingman_core::driver::tls::{Refusal, refusal};
use wingman_core::{Error, Kind};

/// What was being done, which decides what a lost connection means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Opening a connection: nothing was sent.
    Connecting,
    /// Something that may be done again without harm.
    Reading,
    /// Something that may have happened although no reply came.
    Writing,
}

/// Our error for a native one.
pub(crate) fn from_native(doing: Doing, operation: &'static str, error: RedisError) -> Error {
    #[cfg(feature = "tls")]
    if doing == Doing::Connecting
        && let Some(refusal) = tls_refusal(&error)
    {
        return refusal.error().during(operation).because(error);
    }
    let code = code(&error);
    let (kind, message) = classify(doing, &error, code.as_deref());
    let ours = Error::new(kind, message).during(operation);
    match code {
        Some(code) => ours.with("code", code).because(error),
        None => ours.because(error),
    }
}

/// Why TLS failed, if it did.
#[cfg(feature = "tls")]
fn tls_refusal(error: &RedisError) -> Option<Refusal> {
    // The client keeps the error of the connection behind a pointer that it shares.
    let shared = error.source()?.downcast_ref::<Arc<dyn StdError + Send + Sync>>()?;
    refusal(shared.downcast_ref()?)
}

/// The server's own word for the error, such as `NOGROUP`; `None` if it is not the server's.
pub(crate) fn code(error: &RedisError) -> Option<String> {
    let errors = error.clone().into_server_errors()?;
    errors.first().map(|(_, error)| error.code().to_owned())
}

/// Whether the connection cannot be used any more, or cannot be trusted to.
pub(crate) fn loses_connection(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::Parse)
}

fn classify(doing: Doing, error: &RedisError, code: Option<&str>) -> (Kind, &'static str) {
    match error.kind() {
        ErrorKind::AuthenticationFailed => UNAUTHENTICATED,
        ErrorKind::Io => lost(doing, error),
        // A transaction tells by the code of the first command that was refused.
        ErrorKind::Extension | ErrorKind::Server(ServerErrorKind::ExecAbort) => {
            extension(code.unwrap_or_default())
        }
        ErrorKind::Server(kind) => server(kind),
        ErrorKind::InvalidClientConfig => {
            (Kind::Configuration, "the client does not accept these settings")
        }
        ErrorKind::RESP3NotSupported => (Kind::Unsupported, "this server does not speak RESP3"),
        ErrorKind::Client => (Kind::Internal, "the client refused the command"),
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
            (Kind::Internal, "the reply is not what this command replies: is this a Redis server?")
        }
        ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel
        | ErrorKind::EmptySentinelList
        | ErrorKind::ClusterConnectionNotFound => CLUSTER,
        // The native enum is open: a kind that is added later is ours to learn.
        _ => (Kind::Internal, "an error that this adapter does not know"),
    }
}

const UNAUTHENTICATED: (Kind, &str) =
    (Kind::Unauthenticated, "the server does not accept these credentials");
const FORBIDDEN: (Kind, &str) = (
    Kind::Forbidden,
    "the server refuses this command or key to this user: see the README for the ACL",
);
const CLUSTER: (Kind, &str) =
    (Kind::Unsupported, "Redis Cluster and Sentinel are not supported: connect to one primary");
const NOT_READY: (Kind, &str) = (Kind::Unavailable, "the server is not ready");

fn lost(doing: Doing, error: &RedisError) -> (Kind, &'static str) {
    match doing {
        Doing::Connecting if error.is_connection_dropped() || error.is_timeout() => {
            (Kind::Unavailable, NO_WORD)
        }
        Doing::Connecting => (Kind::Unavailable, "the server cannot be reached"),
        Doing::Reading => (Kind::Unavailable, "the connection was lost before the reply"),
        Doing::Writing if error.is_timeout() => (Kind::Unknown, "no reply in time"),
        Doing::Writing => (Kind::Unknown, "the connection was lost between sending and the reply"),
    }
}

fn server(kind: ServerErrorKind) -> (Kind, &'static str) {
    match kind {
        ServerErrorKind::BusyLoading | ServerErrorKind::TryAgain | ServerErrorKind::MasterDown => {
            NOT_READY
        }
        ServerErrorKind::ReadOnly => {
            (Kind::Unavailable, "the server became a read-only replica: is a failover under way?")
        }
        ServerErrorKind::NoPerm => FORBIDDEN,
        ServerErrorKind::Moved
        | ServerErrorKind::Ask
        | ServerErrorKind::CrossSlot
        | ServerErrorKind::ClusterDown => CLUSTER,
        ServerErrorKind::ResponseError | ServerErrorKind::ExecAbort => {
            (Kind::Rejected, "the server refused the command")
        }
        ServerErrorKind::NoScript | ServerErrorKind::NotBusy | ServerErrorKind::NoSub => {
            (Kind::Internal, "the server answered something that was not asked")
        }
        // As above: open on the native side.
        _ => (Kind::Internal, "a server error that this adapter does not know"),
    }
}

/// Codes that the client has no kind for, and those of commands in a transaction.
fn extension(code: &str) -> (Kind, &'static str) {
    match code {
        "NOAUTH" | "WRONGPASS" => UNAUTHENTICATED,
        "NOPERM" => FORBIDDEN,
        "NOGROUP" => (Kind::NotFound, "the topic or its group does not exist"),
        "WRONGTYPE" => (Kind::Conflict, "a key of this name exists and is not a stream"),
        "OOM" => (Kind::Overloaded, "the server's memory is full: raise maxmemory or trim streams"),
        "MISCONF" => (Kind::Unavailable, "the server cannot write to its disk and refuses writes"),
        "NOREPLICAS" => (Kind::Unavailable, "the server has too few replicas to write"),
        "BUSY" => (Kind::Unavailable, "the server is busy with a script"),
        "UNKILLABLE" => NOT_READY,
        _ => (Kind::Rejected, "the server refused the command"),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use wingman_core::Retry;

    use super::*;

    fn native(kind: ErrorKind) -> RedisError {
        RedisError::from((kind, "native"))
    }

    #[test]
    fn a_lost_connection_means_what_was_being_done() {
        let reset = || RedisError::from(io::Error::from(io::ErrorKind::ConnectionReset));
        for (doing, kind, retry) in [
            (Doing::Connecting, Kind::Unavailable, Retry::Temporary { after: None }),
            (Doing::Reading, Kind::Unavailable, Retry::Temporary { after: None }),
            (Doing::Writing, Kind::Unknown, Retry::Ambiguous),
        ] {
            let error = from_native(doing, "publish", reset());
            assert_eq!((error.kind(), error.retry()), (kind, retry), "{doing:?}");
        }
        let late = RedisError::from(io::Error::from(io::ErrorKind::TimedOut));
        assert_eq!(from_native(Doing::Writing, "settle", late).kind(), Kind::Unknown);
    }

    #[cfg(feature = "tls")]
    #[test]
    fn what_tls_refuses_is_no_lost_connection() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let native = || RedisError::from(io::Error::new(io::ErrorKind::InvalidData, tls.clone()));
        let error = from_native(Doing::Connecting, "connect", native());
        assert_eq!((error.kind(), error.retry()), (Kind::Unauthenticated, Retry::Permanent));
        assert_eq!(from_native(Doing::Writing, "publish", native()).kind(), Kind::Unknown);
    }

    #[test]
    fn credentials_are_permanent_and_busy_is_not() {
        let error = from_native(Doing::Connecting, "open", native(ErrorKind::AuthenticationFailed));
        assert_eq!(error.kind(), Kind::Unauthenticated);
        assert_eq!(error.retry(), Retry::Permanent);
        let busy = native(ErrorKind::Server(ServerErrorKind::BusyLoading));
        assert_eq!(from_native(Doing::Writing, "publish", busy).kind(), Kind::Unavailable);
    }

    #[test]
    fn codes_without_a_native_kind_are_known() {
        for (code, kind) in [
            ("NOAUTH", Kind::Unauthenticated),
            ("WRONGPASS", Kind::Unauthenticated),
            ("NOGROUP", Kind::NotFound),
            ("WRONGTYPE", Kind::Conflict),
            ("OOM", Kind::Overloaded),
            ("MISCONF", Kind::Unavailable),
            ("SOMETHINGNEW", Kind::Rejected),
        ] {
            assert_eq!(extension(code).0, kind, "{code}");
        }
    }
}
