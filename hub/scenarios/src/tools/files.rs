//! Files of one work folder: create, overwrite, remove, each with an undo that restores the bytes.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::fs;
use wingman_governance::contract::Level;
use wingman_governance::digest::Digest;
use wingman_governance::permission::{Call, Probed, Tool, ToolError};

use super::text;

/// What a tool does to a file of the work folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAction {
    /// Creates one that must not exist (`fs.create`).
    Create,
    /// Replaces the content of one that must exist (`fs.write`).
    Write,
    /// Removes one that must exist (`fs.remove`).
    Remove,
}

/// One action on the files of a folder.
#[derive(Debug, Clone)]
pub struct FileTool {
    /// The work folder.
    pub folder: PathBuf,
    /// What is done.
    pub action: FileAction,
}

impl FileTool {
    /// What the file holds after a call; `None` if it is gone.
    fn after<'a>(&self, arguments: &'a Value) -> Result<Option<&'a [u8]>, ToolError> {
        match self.action {
            FileAction::Create | FileAction::Write => {
                Ok(Some(text(arguments, "content")?.as_bytes()))
            }
            FileAction::Remove => Ok(None),
        }
    }

    /// What it held before; `None` if it was missing.
    fn held<'a>(&self, before: &'a [u8]) -> Option<&'a [u8]> {
        match self.action {
            FileAction::Create => None,
            FileAction::Write | FileAction::Remove => Some(before),
        }
    }
}

#[async_trait]
impl Tool for FileTool {
    fn level(&self) -> Level {
        match self.action {
            FileAction::Create | FileAction::Write => Level::Write,
            FileAction::Remove => Level::Delete,
        }
    }

    fn can_undo(&self) -> bool {
        true
    }

    async fn before(&self, arguments: &Value) -> Result<Bytes, ToolError> {
        let target = text(arguments, "target")?;
        match (self.action, read(&path(&self.folder, arguments)?).await?) {
            (FileAction::Create, None) => Ok(Bytes::new()),
            (FileAction::Create, Some(_)) => Err(ToolError::NotDone(format!("{target} exists"))),
            (FileAction::Write | FileAction::Remove, Some(bytes)) => Ok(bytes.into()),
            (FileAction::Write | FileAction::Remove, None) => {
                Err(ToolError::NotDone(format!("{target} is missing")))
            }
        }
    }

    async fn call(&self, call: Call<'_>) -> Result<Value, ToolError> {
        let path = path(&self.folder, call.arguments)?;
        let before = read(&path).await?;
        let after = self.after(call.arguments)?;
        restore(&path, after).await?;
        Ok(changed(call.arguments, before.as_deref(), after))
    }

    async fn probe(&self, call: Call<'_>, before: &[u8]) -> Result<Probed, ToolError> {
        let (before, after) = (self.held(before), self.after(call.arguments)?);
        let found = read(&path(&self.folder, call.arguments)?).await?;
        Ok(match found.as_deref() {
            found if found == after => Probed::Applied(changed(call.arguments, before, after)),
            found if found == before => Probed::NotApplied,
            _ => Probed::Undecidable,
        })
    }

    async fn undo(&self, call: Call<'_>, before: &[u8]) -> Result<(), ToolError> {
        restore(&path(&self.folder, call.arguments)?, self.held(before)).await
    }
}

/// The target within the folder; a path that leads out of it is refused.
fn path(folder: &Path, arguments: &Value) -> Result<PathBuf, ToolError> {
    let target = Path::new(text(arguments, "target")?);
    let inside = target.components().all(|part| matches!(part, Component::Normal(_)));
    if !inside || target.as_os_str().is_empty() {
        let target = target.display();
        return Err(ToolError::NotDone(format!("{target} is not a file of the work folder")));
    }
    Ok(folder.join(target))
}

async fn read(path: &Path) -> Result<Option<Vec<u8>>, ToolError> {
    match fs::read(path).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ToolError::NotDone(format!("{}: {error}", path.display()))),
    }
}

/// Makes a file hold these bytes, or be gone.
async fn restore(path: &Path, content: Option<&[u8]>) -> Result<(), ToolError> {
    match content {
        Some(content) => replace(path, content).await,
        None => remove(path).await,
    }
}

/// Writes beside and renames, so that a crash leaves the old content or the new, never half of it.
async fn replace(path: &Path, content: &[u8]) -> Result<(), ToolError> {
    let draft = path.with_added_extension("draft");
    let written = async {
        fs::write(&draft, content).await?;
        fs::rename(&draft, path).await
    };
    written.await.map_err(|error| ToolError::Unknown(format!("{}: {error}", path.display())))
}

async fn remove(path: &Path) -> Result<(), ToolError> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(ToolError::Unknown(format!("{}: {error}", path.display())))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn changed(arguments: &Value, before: Option<&[u8]>, after: Option<&[u8]>) -> Value {
    let digest = |bytes: Option<&[u8]>| bytes.map(|bytes| Digest::of(bytes).to_string());
    json!({ "target": arguments["target"], "before": digest(before), "after": digest(after) })
}
