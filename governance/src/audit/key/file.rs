//! Key files: made on first use, readable by their owner only, never overwritten.
//!
//! `PATH` holds the private key and `PATH.pub` the public one, each one line of text.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::audit::key::{KeyName, KeyTextError, SigningKey};

/// Longer files are not read: a key is one short line.
const FILE_BYTES_MAX: u64 = 4_096;
const PRIVATE_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;
/// The permissions that a private key file must not give to group and others.
const OTHERS: u32 = 0o077;

/// A key from its file.
#[derive(Debug)]
pub struct OpenedKey {
    /// The key.
    pub key: SigningKey,
    /// Whether it was made just now: then its fingerprint and path are to be shown, once.
    pub created: bool,
}

impl SigningKey {
    /// Reads the key at `path`, or makes one if there is none; writes `path.pub` if it is missing.
    ///
    /// A new key is complete and on disk before it stands at `path`, and of several processes that
    /// make one at once all end up with the same.
    ///
    /// # Errors
    /// [`KeyError`]. A key that is there is never replaced.
    pub fn open_or_create(path: &Path, name: &KeyName) -> Result<OpenedKey, KeyError> {
        let opened = match read_private(path)? {
            Some(key) => OpenedKey { key, created: false },
            None => create(path, name)?,
        };
        let found = opened.key.verifier().name();
        if found != name {
            let (expected, found) = (name.clone(), found.clone());
            return Err(KeyError::OtherName { path: path.to_owned(), expected, found });
        }
        keep_public(path, &opened.key)?;
        Ok(opened)
    }

    /// Reads the key at `path`.
    ///
    /// # Errors
    /// [`KeyError`]: there is none, others can read it, or it is damaged.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        read_private(path)?.ok_or_else(|| KeyError::Missing { path: path.to_owned() })
    }
}

fn create(path: &Path, name: &KeyName) -> Result<OpenedKey, KeyError> {
    let key = SigningKey::generate(name.clone())?;
    if place(path, &key.private_text(), PRIVATE_MODE)? {
        return Ok(OpenedKey { key, created: true });
    }
    // Another process was first.
    Ok(OpenedKey { key: SigningKey::load(path)?, created: false })
}

fn read_private(path: &Path) -> Result<Option<SigningKey>, KeyError> {
    let Some((file, text)) = read(path)? else {
        return Ok(None);
    };
    // Asked of the open file, so that what is checked is what was read.
    let metadata = file.metadata().map_err(failed("examine", path))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let key = SigningKey::from_private_text(text.trim_end_matches('\n'));
    key.map(Some).map_err(|reason| KeyError::Damaged { path: path.to_owned(), reason })
}

/// Writes `path.pub`, or checks that the one which is there belongs to this key.
fn keep_public(path: &Path, key: &SigningKey) -> Result<(), KeyError> {
    let path = beside(path, ".pub");
    let expected = key.verifier().to_string();
    if read(&path)?.is_none() {
        place(&path, &expected, PUBLIC_MODE)?;
    }
    match read(&path)? {
        Some((_, found)) if found.trim_end_matches('\n') == expected => Ok(()),
        Some(_) | None => Err(KeyError::PublicDiffers { path }),
    }
}

fn read(path: &Path) -> Result<Option<(File, String)>, KeyError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path)(error)),
    };
    let mut text = String::new();
    (&file).take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed("read", path))?;
    Ok(Some((file, text)))
}

/// Puts a file with one line of text at `path` in one step; `false` if one is there already.
///
/// Written beside it and then linked, as a link never replaces a file and never shows half of one.
fn place(path: &Path, line: &str, mode: u32) -> Result<bool, KeyError> {
    let draft = beside(path, &format!(".new-{:016x}", getrandom::u64().map_err(KeyError::Random)?));
    let written = write_new(&draft, line, mode).and_then(|()| fs::hard_link(&draft, path));
    // The draft may not exist; what counts is whether the link does.
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => sync_directory(path).map(|()| true).map_err(failed("sync", path)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed("create", path)(error)),
    }
}

fn write_new(path: &Path, line: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())?;
    file.sync_all()
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> KeyError {
    let path = path.to_owned();
    move |source| KeyError::File { doing, path: path.clone(), source }
}

/// A key cannot be had.
#[derive(Debug)]
pub enum KeyError {
    /// The system gives no random numbers.
    Random(getrandom::Error),
    /// A file operation failed.
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// There is no key file.
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Group or others have access to the private key.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not a private key.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with its text.
        reason: KeyTextError,
    },
    /// The key has another name than the one asked for.
    OtherName {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        expected: KeyName,
        /// The key's name.
        found: KeyName,
    },
    /// The public key file does not belong to the private one.
    PublicDiffers {
        /// The public key file.
        path: PathBuf,
    },
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random(error) => write!(f, "no random numbers for a new key: {error}"),
            Self::File { doing, path, source } => {
                write!(f, "cannot {doing} the key file {}: {source}", path.display())
            }
            Self::Missing { path } => {
                write!(f, "there is no key file {}: check the path", path.display())
            }
            Self::Exposed { path, mode } => write!(
                f,
                "others have access to the private key {path} (mode {mode:04o}): run `chmod 600 \
                 {path}`, and if it may have been read, retire the key",
                path = path.display()
            ),
            Self::Damaged { path, reason } => {
                write!(f, "{} is not a private key: {reason}; restore it", path.display())
            }
            Self::OtherName { path, expected, found } => write!(
                f,
                "the key {} is named {found}, not {expected}: give its own path to each name",
                path.display()
            ),
            Self::PublicDiffers { path } => write!(
                f,
                "{} is not the public half of the private key beside it: find out which of the two \
                 was replaced, and if it is the public one, delete it",
                path.display()
            ),
        }
    }
}

impl std::error::Error for KeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Random(error) => Some(error),
            Self::File { source, .. } => Some(source),
            Self::Damaged { reason, .. } => Some(reason),
            Self::Missing { .. }
            | Self::Exposed { .. }
            | Self::OtherName { .. }
            | Self::PublicDiffers { .. } => None,
        }
    }
}
