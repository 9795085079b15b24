//! The file outside the database that keeps the newest checkpoint.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::error::{LedgerError, LedgerErrorKind};
use crate::audit::note::NOTE_BYTES_MAX;

/// The checkpoint in the file; `None` if there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<String>, LedgerError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path, &error)),
    };
    let mut text = String::new();
    let read = file.take(NOTE_BYTES_MAX as u64 + 1).read_to_string(&mut text);
    read.map(|_| Some(text)).map_err(|error| failed("read", path, &error))
}

/// Puts a checkpoint in place of the one in the file. A crash leaves the old one or the new one.
pub(crate) fn replace(path: &Path, note: &str) -> Result<(), LedgerError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    write(draft.as_ref(), note)
        .and_then(|()| fs::rename(&draft, path))
        .and_then(|()| sync_directory(path))
        .map_err(|error| failed("write", path, &error))
}

fn write(path: &Path, note: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

fn failed(doing: &str, path: &Path, error: &io::Error) -> LedgerError {
    let message = format!("cannot {doing} the checkpoint file {}: {error}", path.display());
    LedgerError::new(LedgerErrorKind::Io, message)
}
