//! The contracts module as its users see it: a folder in, a checked set or exact messages out.

mod as_editors_see;
mod checking;
mod describing;
mod exporting;
mod linting;
mod loading;
mod must_use;
mod reading;
mod stability;

use super::Contracts;

/// The tail of a publishing workflow: somebody asks for a release, a person approves it, a handler
/// publishes it.
const SAMPLE: &str = r#"
event: PackageReady
version: 3
purpose: A verified draft is ready for release
producer: external
consumers: declared
output_schema: declared
must_use: [P-01, P-02, P-03, P-04, P-06]
failure_mode: { retry: [5s, 30s, 2m], then: dead_letter, key: continue }
rollback: { kind: irreversible }
# audit_artifact names a schema, which only a folder has
compatibility: none
---
event: ReleaseApproved
version: 1
purpose: A person accepted the release
producer: [release-desk]
must_use: [P-01, P-02, P-03, P-04, P-06]
rollback: { kind: compensatable }
---
event: ReleaseBlocked
version: 1
purpose: Nobody accepted the release in time, or somebody refused it
producer: [release-desk]
---
event: ReleasePublished
version: 1
purpose: The release is public
producer: [release-packager]
---
event: ReleaseRefused
version: 1
purpose: The packager would not publish
producer: [release-packager]
---
handler: release-desk
consumes: [PackageReady]
emits: [ReleaseApproved, ReleaseBlocked]
scope: { mission: "Ask an editor whether to publish", done: ReleaseApproved }
tools: {}
approval: { plan: /plan, role: approver, within: 10m }
interrupt: { halt: drain }
---
handler: release-packager
consumes: [ReleaseApproved]
emits: [ReleasePublished, ReleaseRefused]
scope: { mission: "Package and publish", disallowed: [delete], done: ReleasePublished }
tools: { cms.publish: write }
refusal: { event: ReleaseRefused }
ordering:
  - { chain: [PackageReady, ReleaseApproved], key: draft_id, digest: { from: source, out: draft } }
  - { precedence: { after: PackageReady, key: correlation } }
  - { sequence: { key: draft_id } }
requires_approval: /plan_digest
consequence_class: 2
limits: { depth: 8, fanout: 20, runtime: 120s }
performed_by: code
failure_mode: { retry: [5s] }
interrupt: { halt: drain }
---
principals:
  - name: ada
    public_key: 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
    roles: [approver, editor]
"#;

fn sample() -> Contracts {
    Contracts::builder().yaml("sample.yaml", SAMPLE).build().unwrap()
}

/// Everything that is wrong with a text, as people see it. The schema for editors has to see it too.
#[track_caller]
fn errors(text: &str) -> String {
    describing::compare_refused(text);
    Contracts::builder().yaml("e.yaml", text).build().unwrap_err().to_string()
}

/// Everything that is wrong with the sample once a part of it, which must be there, is replaced.
fn errors_with(part: &str, replacement: &str) -> String {
    errors(&changed(part, replacement))
}

fn changed(part: &str, replacement: &str) -> String {
    assert_eq!(SAMPLE.matches(part).count(), 1, "{part:?} is not one part of the sample");
    SAMPLE.replace(part, replacement)
}
