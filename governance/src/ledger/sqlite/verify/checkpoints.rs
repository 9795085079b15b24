//! What checkpoints claim about the log, checked while the log is walked.

use std::path::Path;

use rusqlite::Connection;

use crate::audit::tree::Frontier;
use crate::audit::{Checkpoint, Verifier};
use crate::ledger::sqlite::failure::corrupt;
use crate::ledger::sqlite::reader::Reader;
use crate::ledger::sqlite::statement::{one, sql};
use crate::ledger::{
    Check, LedgerError, LedgerErrorKind, LedgerUrl, Verification, checkpoint_file,
};

/// A signed head, and where it was found.
struct Claim {
    checkpoint: Checkpoint,
    place: String,
    checked: bool,
}

/// The signed heads that the log must have passed through.
pub(super) struct Claims(Vec<Claim>);

impl Claims {
    /// The newest checkpoint of the database, the one in the file beside it, and the one that was
    /// given. A bad signature is a problem, and that checkpoint claims nothing.
    pub(super) fn collect(
        at: &Connection,
        reader: &Reader,
        url: &LedgerUrl,
        given: Option<&Path>,
        found: &mut Verification,
    ) -> Result<Self, LedgerError> {
        let verifier = verifier(reader, url, found)?;
        let mut notes = Vec::new();
        let newest = one(at, sql!("log/newest_checkpoint"), (), |row| row.get::<_, String>(1))?;
        match newest {
            Some(note) => notes.push((note, "the database".to_owned())),
            None => found.report(Check::Signature, "the database has no checkpoint"),
        }
        let beside = found.checkpoint_file.clone();
        notes.extend(
            checkpoint_file::read(&beside)?.map(|note| (note, beside.display().to_string())),
        );
        if let Some(path) = given {
            let place = path.display().to_string();
            let note = checkpoint_file::read(path)?.ok_or_else(|| missing(path))?;
            notes.push((note, place));
        }
        let mut claims = Vec::new();
        for (note, place) in notes {
            match Checkpoint::open(&note, &verifier) {
                Ok(checkpoint) => claims.push(Claim { checkpoint, place, checked: false }),
                Err(error) => found.report(Check::Signature, format!("in {place}: {error}")),
            }
        }
        let mut claims = Self(claims);
        claims.compare(&Frontier::new(), found);
        Ok(claims)
    }

    /// Compares what is claimed about a tree of this size.
    pub(super) fn compare(&mut self, tree: &Frontier, found: &mut Verification) {
        for claim in self.0.iter_mut().filter(|claim| claim.checkpoint.size == tree.size()) {
            claim.checked = true;
            if claim.checkpoint.root == tree.root() {
                found.covered = found.covered.max(tree.size());
            } else {
                let (size, place) = (tree.size(), &claim.place);
                found.report(
                    Check::Tree,
                    format!("the first {size} stamps are not those that the checkpoint in {place} covers"),
                );
            }
        }
    }

    /// Reports what is claimed about a log longer than this one.
    pub(super) fn expect_reached(&self, found: &mut Verification) {
        for Claim { checkpoint, place, .. } in self.0.iter().filter(|claim| !claim.checked) {
            let size = checkpoint.size;
            found.report(
                Check::Rollback,
                format!("the checkpoint in {place} covers {size} stamps, and the log has fewer"),
            );
        }
    }
}

/// The public key: from the file beside the private one, which is not part of the database; the
/// database must name the same.
fn verifier(
    reader: &Reader,
    url: &LedgerUrl,
    found: &mut Verification,
) -> Result<Verifier, LedgerError> {
    let inside = reader.verifier().cloned();
    let path = url.beside(".key.pub");
    let beside = match std::fs::read_to_string(&path) {
        Ok(text) => text.trim_end().parse::<Verifier>().map_err(|error| {
            let message = format!("{} holds no public key: {error}", path.display());
            LedgerError::new(LedgerErrorKind::Corrupt, message)
        })?,
        // The key has a place of its own: then the database is all there is.
        Err(_) => return inside.ok_or_else(|| corrupt("it names no key")),
    };
    if inside.is_some_and(|inside| inside != beside) {
        let path = path.display();
        found.report(Check::Signature, format!("the database names another key than {path}"));
    }
    Ok(beside)
}

fn missing(path: &Path) -> LedgerError {
    let message = format!("there is no checkpoint file {}: correct the path", path.display());
    LedgerError::new(LedgerErrorKind::Missing, message)
}
