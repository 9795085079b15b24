//! Native errors as kinds: what went wrong, and whether trying again can help.

use std::io;

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPHardError as Hard, AMQPSoftError as Soft};
use wingman_core::driver::tls::NO_WORD;
use wingman_core::{Error, Kind};

/// What was being done, which decides what a lost connection means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Opening a connection: nothing was sent.
    Connecting,
    /// Something that may be done again without harm.
    Asking,
    /// Something that may have happened although no answer came.
    Writing,
}

/// Our error for a native one. What the server itself said has its number as `code`.
pub(crate) fn from_native(doing: Doing, operation: &'static str, error: lapin::Error) -> Error {
    #[cfg(feature = "tls")]
    if doing == Doing::Connecting
        && let ErrorKind::IOError(io) = error.kind()
        && let Some(refusal) = wingman_core::driver::tls::refusal(io)
    {
        return refusal.error().during(operation).because(error);
    }
    let (kind, message) = classify(doing, error.kind());
    let ours = Error::new(kind, message).during(operation);
    match error.kind() {
        ErrorKind::ProtocolError(told) => ours.with("code", told.get_id()).because(error),
        _ => ours.because(error),
    }
}

/// Whether the server ended the connection because something of its own broke (`internal-error`).
pub(crate) fn has_failed_inside(error: &Error) -> bool {
    error.context("code") == Some(&Hard::INTERNALERROR.get_id().to_string())
}

/// No answer came in time.
pub(crate) fn late(doing: Doing, operation: &'static str) -> Error {
    let (kind, message) = match doing {
        Doing::Connecting => (Kind::Unavailable, NO_WORD),
        Doing::Asking => (Kind::Unavailable, "no answer in time"),
        Doing::Writing => (Kind::Unknown, "no answer in time"),
    };
    Error::new(kind, message).during(operation)
}

fn classify(doing: Doing, kind: &ErrorKind) -> (Kind, &'static str) {
    match kind {
        ErrorKind::IOError(error)
            if doing == Doing::Connecting && error.kind() != io::ErrorKind::ConnectionRefused =>
        {
            (Kind::Unavailable, NO_WORD)
        }
        ErrorKind::ProtocolError(told) => match told.kind() {
            AMQPErrorKind::Soft(soft) => of_channel(doing, soft),
            AMQPErrorKind::Hard(hard) => of_connection(doing, hard),
        },
        ErrorKind::IOError(_)
        | ErrorKind::RuntimeShutdownError(_)
        | ErrorKind::MissingHeartbeatError
        | ErrorKind::InvalidChannel(_)
        | ErrorKind::InvalidChannelState(..)
        | ErrorKind::InvalidConnectionState(_) => lost(doing),
        ErrorKind::ChannelsLimitReached => {
            (Kind::Overloaded, "this connection has all the channels that the server allows")
        }
        ErrorKind::AuthProviderError(_) => UNAUTHENTICATED,
        ErrorKind::InvalidProtocolVersion(_) => {
            (Kind::Unsupported, "this server does not speak AMQP 0-9-1")
        }
        ErrorKind::ParsingError(_) if doing == Doing::Connecting => (
            Kind::Configuration,
            "the answer is not AMQP 0-9-1: is this its port for TLS (amqps://), or another server?",
        ),
        ErrorKind::ParsingError(_) => {
            (Kind::Internal, "the answer is not AMQP 0-9-1: is this a RabbitMQ server?")
        }
        ErrorKind::SerialisationError(_)
        | ErrorKind::FutureCompleted
        | ErrorKind::NoDefaultRuntime => (Kind::Internal, "the client refused the call"),
        // The native enum is open: a kind that is added later is ours to learn.
        _ => (Kind::Internal, "an error that this adapter does not know"),
    }
}

const UNAUTHENTICATED: (Kind, &str) =
    (Kind::Unauthenticated, "the server does not accept these credentials");

fn lost(doing: Doing) -> (Kind, &'static str) {
    match doing {
        Doing::Connecting => (Kind::Unavailable, "the server cannot be reached"),
        Doing::Asking => (Kind::Unavailable, "the connection was lost before the answer"),
        Doing::Writing => (Kind::Unknown, "the connection was lost between sending and the answer"),
    }
}

/// Errors that end a channel.
fn of_channel(doing: Doing, soft: &Soft) -> (Kind, &'static str) {
    match soft {
        Soft::ACCESSREFUSED if doing == Doing::Connecting => UNAUTHENTICATED,
        Soft::ACCESSREFUSED => (
            Kind::Forbidden,
            "the server refuses this to this user, or somebody else consumes exclusively",
        ),
        Soft::NOTFOUND => (Kind::NotFound, "there is no such queue or exchange"),
        Soft::RESOURCELOCKED => {
            (Kind::Conflict, "the queue belongs to another connection alone (exclusive)")
        }
        Soft::PRECONDITIONFAILED => {
            (Kind::Conflict, "it stands there with other settings, or took too long to settle")
        }
        Soft::CONTENTTOOLARGE => (Kind::Oversize, "the message is larger than the server takes"),
        Soft::NOROUTE | Soft::NOCONSUMERS => (Kind::Unroutable, "nobody is there to get it"),
    }
}

/// Errors that end a connection.
fn of_connection(doing: Doing, hard: &Hard) -> (Kind, &'static str) {
    match hard {
        Hard::CONNECTIONFORCED | Hard::RESOURCEERROR | Hard::INTERNALERROR => lost(doing),
        Hard::NOTALLOWED => (
            Kind::Forbidden,
            "there is no such virtual host, or this user may not use it, or not so often",
        ),
        Hard::INVALIDPATH => (Kind::Configuration, "the server knows no such virtual host"),
        Hard::NOTIMPLEMENTED => (Kind::Unsupported, "this server is too old, or cannot do this"),
        Hard::FRAMEERROR
        | Hard::SYNTAXERROR
        | Hard::COMMANDINVALID
        | Hard::CHANNELERROR
        | Hard::UNEXPECTEDFRAME => (Kind::Internal, "the server did not understand the client"),
    }
}

#[cfg(test)]
mod tests {
    use lapin::protocol::AMQPError;
    use wingman_core::Retry;

    use super::*;

    fn told(kind: AMQPErrorKind) -> lapin::Error {
        ErrorKind::ProtocolError(AMQPError::new(kind, "said".into())).into()
    }

    #[test]
    fn a_lost_connection_means_what_was_being_done() {
        for (doing, kind, retry) in [
            (Doing::Connecting, Kind::Unavailable, Retry::Temporary { after: None }),
            (Doing::Asking, Kind::Unavailable, Retry::Temporary { after: None }),
            (Doing::Writing, Kind::Unknown, Retry::Ambiguous),
        ] {
            for native in [
                ErrorKind::MissingHeartbeatError.into(),
                told(AMQPErrorKind::Hard(Hard::CONNECTIONFORCED)),
            ] {
                let error = from_native(doing, "test", native);
                assert_eq!((error.kind(), error.retry()), (kind, retry), "{doing:?}");
            }
            assert_eq!(late(doing, "test").kind(), kind);
        }
    }

    #[test]
    fn what_the_server_says_has_a_kind_and_its_number() {
        for (native, doing, kind, code) in [
            (Soft::ACCESSREFUSED.into(), Doing::Connecting, Kind::Unauthenticated, "403"),
            (Soft::ACCESSREFUSED.into(), Doing::Asking, Kind::Forbidden, "403"),
            (Soft::NOTFOUND.into(), Doing::Writing, Kind::NotFound, "404"),
            (Soft::RESOURCELOCKED.into(), Doing::Asking, Kind::Conflict, "405"),
            (Soft::PRECONDITIONFAILED.into(), Doing::Asking, Kind::Conflict, "406"),
            (Soft::CONTENTTOOLARGE.into(), Doing::Writing, Kind::Oversize, "311"),
            (Hard::NOTALLOWED.into(), Doing::Connecting, Kind::Forbidden, "530"),
            (Hard::NOTIMPLEMENTED.into(), Doing::Asking, Kind::Unsupported, "540"),
            (Hard::SYNTAXERROR.into(), Doing::Asking, Kind::Internal, "502"),
        ] {
            let error = from_native(doing, "test", told(native));
            assert_eq!((error.kind(), error.context("code")), (kind, Some(code)));
        }
    }

    #[test]
    fn what_only_the_client_says_has_a_kind_too() {
        let of = |kind: ErrorKind| from_native(Doing::Asking, "test", kind.into()).kind();
        assert_eq!(of(ErrorKind::ChannelsLimitReached), Kind::Overloaded);
        assert_eq!(of(ErrorKind::FutureCompleted), Kind::Internal);
    }
}
