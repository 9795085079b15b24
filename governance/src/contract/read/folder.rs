//! Finds the files of a contracts folder.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::problems::Problems;
use crate::contract::builder::ContractsBuilder;
use crate::contract::error::ContractErrorKind::{Invalid, Missing, Syntax, Unreadable};
use crate::contract::error::{ContractError, ContractErrorKind};
use crate::contract::place::{Place, Position};

/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads every `*.yaml` and `*.yml` of a folder, by name; folders below it are not searched.
pub(in crate::contract) fn read_folder(into: &mut ContractsBuilder, folder: &Path) {
    let remedy = "give the folder that holds the contracts";
    match yaml_files(folder) {
        Err(error) => {
            fail(into, Unreadable, folder, format!("the folder cannot be read: {error}"), remedy);
        }
        Ok(files) if files.is_empty() => {
            fail(into, Missing, folder, "the folder has no *.yaml file".to_owned(), remedy);
        }
        Ok(files) => files.iter().for_each(|path| match read_file(path) {
            Ok(text) => {
                super::read_text(into, &path.display().to_string(), &text, Some(folder));
            }
            Err(error) => {
                let remedy = "make it a readable UTF-8 file of at most 1 MiB";
                fail(into, Unreadable, path, format!("the file cannot be read: {error}"), remedy);
            }
        }),
    }
}

/// Records a file or folder of which nothing is known.
fn fail(
    into: &mut ContractsBuilder,
    kind: ContractErrorKind,
    path: &Path,
    what: String,
    remedy: &str,
) {
    let place = Place::File(path.display().to_string().into());
    into.errors.push(ContractError { kind, place, what, remedy: remedy.to_owned() });
    into.names_lost = true;
}

/// Reads the schema that a document names, relative to its folder.
pub(super) fn read_schema(
    folder: Option<&Path>,
    path: &str,
    at: Position,
    problems: &mut Problems,
) -> Option<Value> {
    let Some(folder) = folder else {
        let what = format!("schema {path:?} is named by a text that is in no folder");
        problems.add(Invalid, at, what, "read contracts with schemas from a folder");
        return None;
    };
    let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside {
        let what = format!("schema {path:?} is not a path inside the contracts folder");
        problems.add(Invalid, at, what, "write a path such as schemas/order.json");
        return None;
    }
    let file = folder.join(path);
    let text = match read_file(&file) {
        Ok(text) => text,
        Err(error) => {
            let what = format!("schema {path:?} cannot be read: {error}");
            problems.add(Unreadable, at, what, "put the schema there or correct the path");
            return None;
        }
    };
    match serde_json::from_str(&text) {
        Ok(schema) => Some(schema),
        Err(error) => {
            let place = Place::Line {
                file: Arc::from(file.display().to_string()),
                line: error.line(),
                column: error.column(),
            };
            problems.push(Syntax, place, format!("this is not JSON: {error}"), "correct the text");
            None
        }
    }
}

fn yaml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let yaml = path.extension().is_some_and(|it| it == "yaml" || it == "yml");
        if yaml && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_file(path: &Path) -> io::Result<String> {
    let bytes = fs::metadata(path)?.len();
    if bytes > FILE_BYTES_MAX {
        let text = format!("it has {bytes} bytes, more than {FILE_BYTES_MAX}");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    fs::read_to_string(path)
}
