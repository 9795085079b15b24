//! The ledger in an SQLite file: one thread writes, other connections read.
//!
//! WAL and `synchronous = FULL`: what is answered is on disk. Several processes may have the file
//! open; each takes the write lock for one transaction at a time, and reads the head again when
//! another wrote.

mod cache;
mod clock;
mod connection;
mod consistency;
mod failure;
mod load;
mod log;
mod open;
mod proof;
mod reader;
mod save;
mod scan;
mod schema;
mod signer;
mod stamps;
mod statement;
mod store;
mod trees;
mod verify;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use tokio::sync::{Semaphore, oneshot};

use self::clock::LedgerClock;
use self::open::{Opened, open};
pub use self::reader::Reader;
pub use self::verify::{verify, verify_telling};
use self::writer::{BATCH_INPUTS_MAX, Request, Transact, Writer};
use crate::audit::Verifier;
use crate::ledger::{LedgerError, LedgerErrorKind, LedgerId, LedgerOptions, LedgerUrl};
use crate::protocol::input::{Input, Reply};

/// Calls that may wait for the writer at once; further ones wait to be let in.
const QUEUE_MAX: usize = 1_024;

/// The way to the writer thread.
#[derive(Debug)]
pub(super) struct SqliteLedger {
    about: About,
    places: Arc<Semaphore>,
    requests: Sender<Request>,
}

/// What is known once the ledger is open.
#[derive(Debug)]
struct About {
    url: LedgerUrl,
    id: LedgerId,
    verifier: Verifier,
    checkpoint_file: PathBuf,
    key_created: bool,
    reader: Reader,
    clock: LedgerClock,
}

impl SqliteLedger {
    /// Opens the ledger on a thread of its own.
    pub(super) async fn open(url: LedgerUrl, options: LedgerOptions) -> Result<Self, LedgerError> {
        let url = url.absolute()?;
        let (requests, queue) = channel();
        let (ready, opened) = oneshot::channel();
        let spawned = std::thread::Builder::new()
            .name("wingman-ledger".to_owned())
            .spawn(move || write(url, options, ready, &queue));
        spawned.map_err(|error| {
            LedgerError::new(LedgerErrorKind::Io, format!("the writer has no thread: {error}"))
        })?;
        let about = opened.await.map_err(|_| gone())??;
        let places = Arc::new(Semaphore::new(QUEUE_MAX));
        Ok(Self { about, places, requests })
    }

    pub(super) const fn id(&self) -> LedgerId {
        self.about.id
    }

    pub(super) const fn url(&self) -> &LedgerUrl {
        &self.about.url
    }

    pub(super) const fn verifier(&self) -> &Verifier {
        &self.about.verifier
    }

    pub(super) fn checkpoint_file(&self) -> &Path {
        &self.about.checkpoint_file
    }

    pub(super) const fn reader(&self) -> &Reader {
        &self.about.reader
    }

    pub(super) fn now_millis(&self) -> u64 {
        self.about.clock.now_millis()
    }

    pub(super) const fn key_created(&self) -> bool {
        self.about.key_created
    }

    /// Runs inputs, up to a batch of them in one transaction.
    pub(super) async fn transact(&self, inputs: Vec<Input>) -> Result<Vec<Reply>, LedgerError> {
        if inputs.len() <= BATCH_INPUTS_MAX {
            return self.transact_batch(inputs).await;
        }
        let mut replies = Vec::with_capacity(inputs.len());
        let mut inputs = inputs.into_iter();
        while inputs.len() > 0 {
            let batch = inputs.by_ref().take(BATCH_INPUTS_MAX).collect();
            replies.extend(self.transact_batch(batch).await?);
        }
        Ok(replies)
    }

    async fn transact_batch(&self, inputs: Vec<Input>) -> Result<Vec<Reply>, LedgerError> {
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| gone())?;
        self.ask(|reply| Request::Transact(Transact { inputs, reply, place })).await?
    }

    pub(super) async fn checkpoint_now(&self) -> Result<(), LedgerError> {
        self.ask(Request::Checkpoint).await?
    }

    pub(super) async fn close(&self) -> Result<(), LedgerError> {
        match self.ask(Request::Close).await {
            Ok(closed) => closed,
            // Closed before.
            Err(_) => Ok(()),
        }
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())
    }
}

/// The writer thread.
fn write(
    url: LedgerUrl,
    options: LedgerOptions,
    ready: oneshot::Sender<Result<About, LedgerError>>,
    queue: &Receiver<Request>,
) {
    let opened = open(&url, &options).and_then(|opened| {
        let clock = LedgerClock::new(options.clock.clone());
        Ok((about(url, &opened, clock.clone())?, Writer::new(opened, options, clock)))
    });
    let (about, writer) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            // Who asked may have gone.
            let _ = ready.send(Err(error));
            return;
        }
    };
    if ready.send(Ok(about)).is_ok() {
        writer.run(queue);
    }
}

fn about(url: LedgerUrl, opened: &Opened, clock: LedgerClock) -> Result<About, LedgerError> {
    let reader = Reader::at(&url)?;
    Ok(About {
        url,
        id: opened.id,
        verifier: opened.signer.key.verifier().clone(),
        checkpoint_file: opened.signer.file.clone(),
        key_created: opened.key_created,
        reader,
        clock,
    })
}

fn gone() -> LedgerError {
    LedgerError::new(LedgerErrorKind::Closed, "the ledger is closed: open it again to write")
}
