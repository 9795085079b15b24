//! What an event demands of its consumers by `must_use`: each primitive, and what misses it.

use super::errors_with;
use crate::contract::{
    Contracts, EventContract, Halt, HandlerContract, Level, Primitive, RollbackKind,
};

#[test]
fn each_primitive_names_the_event_the_handler_and_what_to_add() {
    for (part, replacement, message) in [
        (
            "{ mission: \"Ask an editor whether to publish\", done: ReleaseApproved }",
            "{ done: ReleaseApproved }",
            "e.yaml:39: handler release-desk declares no mission, and event PackageReady demands \
             P-01; add \"scope: { mission: … }\"",
        ),
        (
            ", done: ReleaseApproved",
            "",
            "e.yaml:39: handler release-desk does not say which event completes its mission, and \
             event PackageReady demands P-01; add \"scope: { done: … }\"",
        ),
        (
            "tools: {}",
            "# tools: {}",
            "e.yaml:36: handler release-desk does not say which tools it uses, and event \
             PackageReady demands P-02; add \"tools: {} if it uses none\"",
        ),
        (
            "disallowed: [delete]",
            "disallowed: [write]",
            "e.yaml:48: handler release-packager holds write on cms.publish, wider than its scope, \
             and event ReleaseApproved demands P-02; lower the level or widen the scope",
        ),
        (
            "within: 10m }\ninterrupt: { halt: drain }",
            "within: 10m }",
            "e.yaml:36: handler release-desk does not say how it halts, and event PackageReady \
             demands P-03; add \"interrupt: { halt: drain }\"",
        ),
        (
            "requires_approval: /plan_digest",
            "# requires_approval: /plan_digest",
            "e.yaml:44: handler release-packager uses cms.publish at write without an approval, and \
             event ReleaseApproved demands P-04; add \"requires_approval: /plan\"",
        ),
        (
            "rollback: { kind: compensatable }",
            "compatibility: none",
            "e.yaml:48: handler release-packager uses cms.publish at write, and the event does not \
             say whether that can be undone, and event ReleaseApproved demands P-06; add \
             \"rollback: { kind: compensatable }\", or irreversible, to event ReleaseApproved",
        ),
        (
            "P-06]\nrollback: { kind: compensatable }",
            "P-05, P-06]\nrollback: { kind: compensatable }",
            "e.yaml:44: handler release-packager does not say what it tells of its outputs, and \
             event ReleaseApproved demands P-05; add \"coherence: fast\"",
        ),
    ] {
        assert_eq!(errors_with(part, replacement), message);
    }
}

fn demanding(primitive: Primitive) -> EventContract {
    EventContract::new("Order", 1).purpose("An order").external().must_use(primitive)
}

fn errors_of(event: EventContract, handler: HandlerContract) -> String {
    let built = Contracts::builder().event(event).handler(handler).build();
    built.err().map(|it| it.to_string()).unwrap_or_default()
}

#[test]
fn a_handler_that_emits_nothing_needs_no_event_that_completes_it() {
    let listener = HandlerContract::new("listen").mission("Listen").consumes("Order");
    assert_eq!(errors_of(demanding(Primitive::ScopeLock), listener), "");
}

#[test]
fn reads_need_neither_approval_nor_rollback() {
    let reader = HandlerContract::new("look").mission("Look").consumes("Order");
    let reader = reader.tool("stock.look", Level::Read).tool("wingman.rollback", Level::Admin);
    for primitive in [Primitive::ResponsibilityHandshake, Primitive::RollbackCovenant] {
        assert_eq!(errors_of(demanding(primitive), reader.clone()), "");
    }
}

#[test]
fn code_can_say_all_of_it() {
    let plain = HandlerContract::new("ship").mission("Ship").consumes("Order");
    let demand = || {
        demanding(Primitive::PermissionBoundary)
            .must_use(Primitive::Interrupt)
            .must_use(Primitive::RollbackCovenant)
            .rollback(RollbackKind::Irreversible)
    };
    assert_eq!(
        errors_of(demand(), plain.clone()),
        "code: handler ship does not say which tools it uses, and event Order demands P-02; add \
         \"tools: {} if it uses none\"\n\
         code: handler ship does not say how it halts, and event Order demands P-03; add \
         \"interrupt: { halt: drain }\""
    );
    assert_eq!(errors_of(demand(), plain.no_other_tools().interrupt(Halt::Drain)), "");
}
