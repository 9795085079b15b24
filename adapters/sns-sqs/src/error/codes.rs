//! The codes of both services (their API references, "Common Errors" and the errors of each action).

use wingman_core::Kind;

type Found = (Kind, &'static str);

pub(super) const STALE: Found = (
    Kind::StaleLease,
    "the delivery was settled, its lease ended, or it is not of this subscriber",
);
const REFUSED: Found = (Kind::Unauthenticated, "the service does not accept these credentials");
const FORBIDDEN: Found = (
    Kind::Forbidden,
    "the service refuses this to these credentials: see the README for what they need",
);
const FORM: Found = (Kind::Internal, "the service refuses the form of the request");

/// What a code means; `None` if neither service has it, or it says only that something failed.
pub(super) fn known(code: &str) -> Option<Found> {
    access(code).or_else(|| load(code)).or_else(|| there(code)).or_else(|| value(code))
}

/// Who asks.
fn access(code: &str) -> Option<Found> {
    Some(match code {
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "InvalidAccessKeyId"
        | "AuthFailure" => REFUSED,
        "ExpiredToken" | "ExpiredTokenException" => {
            (Kind::Unauthenticated, "the credentials have expired")
        }
        "RequestExpired" | "RequestTimeTooSkewed" => {
            (Kind::Unauthenticated, "this machine's clock differs too much from the service's")
        }
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthorizationError"
        | "AuthorizationErrorException"
        | "UnauthorizedOperation"
        | "NotAuthorized"
        | "OptInRequired"
        | "KmsAccessDenied"
        | "KMSAccessDenied"
        | "KMSAccessDeniedException" => FORBIDDEN,
        _ => return None,
    })
}

/// How much is asked.
fn load(code: &str) -> Option<Found> {
    Some(match code {
        "Throttling"
        | "ThrottlingException"
        | "Throttled"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "KmsThrottled"
        | "KMSThrottling"
        | "KMSThrottlingException"
        | "LimitExceededException" => {
            (Kind::Overloaded, "the service takes no more of these requests for now")
        }
        "OverLimit" => (Kind::Overloaded, "the queue has as much in flight as it may"),
        "ServiceUnavailable" | "ServiceUnavailableException" => {
            (Kind::Unavailable, "the service is not ready")
        }
        "TopicLimitExceeded" | "SubscriptionLimitExceeded" | "FilterPolicyLimitExceeded" => {
            (Kind::Forbidden, "the account has as many of these as it may")
        }
        _ => return None,
    })
}

/// What is asked for.
fn there(code: &str) -> Option<Found> {
    Some(match code {
        "QueueDoesNotExist" | "NonExistentQueue" => (Kind::NotFound, "there is no such queue"),
        "NotFound" | "NotFoundException" | "ResourceNotFoundException" => {
            (Kind::NotFound, "there is no such topic or subscription")
        }
        "QueueDeletedRecently" => {
            (Kind::Unavailable, "a queue of this name was deleted less than a minute ago")
        }
        "QueueNameExists" | "QueueAlreadyExists" => {
            (Kind::Conflict, "a queue of this name exists with other settings")
        }
        "ReceiptHandleIsInvalid" | "MessageNotInflight" => STALE,
        "KmsDisabled" | "KmsInvalidState" | "KmsNotFound" | "KmsOptInRequired"
        | "KmsInvalidKeyUsage" | "KMSDisabled" | "KMSInvalidState" | "KMSNotFound"
        | "KMSOptInRequired" => (Kind::Configuration, "the key that encrypts this cannot be used"),
        _ => return None,
    })
}

/// With what.
fn value(code: &str) -> Option<Found> {
    Some(match code {
        "BatchRequestTooLong" | "BatchRequestTooLongException" => {
            (Kind::Oversize, "the batch is larger than the service takes")
        }
        "InvalidMessageContents" => {
            (Kind::Rejected, "the service refuses characters of the message")
        }
        "InvalidParameter"
        | "InvalidParameterException"
        | "InvalidParameterValue"
        | "InvalidParameterValueException"
        | "ParameterValueInvalid"
        | "ValidationError"
        | "ValidationException"
        | "MissingParameter"
        | "InvalidAttributeName"
        | "InvalidAttributeValue"
        | "MalformedQueryString" => (Kind::Rejected, "the service refuses a value"),
        "UnsupportedOperation" | "InvalidAction" => {
            (Kind::Unsupported, "this service does not offer the operation")
        }
        "EmptyBatchRequest"
        | "TooManyEntriesInBatchRequest"
        | "BatchEntryIdsNotDistinct"
        | "InvalidBatchEntryId"
        | "InvalidIdFormat"
        | "InvalidSecurity"
        | "InvalidAddress" => FORM,
        _ => return None,
    })
}
