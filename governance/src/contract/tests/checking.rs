//! What is wrong between documents, and what is doubtful, with exact messages.

use std::time::Duration;

use super::{changed, errors_with};
use crate::contract::{
    ContractErrorKind, Contracts, EventContract, FailureMode, HandlerContract, Level, OrderingKey,
    OrderingRule,
};

#[test]
fn references_must_lead_somewhere() {
    for (part, replacement, message) in [
        (
            "consumes: [PackageReady]",
            "consumes: [PackageReady, Packge]",
            "e.yaml:37: handler release-desk consumes Packge, which has no event contract; declare \
             the event or correct it",
        ),
        (
            "emits: [ReleaseApproved, ReleaseBlocked]",
            "emits: [ReleaseApproved, ReleaseBlocked, Gone]",
            "e.yaml:38: handler release-desk emits Gone, which has no event contract; declare the \
             event or correct it",
        ),
        (
            "done: ReleasePublished",
            "done: ReleaseBlocked",
            "e.yaml:47: field \"scope.done\" of handler release-packager is ReleaseBlocked, which \
             it does not emit; add it to \"emits\"",
        ),
        (
            "refusal: { event: ReleaseRefused }",
            "refusal: { event: ReleaseBlocked }",
            "e.yaml:49: field \"refusal.event\" of handler release-packager is ReleaseBlocked, \
             which it does not emit; add it to \"emits\"",
        ),
        (
            "role: approver",
            "role: owner",
            "e.yaml:41: handler release-desk asks for role owner, which no principal holds; give a \
             principal that role or correct it",
        ),
        (
            "approval: { plan: /plan, role: approver, within: 10m }",
            "consequence_class: 1",
            "e.yaml:54: handler release-packager spends an approval that no handler before it asks \
             for; give a handler that leads to it \"approval\"",
        ),
        (
            "after: PackageReady",
            "after: Nothing",
            "e.yaml:52: an ordering rule waits for Nothing, which has no event contract; declare \
             the event or correct it",
        ),
        (
            "chain: [PackageReady, ReleaseApproved]",
            "chain: [Nothing, ReleaseApproved]",
            "e.yaml:51: a chain has step Nothing, which has no event contract; declare the event or \
             correct it",
        ),
    ] {
        assert_eq!(errors_with(part, replacement), message);
    }
}

#[test]
fn declarations_must_agree() {
    for (part, replacement, message) in [
        (
            "producer: external",
            "producer: [external, crm]",
            "e.yaml:5: field \"producer\" of event PackageReady names \"external\" among handlers; write \
             producer: external, or only handlers",
        ),
        (
            "consumers: declared",
            "consumers: [somebody]",
            "e.yaml:37: handler release-desk consumes PackageReady, whose consumers are closed; \
             name it in \"consumers\" at e.yaml:6",
        ),
        (
            "version: 1\npurpose: Nobody accepted the release in time, or somebody refused \
             it\nproducer: [release-desk]",
            "version: 1\nproducer: external",
            "e.yaml:37: handler release-desk emits ReleaseBlocked, whose producers do not name it; \
             list handlers, not external, in \"producer\" at e.yaml:23",
        ),
        (
            "version: 1\npurpose: Nobody accepted the release in time, or somebody refused \
             it\nproducer: [release-desk]",
            "version: 1\nproducer: [release-packager]",
            "e.yaml:37: handler release-desk emits ReleaseBlocked, whose producers do not name it; \
             add it to \"producer\" at e.yaml:23",
        ),
        (
            "disallowed: [delete]",
            "disallowed: [publish]",
            "e.yaml:47: handler release-packager has tool cms.publish but its scope disallows \
             publish; remove the tool or the entry",
        ),
        (
            "disallowed: [delete]",
            "allowed: [write, delete], disallowed: [delete]",
            "e.yaml:47: delete is both allowed and disallowed in handler release-packager; keep \
             one of them",
        ),
        (
            "requires_approval: /plan_digest",
            "requires_approval: /plan_digest\napproval: { plan: /plan, role: editor, within: 1m }",
            "e.yaml:54: handler release-packager both asks for an approval and spends one; split \
             it into two handlers",
        ),
        (
            "failure_mode: { retry: [5s] }",
            "failure_mode: { retry: [1s, 2s, 3s, 4s] }",
            "e.yaml:58: handler release-packager retries 4 times, event ReleaseApproved 3; write \
             at most 3 retries",
        ),
    ] {
        assert_eq!(errors_with(part, replacement), message);
    }
}

#[test]
fn ordering_rules_must_be_able_to_hold() {
    let sequence = "{ sequence: { key: draft_id } }";
    for (part, replacement, message) in [
        (
            "chain: [PackageReady, ReleaseApproved]",
            "chain: [ReleaseApproved, PackageReady]",
            "e.yaml:51: a chain ends in PackageReady, which handler release-packager does not \
             consume; end it in a consumed event",
        ),
        (
            "chain: [PackageReady, ReleaseApproved]",
            "chain: [ReleaseApproved]",
            "e.yaml:51: a chain has 1 steps; write 2 to 64",
        ),
        (
            "chain: [PackageReady, ReleaseApproved]",
            "chain: [ReleaseApproved, PackageReady, ReleaseApproved]",
            "e.yaml:51: a chain has ReleaseApproved before itself; name each step once\n\
             e.yaml:51: ReleaseApproved waits for PackageReady, which waits for ReleaseApproved; \
             remove one of the ordering rules",
        ),
        (
            "after: PackageReady",
            "after: ReleaseApproved",
            "e.yaml:52: handler release-packager consumes only ReleaseApproved and waits for \
             ReleaseApproved; wait for another event or remove the rule",
        ),
        (
            sequence,
            "{ sequence: { key: draft_id } }\n  - { sequence: { key: correlation } }",
            "e.yaml:54: events have one sequence, here of correlation, before of draft_id; keep \
             one sequence rule",
        ),
        (
            sequence,
            "{ chain: [ReleaseBlocked, ReleaseApproved], key: draft_id }",
            "e.yaml:53: two chains end in ReleaseApproved, and a lineage can only be one; keep one \
             chain",
        ),
        (
            sequence,
            "{ precedence: { after: PackageReady, key: correlation } }",
            "e.yaml:53: this precedence rule is given twice; keep one of them",
        ),
        (
            sequence,
            "{ key: draft_id }",
            "e.yaml:53: this ordering rule names no kind; add sequence, precedence or chain",
        ),
        (
            sequence,
            "{ sequence: { key: a }, chain: [PackageReady, ReleaseApproved] }",
            "e.yaml:53: this ordering rule names several kinds; write one list item for each",
        ),
        (
            "requires_approval: /plan_digest",
            "requires_approval: plan~digest",
            "e.yaml:54: field \"requires_approval\" is \"plan~digest\", which is not a JSON \
             pointer; write a pointer such as /plan",
        ),
    ] {
        assert_eq!(errors_with(part, replacement), message);
    }
}

#[test]
fn limits_have_limits() {
    for (part, replacement, message) in [
        (
            "limits: { depth: 8,",
            "limits: { depth: 0,",
            "e.yaml:56: field \"limits.depth\" of handler release-packager is zero; write a value \
             above zero",
        ),
        (
            "fanout: 20",
            "fanout: 401",
            "e.yaml:56: field \"limits.fanout\" of handler release-packager is 401; write at most 400: \
             one stamp names all outputs of a run",
        ),
    ] {
        assert_eq!(errors_with(part, replacement), message);
    }
}

#[test]
fn waiting_in_a_circle_is_a_contradiction_only_on_one_key() {
    let set = |first: &str, second: &str| {
        let after = |after: &str, key: &str| OrderingRule::Precedence {
            after: after.to_owned(),
            key: OrderingKey::from(key),
        };
        Contracts::builder()
            .event(EventContract::new("A", 1).external())
            .event(EventContract::new("B", 1).external())
            .handler(HandlerContract::new("a").consumes("A").ordering(after("B", first)))
            .handler(HandlerContract::new("b").consumes("B").ordering(after("A", second)))
            .build()
    };
    assert!(set("order", "correlation").is_ok());
    assert_eq!(
        set("order", "order").unwrap_err().to_string(),
        "code: B waits for A, which waits for B; remove one of the ordering rules"
    );
}

#[test]
fn code_gets_the_same_checks() {
    let errors = Contracts::builder()
        .event(EventContract::new("A b", 0).external())
        .event(EventContract::new("B", 1))
        .handler(HandlerContract::new("h").consequence_class(4))
        .build()
        .unwrap_err();
    let kinds: Vec<_> = errors.iter().map(|it| it.kind).collect();
    assert_eq!(
        kinds,
        [
            ContractErrorKind::Invalid,
            ContractErrorKind::Invalid,
            ContractErrorKind::Missing,
            ContractErrorKind::Missing,
            ContractErrorKind::NotEnforcedYet,
        ]
    );
    assert_eq!(
        errors.to_string(),
        "code: event \"A b\" is not a name; write a letter, then letters, digits, '.', '_' or '-', \
         at most 120\n\
         code: event A b has version 0; count versions from 1\n\
         code: event B has no producer; name the handlers that emit it, or external\n\
         code: handler h consumes nothing; name the events it reacts to\n\
         code: consequence class 4 of handler h is not enforced yet; write 0, 1 or 2"
    );
}

#[test]
fn durations_and_retries_are_bounded_in_code_too() {
    let retry = vec![Duration::from_secs(1); 33];
    let errors = Contracts::builder()
        .event(
            EventContract::new("A", 1)
                .external()
                .failure_mode(FailureMode { retry, ..FailureMode::default() }),
        )
        .handler(HandlerContract::new("h").consumes("A").approval("/plan", "r", Duration::ZERO))
        .build()
        .unwrap_err();
    assert_eq!(
        errors.to_string(),
        "code: field \"failure_mode.retry\" of event A has 33 retries; write at most 32\n\
         code: field \"approval.within\" of handler h is 0ns; write whole milliseconds, from 1 ms \
         to 720 h"
    );
}

#[test]
fn a_key_cannot_be_held_yet() {
    let hold = FailureMode { retry: Vec::new(), key: crate::contract::KeyAfterFailure::Hold };
    let errors = Contracts::builder()
        .event(EventContract::new("A", 1).external().failure_mode(hold))
        .build()
        .unwrap_err();
    assert_eq!(
        errors.to_string(),
        "code: \"key: hold\" of event A is not enforced yet; write continue"
    );
}

#[test]
fn what_follows_from_a_mistake_is_not_reported_again() {
    // The event cannot be read, so nothing is said about the handler that emits it.
    let text = changed("producer: [release-desk]\nmust", "producer: release-desk\nmust");
    assert_eq!(
        super::errors(&text),
        "e.yaml:17: field \"producer\" of event ReleaseApproved is \"release-desk\"; write \
         external, or a list of handlers"
    );
    let text = changed("event: ReleaseApproved", "evnt: ReleaseApproved");
    assert_eq!(
        super::errors(&text),
        "e.yaml:14: this document is neither an event, nor a handler, nor principals; give it a \
         field \"event\", \"handler\" or \"principals\""
    );
}

#[test]
fn doubtful_declarations_warn() {
    let contracts = Contracts::builder()
        .event(EventContract::new("A", 1).external().purpose("Something came in").consumer("ghost"))
        .event(EventContract::new("B", 1).producer("nobody").producer("h"))
        .handler(
            HandlerContract::new("h")
                .consumes("B")
                .mission("Clean up")
                .disallow("delete")
                .tool("cms.page", Level::Delete)
                .approval("/plan", "approver", Duration::from_secs(60)),
        )
        .build()
        .unwrap();
    let warnings: Vec<_> = contracts.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "code: event A names consumer ghost, which has no contract; correct the name or remove it",
            "code: event B has no purpose; say what its happening means",
            "code: event B names producer h, which does not emit it; correct the name or remove it",
            "code: event B names producer nobody, which has no contract; correct the name or remove it",
            "code: handler h holds delete on tool cms.page, wider than its scope (P-02); lower the \
             level or widen the scope",
            "code: handler h asks for role approver, but no principals are declared; declare \
             \"principals\" with their keys and roles",
        ]
    );
}
