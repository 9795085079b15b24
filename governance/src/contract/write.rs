//! Writes a checked set as YAML that reads back as the same set.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use serde_json::{Value, json};

use super::contracts::Contracts;
use super::duration;
use super::event::{Consumers, EventContract, Producers};
use super::failure::FailureMode;
use super::handler::{HandlerContract, Scope};
use super::ordering::OrderingRule;
use super::principal::Principal;

impl Contracts {
    /// The set as YAML documents, one field a line. Their values are JSON, which is YAML too.
    /// The input schema of a type is named `schemas/TYPE.json`, that of its artifact
    /// `schemas/artifacts/TYPE.json`; [`export`](Self::export) puts them there.
    pub fn to_yaml(&self) -> String {
        let events = self.events().map(event);
        let handlers = self.handlers().map(handler);
        let principals: Vec<_> = self.principals().map(principal).collect();
        let principals = (!principals.is_empty()).then(|| vec![("principals", json!(principals))]);
        let documents: Vec<_> = events.chain(handlers).chain(principals).map(document).collect();
        documents.join("---\n")
    }

    /// Writes the set to a folder that [`Contracts::load`] reads back as the same set:
    /// `contracts.yaml` and the schemas it names. Files of these names are replaced.
    ///
    /// # Errors
    ///
    /// What the file system answers.
    pub fn export(&self, folder: impl AsRef<Path>) -> io::Result<()> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder.join("schemas/artifacts"))?;
        for event in self.events() {
            let body = event.input_schema.as_ref().map(|it| (it, schema_path(&event.event)));
            let artifact = event.audit_artifact.as_ref();
            let artifact = artifact.map(|it| (&it.schema, artifact_path(&event.event)));
            for (schema, path) in body.into_iter().chain(artifact) {
                fs::write(folder.join(path), format!("{:#}\n", schema.document))?;
            }
        }
        fs::write(folder.join("contracts.yaml"), self.to_yaml())
    }
}

pub(crate) type Fields = Vec<(&'static str, Value)>;

/// Leaves out what is absent; every field has a default that means the same.
pub(crate) fn document(fields: Fields) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !is_empty(&value) {
            writeln!(text, "{name}: {value}").expect("a String takes all text");
        }
    }
    text
}

pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(_) | Value::Array(_) | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn schema_path(event: &str) -> String {
    format!("schemas/{event}.json")
}

fn artifact_path(event: &str) -> String {
    format!("schemas/artifacts/{event}.json")
}

pub(crate) fn event(contract: &EventContract) -> Fields {
    let schema = contract.input_schema.as_ref().map(|_| schema_path(&contract.event));
    let artifact = contract
        .audit_artifact
        .as_ref()
        .map(|it| json!({ "name": it.name, "schema": artifact_path(&contract.event) }));
    let producer = match &contract.producer {
        Producers::External => json!("external"),
        Producers::Handlers(names) => json!(names),
    };
    let consumers = match &contract.consumers {
        Consumers::Declared => json!("declared"),
        Consumers::Only(names) => json!(names),
    };
    vec![
        ("event", json!(contract.event)),
        ("version", json!(contract.version)),
        ("purpose", json!(contract.purpose)),
        ("producer", producer),
        ("consumers", consumers),
        ("input_schema", json!(schema)),
        ("output_schema", json!("declared")),
        ("must_use", json!(contract.must_use)),
        ("failure_mode", failure_mode(&contract.failure_mode)),
        ("rollback", json!(contract.rollback)),
        ("audit_artifact", json!(artifact)),
        ("compatibility", json!(contract.compatibility)),
    ]
}

pub(crate) fn handler(contract: &HandlerContract) -> Fields {
    let limits = contract.limits;
    let limits = json!({
        "depth": limits.depth,
        "fanout": limits.fanout,
        "runtime": runtime(contract),
    });
    let approval = contract
        .approval
        .as_ref()
        .map(|it| json!({ "plan": it.plan, "role": it.role, "within": duration::text(it.within) }));
    let ordering: Vec<_> = contract.ordering.iter().map(ordering_rule).collect();
    vec![
        ("handler", json!(contract.name)),
        ("consumes", json!(contract.consumes)),
        ("emits", json!(contract.emits)),
        ("scope", scope(&contract.scope)),
        ("tools", json!(contract.tools)),
        ("refusal", json!(contract.refusal.as_ref().map(|event| json!({ "event": event })))),
        ("ordering", json!(ordering)),
        ("approval", json!(approval)),
        ("requires_approval", json!(contract.requires_approval)),
        ("consequence_class", json!(contract.consequence_class)),
        ("limits", limits),
        ("performed_by", json!(contract.performed_by)),
        ("interrupt", json!(contract.interrupt)),
        ("failure_mode", json!(contract.failure_mode.as_ref().map(failure_mode))),
        ("coherence", json!(contract.coherence)),
    ]
}

/// How long a run may take.
pub(crate) fn runtime(contract: &HandlerContract) -> Value {
    json!(duration::text(contract.limits.runtime))
}

fn scope(scope: &Scope) -> Value {
    let mut fields = json!({ "mission": scope.mission, "disallowed": scope.disallowed });
    if let Some(allowed) = &scope.allowed {
        fields["allowed"] = json!(allowed);
    }
    if let Some(done) = &scope.done {
        fields["done"] = json!(done);
    }
    fields
}

fn ordering_rule(rule: &OrderingRule) -> Value {
    let key = rule.key().to_string();
    match rule {
        OrderingRule::Sequence { .. } => json!({ "sequence": { "key": key } }),
        OrderingRule::Precedence { after, .. } => {
            json!({ "precedence": { "after": after, "key": key } })
        }
        OrderingRule::Chain { types, digest, .. } => {
            let mut fields = json!({ "chain": types, "key": key });
            if let Some(digest) = digest {
                fields["digest"] = json!(digest);
            }
            fields
        }
    }
}

fn failure_mode(mode: &FailureMode) -> Value {
    let retry: Vec<_> = mode.retry.iter().copied().map(duration::text).collect();
    json!({ "retry": retry, "then": "dead_letter", "key": mode.key })
}

fn principal(principal: &Principal) -> Value {
    json!({
        "name": principal.name,
        "public_key": principal.public_key_text,
        "roles": principal.roles,
    })
}
