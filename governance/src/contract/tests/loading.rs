//! Contracts from a folder: files, schemas, bodies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::SAMPLE;
use crate::contract::{BodyRefusedKind, ContractErrorKind, Contracts, EventContract};

/// A folder of its own for one test, removed when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wingman-contracts-{}-{count}", process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("schemas")).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn with(self, file: &str, text: &str) -> Self {
        fs::write(self.0.join(file), text).unwrap();
        self
    }

    /// Everything wrong with the folder, its own path cut away.
    fn errors(&self) -> String {
        let errors = Contracts::load(&self.0).unwrap_err().to_string();
        errors.replace(&format!("{}/", self.0.display()), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const ORDER: &str = "event: Order\nversion: 1\npurpose: An order came in\nproducer: external\n\
                     input_schema: schemas/order.json\n";
const ORDER_SCHEMA: &str = r#"{
    "type": "object",
    "required": ["id"],
    "properties": { "id": { "type": "string", "pattern": "^o-" }, "lines": { "items": { "type": "integer" } } }
}"#;

#[test]
fn documents_of_all_files_are_one_set() {
    let (events, handlers) = SAMPLE.split_once("---\nhandler: release-desk").unwrap();
    let handlers = format!("handler: release-desk{handlers}");
    let folder = Folder::new().with("a.yaml", events).with("b.yml", &handlers).with("c.txt", "?");
    let contracts = Contracts::load(&folder.0).unwrap();
    assert_eq!(contracts.events().count(), 5);
    assert_eq!(contracts.handlers().count(), 2);
    assert_eq!(contracts.principals().count(), 1);
    assert_eq!(contracts.warnings, []);
    assert_eq!(contracts.digest(), super::sample().digest());
}

#[test]
fn problems_of_all_files_come_together_in_order() {
    let folder = Folder::new()
        .with("b.yaml", "handler: h\nconsumes: [Order]\ncolour: red\n")
        .with("a.yaml", "event: Order\nversion: one\nproducer: external\npurpos: x\n")
        .with("c.yaml", "event: [\n");
    assert_eq!(
        folder.errors(),
        "a.yaml:2: field \"version\" of event Order is \"one\"; write a whole number\n\
         a.yaml:4: event Order has no field \"purpos\"; did you mean \"purpose\"?\n\
         b.yaml:3: handler h has no field \"colour\"; the fields are handler, consumes, emits, \
         scope, tools, refusal, ordering, approval, requires_approval, consequence_class, limits, \
         performed_by, interrupt, failure_mode, coherence\n\
         c.yaml:2: this is not YAML: while parsing a node, did not find expected node content; \
         correct the text"
    );
}

#[test]
fn a_folder_without_contracts_is_an_error() {
    let folder = Folder::new();
    let error = Contracts::load(&folder.0).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: the folder has no *.yaml file; give the folder that holds the contracts",
            folder.0.display()
        )
    );
    let error = Contracts::load(folder.0.join("nowhere")).unwrap_err();
    assert_eq!(error.iter().next().unwrap().kind, ContractErrorKind::Unreadable);
}

#[test]
fn files_too_large_or_not_text_are_errors() {
    let folder = Folder::new().with("large.yaml", &" ".repeat((1 << 20) + 1));
    fs::write(folder.0.join("latin.yaml"), b"purpose: caf\xe9").unwrap();
    assert_eq!(
        folder.errors(),
        "large.yaml: the file cannot be read: it has 1048577 bytes, more than 1048576; make it a \
         readable UTF-8 file of at most 1 MiB\n\
         latin.yaml: the file cannot be read: stream did not contain valid UTF-8; make it a \
         readable UTF-8 file of at most 1 MiB"
    );
}

#[test]
fn bodies_are_judged_by_the_schema() {
    let folder = Folder::new().with("e.yaml", ORDER).with("schemas/order.json", ORDER_SCHEMA);
    let contracts = Contracts::load(&folder.0).unwrap();
    assert_eq!(contracts.validate_body("Order", br#"{"id":"o-1","lines":[1,2]}"#), Ok(()));
    let refused = contracts.validate_body("Order", br#"{"id":"o-1","lines":[1,"secret"]}"#);
    let refused = refused.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the body of Order breaks its schema at /lines/1: value is not of type \"integer\""
    );
    let missing = contracts.validate_body("Order", b"{}").unwrap_err().to_string();
    assert_eq!(
        missing,
        "the body of Order breaks its schema at its root: \"id\" is a required property"
    );
    let broken = contracts.validate_body("Order", b"{\n  oops").unwrap_err().to_string();
    assert_eq!(broken, "the body of Order is not JSON (line 2, column 3)");
    let unknown = contracts.validate_body("Nobody", b"{}").unwrap_err();
    assert_eq!(unknown.kind, BodyRefusedKind::NoContract);
}

#[test]
fn the_schema_is_part_of_the_digest_and_its_layout_is_not() {
    let folder = Folder::new().with("e.yaml", ORDER).with("schemas/order.json", ORDER_SCHEMA);
    let digest = |path: &Path| Contracts::load(path).unwrap().event_digest("Order").unwrap();
    let first = digest(&folder.0);
    let folder = folder.with("schemas/order.json", &ORDER_SCHEMA.replace([' ', '\n'], ""));
    assert_eq!(digest(&folder.0), first);
    let folder = folder.with("schemas/order.json", &ORDER_SCHEMA.replace("^o-", "^p-"));
    assert_ne!(digest(&folder.0), first);
}

#[test]
fn an_exported_set_loads_as_the_same_set() {
    let schema = serde_json::from_str(ORDER_SCHEMA).unwrap();
    let contracts = Contracts::builder()
        .yaml("sample.yaml", SAMPLE)
        .event(EventContract::new("Order", 1).external().input_schema(schema))
        .build()
        .unwrap();
    let folder = Folder::new();
    contracts.export(&folder.0).unwrap();
    assert_eq!(Contracts::load(&folder.0).unwrap().digest(), contracts.digest());
}

#[test]
fn wrong_schemas_are_named() {
    let folder = Folder::new().with("e.yaml", ORDER);
    assert_eq!(
        folder.errors(),
        "e.yaml:5: schema \"schemas/order.json\" cannot be read: No such file or directory (os \
         error 2); put the schema there or correct the path"
    );
    let folder = folder.with("schemas/order.json", "{\n  \"type\" \"object\"\n}");
    assert_eq!(
        folder.errors(),
        "schemas/order.json:2: this is not JSON: expected `:` at line 2 column 10; correct the text"
    );
    let folder = folder.with("schemas/order.json", r#"{ "type": "objekt" }"#);
    let errors = folder.errors();
    assert!(errors.starts_with("e.yaml:5: the input schema of event Order is wrong at /type: "));
    let folder = folder.with("schemas/order.json", r#"{ "$ref": "other.json" }"#);
    let errors = folder.errors();
    assert!(errors.starts_with("e.yaml:5: the input schema of event Order is wrong: "), "{errors}");
    let folder = folder.with("e.yaml", &ORDER.replace("schemas/order.json", "../order.json"));
    assert_eq!(
        folder.errors(),
        "e.yaml:5: schema \"../order.json\" is not a path inside the contracts folder; write a \
         path such as schemas/order.json"
    );
}

#[test]
fn an_artifact_is_judged_by_the_schema_that_its_event_names() {
    let event = format!(
        "{ORDER}audit_artifact: {{ name: receipt, schema: schemas/receipt.json }}\n\
         ---\nhandler: ship\nconsumes: [Order]\ncoherence: full\nscope: {{ mission: Ship }}\n"
    );
    let schema = r#"{ "type": "object", "required": ["paid"] }"#;
    let folder = Folder::new().with("e.yaml", &event).with("schemas/order.json", ORDER_SCHEMA);
    let missing = folder.errors();
    assert!(missing.starts_with("e.yaml:6: schema \"schemas/receipt.json\" cannot be read"));
    let folder = folder.with("schemas/receipt.json", schema);
    let contracts = Contracts::load(&folder.0).unwrap();
    assert_eq!(contracts.validate_artifact("Order", r#"{ "paid": 1 }"#), Ok(()));
    let wrong = contracts.validate_artifact("Order", "{}").unwrap_err();
    assert_eq!(wrong.to_string(), "breaks its schema at its root: \"paid\" is a required property");
    let wrong = contracts.validate_artifact("Order", "paid").unwrap_err();
    assert_eq!(wrong.to_string(), "is not JSON (line 1, column 1)");

    let again = Folder::new();
    contracts.export(&again.0).unwrap();
    assert_eq!(Contracts::load(&again.0).unwrap().digest(), contracts.digest());
    let other = folder.with("schemas/receipt.json", r#"{ "type": "object" }"#);
    assert_ne!(Contracts::load(&other.0).unwrap().digest(), contracts.digest());
    let other = other.with("schemas/receipt.json", r#"{ "type": "objekt" }"#);
    let wrong = other.errors();
    assert!(wrong.starts_with("e.yaml:6: the artifact schema of event Order is wrong"), "{wrong}");
}
