//! A file that a live process holds locked, so that its death shows at once (R2).

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{LedgerError, LedgerErrorKind};
use super::url::LedgerUrl;
use crate::protocol::id::WorkerId;

/// The lock of a worker of this process. The system frees it when the process ends, however that
/// happens; a stopped process keeps it, and then only the expiry of its lease decides.
#[derive(Debug)]
pub struct WorkerLock {
    path: PathBuf,
    /// Holds the lock while it is open.
    _file: File,
}

impl WorkerLock {
    /// Takes the lock of a worker, before it joins: a worker without a lock counts as dead.
    ///
    /// # Errors
    /// `Io` where the file cannot be made, `Busy` where another process holds it.
    pub fn hold(url: &LedgerUrl, worker: WorkerId) -> Result<Self, LedgerError> {
        let path = path(url, worker);
        let file = File::create(&path).map_err(|error| failed(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, _file: file }),
            Err(TryLockError::WouldBlock) => {
                let message = format!("{} is held by another process", path.display());
                Err(LedgerError::new(LedgerErrorKind::Busy, message))
            }
            Err(TryLockError::Error(error)) => Err(failed(&path, &error)),
        }
    }

    /// Whether a worker's process is certainly gone: nobody holds its lock. Removes what it left.
    ///
    /// # Errors
    /// `Io` where the lock cannot be looked at; then nothing is known.
    pub fn is_dead(url: &LedgerUrl, worker: WorkerId) -> Result<bool, LedgerError> {
        let path = path(url, worker);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(failed(&path, &error)),
        };
        match file.try_lock() {
            Ok(()) => {
                // Another process may have removed it first.
                let _ = fs::remove_file(&path);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(failed(&path, &error)),
        }
    }
}

impl Drop for WorkerLock {
    fn drop(&mut self) {
        // What stays behind is removed by whoever finds it unlocked.
        let _ = fs::remove_file(&self.path);
    }
}

fn path(url: &LedgerUrl, worker: WorkerId) -> PathBuf {
    url.beside(&format!(".worker-{worker}"))
}

fn failed(path: &Path, error: &io::Error) -> LedgerError {
    let message = format!("the worker's lock {} cannot be used: {error}", path.display());
    LedgerError::new(LedgerErrorKind::Io, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn a_held_lock_is_a_living_worker_and_a_free_one_a_dead_one() {
        let unique = getrandom::u64().unwrap();
        let folder = std::env::temp_dir().join(format!("wingman-worker-{unique:016x}"));
        fs::create_dir(&folder).unwrap();
        let url: LedgerUrl = folder.join("l.db").display().to_string().parse().unwrap();
        let worker = WorkerId(Digest::of(&unique.to_be_bytes()));
        assert!(WorkerLock::is_dead(&url, worker).unwrap(), "it never lived");
        let lock = WorkerLock::hold(&url, worker).unwrap();
        assert!(!WorkerLock::is_dead(&url, worker).unwrap());
        let taken = WorkerLock::hold(&url, worker).unwrap_err();
        assert_eq!(taken.kind(), LedgerErrorKind::Busy);
        drop(lock);
        assert!(WorkerLock::is_dead(&url, worker).unwrap());
        // What a killed process leaves: a file that nobody holds.
        fs::write(path(&url, worker), "").unwrap();
        assert!(WorkerLock::is_dead(&url, worker).unwrap());
        assert!(!path(&url, worker).exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
