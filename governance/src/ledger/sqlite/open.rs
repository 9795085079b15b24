//! Opening a ledger for writing: making it, its key, and the checks before anything is signed.

use std::path::Path;

use super::consistency::{expect_covers, expect_sound};
use super::failure::corrupt;
use super::signer::Signer;
use super::statement::{execute, one, sql};
use super::store::{Store, exists};
use crate::audit::SigningKey;
use crate::audit::key::KeyError;
use crate::audit::stamp::{Fact, Stamp};
use crate::digest::Digest;
use crate::ledger::{
    LedgerError, LedgerErrorKind, LedgerId, LedgerOptions, LedgerUrl, checkpoint_file,
};
use crate::protocol::Rows as _;

/// A ledger that is ready to write.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) signer: Signer,
    pub(super) id: LedgerId,
    /// Whether the key was made just now.
    pub(super) key_created: bool,
}

/// Opens the ledger, or makes it.
pub(super) fn open(url: &LedgerUrl, options: &LedgerOptions) -> Result<Opened, LedgerError> {
    expect_place(url.path(), options.create)?;
    let mut store = Store::open(url, options.create, options.busy_wait)?;
    if let Some(bytes_max) = options.bytes_max {
        store.limit_bytes(bytes_max)?;
    }
    let id = identify(&mut store, options.clock.now().as_millis())?;
    let opened = open_key(url, options, &mut store, id)?;
    let file = options.checkpoint_file.clone().unwrap_or_else(|| url.beside(".checkpoint.txt"));
    let file = std::path::absolute(&file).unwrap_or(file);
    let covered = expect_unchanged(&mut store, &opened.key, &file)?;
    let gaps = options.gaps.clone();
    let mut signer = Signer::new(opened.key, file, options.checkpoint_every, gaps, covered);
    if covered == 0 {
        signer.sign(&mut store)?;
    }
    Ok(Opened { store, signer, id, key_created: opened.created })
}

fn expect_place(path: &Path, create: bool) -> Result<(), LedgerError> {
    if exists(path) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let remedy = match folder {
        Some(folder) if !exists(folder) => {
            format!("make the folder {} or correct the path", folder.display())
        }
        _ if create => return Ok(()),
        _ => "correct the path, or create the ledger".to_owned(),
    };
    let message = format!("there is no ledger at {}: {remedy}", path.display());
    Err(LedgerError::new(LedgerErrorKind::Missing, message))
}

/// Reads the ledger's identity; a new ledger gets one, and its log the first stamp.
fn identify(store: &mut Store, now: u64) -> Result<LedgerId, LedgerError> {
    store.begin()?;
    let identified = identify_in_transaction(store, now);
    identified.inspect_err(|_| store.roll_back())
}

fn identify_in_transaction(store: &mut Store, now: u64) -> Result<LedgerId, LedgerError> {
    let found: Option<[u8; 32]> =
        one(store.connection(), sql!("log/read_ledger"), (), |row| row.get(0))?;
    if let Some(id) = found {
        store.roll_back();
        return Ok(LedgerId(Digest::from(id)));
    }
    let mut id = [0; 32];
    getrandom::fill(&mut id).map_err(no_randomness)?;
    execute(store.connection(), sql!("log/write_ledger"), [&id])?;
    let ledger = Digest::from(id);
    let fact = Fact::LedgerOpened { ledger };
    store.append(&Stamp { at_millis: now, execution: None, tree: None, fact })?;
    let written = store.write(now)?;
    store.commit(written)?;
    Ok(LedgerId(ledger))
}

/// What is returned where the system gives no random numbers.
pub(super) fn no_randomness(error: getrandom::Error) -> LedgerError {
    LedgerError::new(LedgerErrorKind::Io, format!("the system gives no random numbers: {error}"))
}

/// Opens the key that signs. A log that was signed is never signed with another.
fn open_key(
    url: &LedgerUrl,
    options: &LedgerOptions,
    store: &mut Store,
    id: LedgerId,
) -> Result<crate::audit::key::OpenedKey, LedgerError> {
    let path = options.key_file.clone().unwrap_or_else(|| url.beside(".key"));
    let known: Option<String> =
        one(store.connection(), sql!("log/read_ledger"), (), |row| row.get(1))?.flatten();
    if known.is_some() && !exists(&path) {
        return Err(key_error(&KeyError::Missing { path }));
    }
    let name = id.origin().parse().map_err(corrupt)?;
    let opened = SigningKey::open_or_create(&path, &name).map_err(|error| key_error(&error))?;
    let verifier = opened.key.verifier().to_string();
    match known {
        Some(known) if known == verifier => {}
        Some(known) => {
            let message = format!(
                "the key {} is not the one that signed this ledger's checkpoints, {known}: put that \
                 one back",
                path.display()
            );
            return Err(LedgerError::new(LedgerErrorKind::Refused, message));
        }
        None => execute(store.connection(), sql!("log/write_verifier"), [verifier])?,
    }
    Ok(opened)
}

fn key_error(error: &KeyError) -> LedgerError {
    let kind = match error {
        KeyError::Missing { .. } => LedgerErrorKind::Missing,
        KeyError::Random(_) | KeyError::File { .. } => LedgerErrorKind::Io,
        KeyError::Exposed { .. }
        | KeyError::Damaged { .. }
        | KeyError::OtherName { .. }
        | KeyError::PublicDiffers { .. } => LedgerErrorKind::Refused,
    };
    LedgerError::new(kind, format!("the ledger's key cannot be used: {error}"))
}

/// Checks the log against itself, against the newest checkpoint in the database and against the one
/// in the file; returns how many stamps the newest covers.
fn expect_unchanged(store: &mut Store, key: &SigningKey, file: &Path) -> Result<u64, LedgerError> {
    let kept = checkpoint_file::read(file)?;
    store.begin()?;
    let at = store.connection();
    let check = || {
        let (head, verifier) = (store.head(), key.verifier());
        let size = head.frontier.size();
        expect_sound(at, head)?;
        let newest: Option<String> = one(at, sql!("log/newest_checkpoint"), (), |row| row.get(1))?;
        let mut covered = 0;
        if let Some(note) = newest {
            covered = expect_covers(at, size, &note, verifier, "the database")?;
        }
        if let Some(note) = kept {
            let place = file.display().to_string();
            covered = covered.max(expect_covers(at, size, &note, verifier, &place)?);
        }
        Ok(covered)
    };
    let covered = check();
    store.roll_back();
    covered
}
