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

/// Creates a file that must not exist (`fs.create`).
#[derive(Debug, Clone)]
pub struct CreateFile {
    /// The work folder.
    pub folder: PathBuf,
}

/// Replaces the content of a file that must exist (`fs.write`).
#[derive(Debug, Clone)]
pub struct WriteFile {
    /// The work folder.
    pub folder: PathBuf,
}

/// Removes a file (`fs.remove`).
#[derive(Debug, Clone)]
pub struct RemoveFile {
    /// The work folder.
    pub folder: PathBuf,
}

#[async_trait]
impl Tool for CreateFile {
    fn level(&self) -> Level {
        Level::Write
    }

    fn can_undo(&self) -> bool {
        true
    }

    async fn before(&self, arguments: &Value) -> Result<Bytes, ToolError> {
        match read(&path(&self.folder, arguments)?).await? {
            None => Ok(Bytes::new()),
            Some(_) => Err(ToolError::NotDone(format!(
                "{} exists",
                text(arguments, "target")?
            ))),
        }
    }

    async fn call(&self, call: Call<'_>) -> Result<Value, ToolError> {
        let content = text(call.arguments, "content")?;
        replace(&path(&self.folder, call.arguments)?, content.as_bytes()).await?;
        Ok(changed(call.arguments, None, Some(content.as_bytes())))
    }

    async fn probe(&self, call: Call<'_>, _: &[u8]) -> Result<Probed, ToolError> {
        let content = text(call.arguments, "content")?;
        let found = read(&path(&self.folder, call.arguments)?).await?;
        let result = changed(call.arguments, None, Some(content.as_bytes()));
        Ok(seen(
            found.as_deref(),
            Some(content.as_bytes()),
            None,
            result,
        ))
    }

    async fn undo(&self, call: Call<'_>, _: &[u8]) -> Result<(), ToolError> {
        remove(&path(&self.folder, call.arguments)?).await
    }
}

#[async_trait]
impl Tool for WriteFile {
    fn level(&self) -> Level {
        Level::Write
    }

    fn can_undo(&self) -> bool {
        true
    }

    async fn before(&self, arguments: &Value) -> Result<Bytes, ToolError> {
        existing(&self.folder, arguments).await
    }

    async fn call(&self, call: Call<'_>) -> Result<Value, ToolError> {
        let path = path(&self.folder, call.arguments)?;
        let before = read(&path).await?;
        let content = text(call.arguments, "content")?;
        replace(&path, content.as_bytes()).await?;
        Ok(changed(
            call.arguments,
            before.as_deref(),
            Some(content.as_bytes()),
        ))
    }

    async fn probe(&self, call: Call<'_>, before: &[u8]) -> Result<Probed, ToolError> {
        let content = text(call.arguments, "content")?;
        let found = read(&path(&self.folder, call.arguments)?).await?;
        let result = changed(call.arguments, Some(before), Some(content.as_bytes()));
        Ok(seen(
            found.as_deref(),
            Some(content.as_bytes()),
            Some(before),
            result,
        ))
    }

    async fn undo(&self, call: Call<'_>, before: &[u8]) -> Result<(), ToolError> {
        replace(&path(&self.folder, call.arguments)?, before).await
    }
}

#[async_trait]
impl Tool for RemoveFile {
    fn level(&self) -> Level {
        Level::Delete
    }

    fn can_undo(&self) -> bool {
        true
    }

    async fn before(&self, arguments: &Value) -> Result<Bytes, ToolError> {
        existing(&self.folder, arguments).await
    }

    async fn call(&self, call: Call<'_>) -> Result<Value, ToolError> {
        let path = path(&self.folder, call.arguments)?;
        let before = read(&path).await?;
        remove(&path).await?;
        Ok(changed(call.arguments, before.as_deref(), None))
    }

    async fn probe(&self, call: Call<'_>, before: &[u8]) -> Result<Probed, ToolError> {
        let found = read(&path(&self.folder, call.arguments)?).await?;
        let result = changed(call.arguments, Some(before), None);
        Ok(seen(found.as_deref(), None, Some(before), result))
    }

    async fn undo(&self, call: Call<'_>, before: &[u8]) -> Result<(), ToolError> {
        replace(&path(&self.folder, call.arguments)?, before).await
    }
}

/// A text among the arguments.
pub(super) fn text<'a>(arguments: &'a Value, name: &str) -> Result<&'a str, ToolError> {
    arguments[name]
        .as_str()
        .ok_or_else(|| ToolError::NotDone(format!("the argument {name} is missing or not a text")))
}

/// The target within the folder; a path that leads out of it is refused.
fn path(folder: &Path, arguments: &Value) -> Result<PathBuf, ToolError> {
    let target = Path::new(text(arguments, "target")?);
    let inside = target
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !inside || target.as_os_str().is_empty() {
        let target = target.display();
        return Err(ToolError::NotDone(format!(
            "{target} is not a file of the work folder"
        )));
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

async fn existing(folder: &Path, arguments: &Value) -> Result<Bytes, ToolError> {
    match read(&path(folder, arguments)?).await? {
        Some(bytes) => Ok(bytes.into()),
        None => Err(ToolError::NotDone(format!(
            "{} is missing",
            text(arguments, "target")?
        ))),
    }
}

/// Writes beside and renames, so that a crash leaves the old content or the new, never half of it.
async fn replace(path: &Path, content: &[u8]) -> Result<(), ToolError> {
    let draft = path.with_added_extension("draft");
    let written = async {
        fs::write(&draft, content).await?;
        fs::rename(&draft, path).await
    };
    written
        .await
        .map_err(|error| ToolError::Unknown(format!("{}: {error}", path.display())))
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

/// What a probe makes of what it found.
fn seen(
    found: Option<&[u8]>,
    after: Option<&[u8]>,
    before: Option<&[u8]>,
    result: Value,
) -> Probed {
    if found == after {
        Probed::Applied(result)
    } else if found == before {
        Probed::NotApplied
    } else {
        Probed::Undecidable
    }
}
