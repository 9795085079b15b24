//! Native errors as kinds: what went wrong, and whether trying again can help.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use wingman_core::driver::tls::Refusal;
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
pub(crate) fn from_native(doing: Doing, operation: &'static str, error: KafkaError) -> Error {
    match error.rdkafka_error_code() {
        Some(code) => from_code(doing, operation, code),
        None => {
            let (kind, message) = without_code(&error);
            Error::new(kind, message).during(operation).because(error.to_string())
        }
    }
}

/// Our error for what the broker, or the client's library, answered.
pub(crate) fn from_code(doing: Doing, operation: &'static str, code: Code) -> Error {
    let error = match code {
        // Why, the client tells in words only.
        Code::SSL => Refusal::Certificate.error(),
        code => {
            let (kind, message) = classify(doing, code);
            Error::new(kind, message)
        }
    };
    error.during(operation).with("code", format_args!("{code:?}"))
}

/// Errors of the client that carry no code of Kafka's.
fn without_code(error: &KafkaError) -> (Kind, &'static str) {
    match error {
        KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_) => {
            (Kind::Configuration, "the client does not accept these settings")
        }
        KafkaError::Canceled => (Kind::Unknown, "the client was closed before the reply"),
        // What is left is ours to have prevented: a NUL in a name, an unknown partition.
        _ => (Kind::Internal, "the client refused the call"),
    }
}

const LOST: &str = "the connection was lost before the reply";
const MISSING: (Kind, &str) = (Kind::NotFound, "there is no such topic");
const NOT_READY: (Kind, &str) = (Kind::Unavailable, "the brokers are not ready");
const FORBIDDEN: (Kind, &str) =
    (Kind::Forbidden, "the broker refuses this to this user: see the README for the ACLs");
const OVERSIZE: (Kind, &str) =
    (Kind::Oversize, "the topic takes no message of this size: raise its max.message.bytes");
const STALE: (Kind, &str) = (Kind::StaleLease, "the assignment is over");

/// The codes that can come; each row of kinds is one decision. First what passes by itself.
fn classify(doing: Doing, code: Code) -> (Kind, &'static str) {
    match code {
        Code::BrokerTransportFailure | Code::NetworkException | Code::DestroyBroker => {
            match doing {
                Doing::Reading => (Kind::Unavailable, LOST),
                Doing::Writing => (Kind::Unknown, LOST),
            }
        }
        Code::OperationTimedOut | Code::RequestTimedOut | Code::TimedOutQueue => match doing {
            Doing::Reading => (Kind::Unavailable, "no reply in time"),
            Doing::Writing => (Kind::Unknown, "no reply in time"),
        },
        Code::MessageTimedOut | Code::NotEnoughReplicasAfterAppend => {
            (Kind::Unknown, "not confirmed in time")
        }
        Code::PurgeQueue | Code::PurgeInflight | Code::Fatal => {
            (Kind::Unknown, "the producer ended before the confirm")
        }
        Code::AllBrokersDown | Code::Resolve => (Kind::Unavailable, "no broker can be reached"),
        Code::LeaderNotAvailable
        | Code::NotLeaderForPartition
        | Code::BrokerNotAvailable
        | Code::ReplicaNotAvailable
        | Code::CoordinatorLoadInProgress
        | Code::CoordinatorNotAvailable
        | Code::NotCoordinator
        | Code::NotController
        | Code::WaitingForCoordinator
        | Code::FencedLeaderEpoch
        | Code::UnknownLeaderEpoch
        | Code::OffsetNotAvailable
        | Code::NotEnoughReplicas
        | Code::KafkaStorageError
        | Code::ConcurrentTransactions
        | Code::UnstableOffsetCommit
        | Code::ReassignmentInProgress
        | Code::RebalanceInProgress
        | Code::InProgress
        | Code::PreviousInProgress
        | Code::Retry
        | Code::WaitCache => NOT_READY,
        _ => refusal(code),
    }
}

/// What trying again cannot mend by itself.
fn refusal(code: Code) -> (Kind, &'static str) {
    match code {
        Code::QueueFull | Code::ThrottlingQuotaExceeded => {
            (Kind::Overloaded, "the client's queue, or the broker's quota, is full")
        }
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::IllegalSASLState => {
            (Kind::Unauthenticated, "the broker does not accept these credentials")
        }
        Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::SecurityDisabled => FORBIDDEN,
        Code::UnknownTopicOrPartition
        | Code::UnknownTopic
        | Code::UnknownPartition
        | Code::UnknownTopicId => MISSING,
        Code::GroupIdNotFound | Code::UnknownGroup => (Kind::NotFound, "there is no such group"),
        Code::MessageSizeTooLarge | Code::InvalidMessageSize | Code::MessageBatchTooLarge => {
            OVERSIZE
        }
        Code::InvalidRecord
        | Code::InvalidMessage
        | Code::InvalidTimestamp
        | Code::PolicyViolation
        | Code::UnsupportedCompressionType => (Kind::Rejected, "the broker refused it"),
        Code::UnknownMemberId
        | Code::IllegalGeneration
        | Code::AssignmentLost
        | Code::FencedMemberEpoch
        | Code::StaleMemberEpoch
        | Code::State => STALE,
        Code::FencedInstanceId | Code::UnreleasedInstanceId | Code::Fenced => {
            (Kind::Conflict, "another process is a member under this instance name")
        }
        Code::NonEmptyGroup | Code::GroupSubscribedToTopic => {
            (Kind::Conflict, "the group has members: close its subscribers first")
        }
        Code::TopicAlreadyExists | Code::InvalidTopic => {
            (Kind::Conflict, "another topic stands in the way: do '.' and '_' differ only?")
        }
        Code::InconsistentGroupProtocol => {
            (Kind::Conflict, "the group's other members share partitions in another way")
        }
        Code::InvalidPartitions
        | Code::InvalidReplicationFactor
        | Code::InvalidConfig
        | Code::InvalidSessionTimeout
        | Code::InvalidArgument => (Kind::Configuration, "the broker does not accept this setting"),
        Code::UnsupportedVersion | Code::UnsupportedFeature | Code::NotImplemented => {
            (Kind::Unsupported, "this broker is too old for this")
        }
        Code::TopicDeletionDisabled => (Kind::Unsupported, "this cluster deletes no topics"),
        // The native enum is open, and holds what only transactions and other clients meet.
        _ => (Kind::Internal, "an error that this adapter does not know"),
    }
}

#[cfg(test)]
mod tests {
    use wingman_core::Retry;

    use super::*;

    #[test]
    fn a_lost_connection_means_what_was_being_done() {
        for (doing, kind, retry) in [
            (Doing::Reading, Kind::Unavailable, Retry::Temporary { after: None }),
            (Doing::Writing, Kind::Unknown, Retry::Ambiguous),
        ] {
            let error = KafkaError::MessageProduction(Code::BrokerTransportFailure);
            let error = from_native(doing, "publish", error);
            assert_eq!((error.kind(), error.retry()), (kind, retry), "{doing:?}");
        }
        let late = from_code(Doing::Reading, "publish", Code::MessageTimedOut);
        assert_eq!(late.kind(), Kind::Unknown, "the broker may have it");
    }

    #[test]
    fn codes_have_kinds() {
        for (code, kind) in [
            (Code::SaslAuthenticationFailed, Kind::Unauthenticated),
            (Code::TopicAuthorizationFailed, Kind::Forbidden),
            (Code::UnknownTopicOrPartition, Kind::NotFound),
            (Code::MessageSizeTooLarge, Kind::Oversize),
            (Code::QueueFull, Kind::Overloaded),
            (Code::NotLeaderForPartition, Kind::Unavailable),
            (Code::IllegalGeneration, Kind::StaleLease),
            (Code::FencedInstanceId, Kind::Conflict),
            (Code::NonEmptyGroup, Kind::Conflict),
            (Code::UnsupportedVersion, Kind::Unsupported),
            (Code::ProducerFenced, Kind::Internal),
        ] {
            let error = from_code(Doing::Reading, "test", code);
            assert_eq!(error.kind(), kind, "{code:?}");
            assert!(error.context("code").is_some());
        }
    }

    #[test]
    fn what_has_no_code_has_a_kind_too() {
        let error = KafkaError::ClientCreation("no".to_owned());
        assert_eq!(from_native(Doing::Reading, "open", error).kind(), Kind::Configuration);
        assert_eq!(
            from_native(Doing::Writing, "publish", KafkaError::Canceled).kind(),
            Kind::Unknown
        );
    }
}
