//! Digests and accepted documents: the same meaning gives the same digest, however it is written.

use std::time::Duration;

use super::{SAMPLE, changed, sample};
use crate::contract::{
    ChainDigest, Contracts, EventContract, FailureMode, Halt, HandlerContract, Level, Limits,
    OrderingKey, OrderingRule, Primitive, RollbackKind,
};

#[test]
fn layout_comments_quotes_and_order_do_not_change_a_digest() {
    let text = changed(
        "emits: [ReleasePublished, ReleaseRefused]",
        "# what may come of it\nemits:\n  - \"ReleaseRefused\"\n  - ReleasePublished\n",
    );
    let text =
        text.replace("120s", "2m").replace("{ cms.publish: write }", "\n  cms.publish: 'write'");
    let other = Contracts::builder().yaml("other.yaml", &text).build().unwrap();
    let name = "release-packager";
    assert_eq!(other.handler_digest(name), sample().handler_digest(name));
    assert_eq!(other.digest(), sample().digest());
}

#[test]
fn every_change_of_meaning_changes_the_digest() {
    for (part, replacement) in [
        ("purpose: The release is public", "purpose: The release is out"),
        ("[5s, 30s, 2m]", "[5s, 30s, 3m]"),
        ("disallowed: [delete]", "disallowed: [delete, admin]"),
        ("cms.publish: write", "cms.publish: read"),
        ("key: correlation", "key: draft_id"),
        ("from: source", "from: origin"),
        ("requires_approval: /plan_digest", "requires_approval: /digest"),
        ("fanout: 20", "fanout: 21"),
        ("[approver, editor]", "[approver]"),
        ("within: 10m", "within: 11m"),
        ("performed_by: code", "performed_by: code\ncoherence: fast"),
    ] {
        let text = changed(part, replacement);
        let other = Contracts::builder().yaml("other.yaml", &text).build().unwrap();
        assert_ne!(other.digest(), sample().digest(), "{part}");
    }
}

/// A digest is recorded with every execution, so that it must not change by accident.
#[test]
fn digests_are_pinned() {
    let event = EventContract::new("Order", 1).external();
    let handler = HandlerContract::new("ship").consumes("Order").tool("dhl.book", Level::Write);
    assert_eq!(
        event.digest().to_string(),
        "239be6e5e2b71456c5a442799dad92fc0c91a7e577f9bd0cee21c7cd1bd405e2"
    );
    assert_eq!(
        handler.digest().to_string(),
        "06197fc23e608d9ba7c0451ddafdc805492fc70a85fd038c8d9856d8cdde15b2"
    );
}

#[test]
fn code_and_text_end_in_the_same_types() {
    let event = EventContract::new("ReleaseApproved", 1)
        .purpose("A person accepted the release")
        .producer("release-desk")
        .must_use(Primitive::ScopeLock)
        .must_use(Primitive::PermissionBoundary)
        .must_use(Primitive::Interrupt)
        .must_use(Primitive::ResponsibilityHandshake)
        .must_use(Primitive::RollbackCovenant)
        .rollback(RollbackKind::Compensatable);
    let chain = OrderingRule::Chain {
        types: vec!["PackageReady".to_owned(), "ReleaseApproved".to_owned()],
        key: OrderingKey::from("draft_id"),
        digest: Some(ChainDigest { from: "source".to_owned(), out: "draft".to_owned() }),
    };
    let precedence = OrderingRule::Precedence {
        after: "PackageReady".to_owned(),
        key: OrderingKey::Correlation,
    };
    let handler = HandlerContract::new("release-packager")
        .consumes("ReleaseApproved")
        .emits("ReleasePublished")
        .emits("ReleaseRefused")
        .mission("Package and publish")
        .disallow("delete")
        .done("ReleasePublished")
        .tool("cms.publish", Level::Write)
        .refusal("ReleaseRefused")
        .ordering(chain)
        .ordering(precedence)
        .ordering(OrderingRule::Sequence { key: OrderingKey::from("draft_id") })
        .requires_approval("/plan_digest")
        .consequence_class(2)
        .limits(Limits { depth: 8, fanout: 20, runtime: Duration::from_secs(120) })
        .failure_mode(FailureMode { retry: vec![Duration::from_secs(5)], ..FailureMode::default() })
        .interrupt(Halt::Drain);
    let contracts = sample();
    assert_eq!(contracts.event("ReleaseApproved"), Some(&event));
    assert_eq!(contracts.handler("release-packager"), Some(&handler));
}

/// What is written from an accepted set is accepted again and means the same.
#[test]
fn written_contracts_read_back_the_same() {
    let text = sample().to_yaml();
    let again = Contracts::builder().yaml("again.yaml", &text).build().unwrap();
    assert_eq!(again.digest(), sample().digest(), "{text}");
    assert_eq!(again.to_yaml(), text);
}

#[test]
fn any_text_survives_being_written() {
    let long = "long ".repeat(2_000);
    for text in
        ["no", "null", "~", "# x", "a: b", "'\"\\\n\t\r\0", "\u{7f}\u{85}\u{2028}\u{feff}😀", &long]
    {
        let event = EventContract::new("A", 1).external().purpose(text);
        let written = Contracts::builder().event(event).build().unwrap().to_yaml();
        let again = Contracts::builder().yaml("a.yaml", &written).build();
        let again = again.unwrap_or_else(|errors| panic!("{errors}\n{written}"));
        assert_eq!(again.event("A").unwrap().purpose, text);
    }
}

#[test]
fn a_set_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&sample());
}

/// Whatever single character of the sample is changed, reading ends in a set or in placed errors,
/// and a set survives being written and read.
#[test]
fn any_accepted_document_compiles_and_any_other_is_refused_with_places() {
    let (mut accepted, mut refused) = (0, 0);
    for at in (0..SAMPLE.len()).step_by(13) {
        for letter in ["", "x", ":", "\n", "[", "\"", "-", "5", "é"] {
            let text = format!("{}{letter}{}", &SAMPLE[..at], &SAMPLE[at + 1..]);
            match Contracts::builder().yaml("e.yaml", &text).build() {
                Ok(contracts) => {
                    accepted += 1;
                    let again = Contracts::builder().yaml("a.yaml", &contracts.to_yaml()).build();
                    let again = again.unwrap_or_else(|errors| panic!("{errors}\n{text}"));
                    assert_eq!(again.digest(), contracts.digest(), "{text}");
                }
                Err(errors) => {
                    refused += 1;
                    assert!(errors.iter().count() > 0);
                    for error in errors.iter() {
                        assert!(error.to_string().starts_with("e.yaml:"), "{error}");
                        assert!(!error.remedy.is_empty(), "{error}");
                    }
                }
            }
        }
    }
    assert!(accepted > 100 && refused > 100, "{accepted} accepted, {refused} refused");
}
