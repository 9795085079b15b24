//! What is wrong with one document: the exact message, with line and remedy, of every kind.

use super::{SAMPLE, errors, errors_with, sample};
use crate::contract::{ContractErrorKind, Contracts};

#[test]
fn the_sample_reads_as_written() {
    let contracts = sample();
    assert_eq!(contracts.warnings, []);
    let packager = contracts.handler("release-packager").unwrap();
    assert_eq!(packager.ordering.len(), 3);
    assert_eq!(packager.limits.runtime.as_secs(), 120);
    let mode = contracts.failure_mode("release-packager", "ReleaseApproved").unwrap();
    assert_eq!(mode.retry.len(), 1);
    assert!(contracts.is_compensatable("ReleaseApproved"));
    assert!(!contracts.is_compensatable("PackageReady"));
    let names: Vec<_> = contracts.consumers("PackageReady").map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["release-desk"]);
    let ada = contracts.principal("ada").unwrap();
    assert_eq!(ada.public_key[..4], [0xd7, 0x5a, 0x98, 0x01]);
}

#[test]
fn empty_documents_and_comments_are_nothing() {
    let text = format!("---\n# a comment\n---\n{SAMPLE}\n---\n");
    assert!(Contracts::builder().yaml("e.yaml", &text).build().is_ok());
}

#[test]
fn unknown_fields_suggest_the_nearest() {
    assert_eq!(
        errors_with("mission: \"Ask", "mision: \"Ask"),
        "e.yaml:39: \"scope\" of handler release-desk has no field \"mision\"; did you mean \
         \"mission\"?"
    );
}

#[test]
fn fields_of_later_versions_are_rejected_by_name() {
    let desk = "consumes: [PackageReady]";
    for (field, name) in [
        ("undo: unpublish", "undo"),
        ("handoff: { A: b }", "handoff"),
        ("rollback: { within: 30s, authority: editor }", "rollback"),
        ("principals: people.yaml", "principals"),
        ("audit_schema: a.json", "audit_schema"),
        ("response: { to: A }", "response"),
        ("not_after: { A: 5s }", "not_after"),
        ("exactly_once: [A]", "exactly_once"),
        ("mutex: { key: a }", "mutex"),
        ("dedup: 5s", "dedup"),
    ] {
        assert_eq!(
            errors_with(desk, &format!("{desk}\n{field}")),
            format!(
                "e.yaml:38: field {name:?} of handler release-desk is not enforced yet; remove it"
            )
        );
    }
    assert_eq!(
        errors_with("{ sequence: { key: draft_id } }", "{ mutex: { key: draft_id } }"),
        "e.yaml:53: field \"mutex\" of this ordering rule is not enforced yet; remove it"
    );
}

#[test]
fn values_of_later_versions_are_rejected_by_name() {
    for (part, replacement, message) in [
        (
            "output_schema: declared",
            "output_schema: [a.json]",
            "e.yaml:7: field \"output_schema\" of event PackageReady: a list is not enforced yet; \
             write declared",
        ),
        (
            "compatibility: none",
            "compatibility: backward",
            "e.yaml:12: field \"compatibility\" of event PackageReady: \"backward\" is not \
             enforced yet; write none",
        ),
        (
            "kind: irreversible",
            "kind: pivot",
            "e.yaml:10: field \"kind\" of \"rollback\" of event PackageReady: \"pivot\" is not \
             enforced yet; write compensatable or irreversible",
        ),
        (
            "kind: irreversible",
            "kind: irreversible, within: 60s",
            "e.yaml:10: field \"within\" of \"rollback\" of event PackageReady is not enforced yet; \
             remove it",
        ),
        (
            "kind: irreversible",
            "kind: irreversible, authority: editor",
            "e.yaml:10: field \"authority\" of \"rollback\" of event PackageReady is not enforced \
             yet; remove it",
        ),
        (
            "performed_by: code",
            "performed_by: model",
            "e.yaml:57: field \"performed_by\" of handler release-packager: \"model\" is not \
             enforced yet; write code",
        ),
        (
            "consequence_class: 2",
            "consequence_class: 3",
            "e.yaml:55: field \"consequence_class\" of handler release-packager: \"3\" is not \
             enforced yet; write 0, 1 or 2",
        ),
        (
            "{ sequence: { key: draft_id } }",
            "{ sequence: { key: producer } }",
            "e.yaml:53: field \"key\" of \"sequence\" of this ordering rule: \"producer\" is not \
             enforced yet; write correlation or a field",
        ),
    ] {
        assert_eq!(errors_with(part, replacement), message);
    }
}

#[test]
fn missing_fields_name_the_document() {
    assert_eq!(
        errors("event: A\n"),
        "e.yaml:1: event A has no field \"version\"; add \"version\"\n\
         e.yaml:1: event A has no field \"producer\"; add \"producer\""
    );
    assert_eq!(
        errors("version: 1\n"),
        "e.yaml:1: this document is neither an event, nor a handler, nor principals; give it a \
         field \"event\", \"handler\" or \"principals\""
    );
    assert_eq!(
        errors_with(
            "{ plan: /plan, role: approver, within: 10m }",
            "{ plan: /plan, role: approver }"
        ),
        "e.yaml:41: \"approval\" of handler release-desk has no field \"within\"; add \"within\""
    );
}

#[test]
fn values_of_the_wrong_form_say_what_to_write() {
    for (part, replacement, message) in [
        (
            "[5s, 30s, 2m]",
            "[5s, 30]",
            "e.yaml:9: field \"retry\" of \"failure_mode\" of event PackageReady is \"30\"; write a \
             duration such as 250ms, 5s, 2m or 1h, at most 720h",
        ),
        (
            "then: dead_letter",
            "then: drop",
            "e.yaml:9: field \"then\" of \"failure_mode\" of event PackageReady is \"drop\"; write \
             dead_letter",
        ),
        (
            "kind: irreversible",
            "kind: maybe",
            "e.yaml:10: field \"kind\" of \"rollback\" of event PackageReady is \"maybe\"; write \
             compensatable or irreversible",
        ),
        (
            "P-04, P-06]\nfailure",
            "P-04, P-07]\nfailure",
            "e.yaml:8: field \"must_use\" of event PackageReady names \"P-07\"; write primitives from \
             P-01 to P-06",
        ),
        (
            "consumers: declared",
            "consumers: everybody",
            "e.yaml:6: field \"consumers\" of event PackageReady is \"everybody\"; write declared, \
             or a list of handlers",
        ),
        (
            "cms.publish: write",
            "cms.publish: execute",
            "e.yaml:48: the level of tool cms.publish of handler release-packager is \"execute\"; \
             write read, write, delete or admin",
        ),
        (
            "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
            "11qYAYKx",
            "e.yaml:63: field \"public_key\" of principal ada has 6 bytes; write the base64 of 32 \
             bytes",
        ),
        (
            "consumes: [ReleaseApproved]",
            "consumes:",
            "e.yaml:45: field \"consumes\" of handler release-packager is empty; give it a value or \
             remove it",
        ),
        (
            "performed_by: code",
            "performed_by: *who",
            "e.yaml:57: this is not YAML: while parsing node, found unknown anchor; correct the \
             text",
        ),
        (
            "performed_by: code",
            "performed_by: &who code",
            "e.yaml:57: tags (!), anchors (&) and aliases (*) are not read; write the value out",
        ),
    ] {
        assert_eq!(errors_with(part, replacement), message);
    }
}

#[test]
fn duplicates_name_both_places() {
    assert_eq!(
        errors_with("consequence_class: 2", "consequence_class: 2\nperformed_by: code"),
        "e.yaml:58: field \"performed_by\" is given again; the first is at e.yaml:56; keep one of \
         them"
    );
    assert_eq!(
        errors(&format!("{SAMPLE}---\nevent: ReleaseBlocked\nversion: 1\nproducer: external\n")),
        "e.yaml:66: event ReleaseBlocked is declared again; the first is at e.yaml:21; keep one of \
         them"
    );
    assert_eq!(
        errors_with("[ReleaseApproved, ReleaseBlocked]", "[ReleaseBlocked, ReleaseBlocked]"),
        "e.yaml:38: field \"emits\" of handler release-desk names \"ReleaseBlocked\" twice; keep \
         one of them"
    );
}

#[test]
fn a_name_is_declared_once_for_each_kind() {
    let desk = "---\nhandler: release-desk\nconsumes: [PackageReady]\n";
    assert_eq!(
        errors(&format!("{SAMPLE}{desk}")),
        "e.yaml:66: handler release-desk is declared again; the first is at e.yaml:36; keep one of \
         them"
    );
    let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    let ada = format!("  - {{ name: ada, public_key: {key}, roles: [] }}\n");
    assert_eq!(
        errors(&format!("{SAMPLE}{ada}")),
        "e.yaml:65: principal ada is declared again; the first is at e.yaml:62; keep one of them"
    );
}

#[test]
fn a_key_that_verifies_nothing_or_anything_is_no_key() {
    let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    for (text, why) in [
        ("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "is not an Ed25519 public key"),
        ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "is not base64"),
    ] {
        assert_eq!(
            errors_with(key, text),
            format!(
                "e.yaml:63: field \"public_key\" of principal ada {why}; write the base64 of 32 \
                 bytes"
            )
        );
    }
}

#[test]
fn nesting_is_bounded() {
    let deep = format!("event: {}{}\n", "[".repeat(40), "]".repeat(40));
    assert_eq!(
        errors(&deep),
        "e.yaml:1: this is not YAML: values nest deeper than 16 levels; correct the text"
    );
}

#[test]
fn kinds_are_for_programs() {
    let text = SAMPLE.replace("performed_by: code", "performed_by: human\ncolour: red");
    let errors = Contracts::builder().yaml("e.yaml", &text).build().unwrap_err();
    let kinds: Vec<_> = errors.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [ContractErrorKind::NotEnforcedYet, ContractErrorKind::UnknownField]);
}

#[test]
fn what_is_handed_in_needs_a_schema_and_a_known_form() {
    for (part, replacement, message) in [
        (
            "# audit_artifact names a schema, which only a folder has",
            "audit_artifact: receipt",
            "e.yaml:11: field \"audit_artifact\" of event PackageReady has no schema; write { name: \
             receipt, schema: schemas/receipt.json }",
        ),
        (
            "# audit_artifact names a schema, which only a folder has",
            "audit_artifact: { name: receipt }",
            "e.yaml:11: \"audit_artifact\" of event PackageReady has no field \"schema\"; add \
             \"schema\"",
        ),
        (
            "performed_by: code",
            "coherence: half",
            "e.yaml:57: field \"coherence\" of handler release-packager is \"half\"; write fast or \
             full",
        ),
    ] {
        assert_eq!(errors_with(part, replacement), message);
    }
}
