//! The folder of a run: contracts that a person can edit, work files, the demo approver's key.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wingman_governance::audit::SigningKey;
use wingman_governance::audit::key::{KeyName, NotAKeyName};
use wingman_governance::handshake::Approver;

use crate::scenario::Scenario;

/// The principal whose key the demo holds.
const APPROVER: &str = "demo-approver";

/// The folder of a run.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    contracts: PathBuf,
    approver: Option<Arc<Approver>>,
}

/// The folder cannot be prepared.
#[derive(Debug)]
pub struct FolderError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; choose another --out, or mend it", self.path.display(), self.why)
    }
}

impl std::error::Error for FolderError {}

impl Folder {
    /// Prepares a folder: what is there is kept, what is missing is added. Contracts are taken from
    /// `contracts` if given, else copied into the folder, never over an edited file.
    ///
    /// # Errors
    /// [`FolderError`] names the file.
    pub fn prepare(
        scenario: &dyn Scenario,
        root: &Path,
        contracts: Option<&Path>,
    ) -> Result<Self, FolderError> {
        let files = scenario.files();
        let work = root.join("work");
        make(&work)?;
        for name in files.folders {
            make(&work.join(name))?;
        }
        for name in files.made {
            remove(&work.join(name))?;
        }
        for (name, content) in files.work {
            write(&work.join(name), content)?;
        }
        let key = scenario.script().map(|_| approver_key(root)).transpose()?;
        let own = root.join("contracts");
        if contracts.is_none() {
            make(&own.join("schemas"))?;
            for (name, content) in files.contracts {
                add(&own.join(name), content)?;
            }
            if let Some(key) = &key {
                add(&own.join("principals.yaml"), &principals(key))?;
            }
        }
        let contracts = contracts.map_or(own, Path::to_path_buf);
        let approver = key.map(|key| Arc::new(Approver::new(APPROVER, key)));
        Ok(Self { root: root.to_owned(), contracts, approver })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the tools work.
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// The contracts that are enforced.
    pub fn contracts(&self) -> &Path {
        &self.contracts
    }

    /// The principal who answers plans, if the scenario asks anybody.
    pub(crate) fn approver(&self) -> Option<&Arc<Approver>> {
        self.approver.as_ref()
    }
}

fn approver_key(root: &Path) -> Result<SigningKey, FolderError> {
    let path = root.join("demo-approver.key");
    let named: KeyName = APPROVER.parse().map_err(|error: NotAKeyName| fault(&path, &error))?;
    let opened = SigningKey::open_or_create(&path, &named).map_err(|error| fault(&path, &error))?;
    Ok(opened.key)
}

fn principals(key: &SigningKey) -> String {
    let public_key = key.verifier().public_key_base64();
    format!(
        "# Who may answer plans, and decide about dead letters (operator). The demo holds this key and\n\
         # answers by script; put your own here.\n\
         principals:\n  - {{ name: {APPROVER}, public_key: \"{public_key}\", roles: [approver, operator] }}\n"
    )
}

/// The demo's own files start each run as they were.
fn write(path: &Path, content: &str) -> Result<(), FolderError> {
    fs::write(path, content).map_err(|error| fault(path, &error))
}

/// What an earlier run made would be in the way of this one.
fn remove(path: &Path) -> Result<(), FolderError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(fault(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn add(path: &Path, content: &str) -> Result<(), FolderError> {
    match fs::File::create_new(path) {
        Ok(mut file) => {
            io::Write::write_all(&mut file, content.as_bytes()).map_err(|error| fault(path, &error))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(fault(path, &error)),
    }
}

fn make(path: &Path) -> Result<(), FolderError> {
    fs::create_dir_all(path).map_err(|error| fault(path, &error))
}

fn fault(path: &Path, why: &dyn fmt::Display) -> FolderError {
    FolderError { path: path.to_owned(), why: why.to_string() }
}
