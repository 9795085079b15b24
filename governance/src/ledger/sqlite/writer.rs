//! The writer thread: takes what has queued, runs it in one transaction, answers.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::clock::LedgerClock;
use super::open::{Opened, no_randomness};
use super::signer::Signer;
use super::store::Store;
use crate::digest::Digest;
use crate::ledger::gap::Gap;
use crate::ledger::{LedgerError, LedgerErrorKind, LedgerOptions};
use crate::protocol::input::{Input, Reply};
use crate::protocol::{State, step};

/// Inputs that share a transaction, at most.
pub(super) const BATCH_INPUTS_MAX: usize = 1_024;
/// After this long without a pause the writer pauses, so that other processes get in (R13).
const WRITING_MAX: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_millis(5);
/// The longest wait for a request; only so that the wait is bounded.
const IDLE_MAX: Duration = Duration::from_secs(3_600);

/// What the thread is asked for.
#[derive(Debug)]
pub(super) enum Request {
    /// Run these inputs.
    Transact(Transact),
    /// Write a checkpoint now.
    Checkpoint(oneshot::Sender<Result<(), LedgerError>>),
    /// Write a last checkpoint and end.
    Close(oneshot::Sender<Result<(), LedgerError>>),
}

/// Inputs that one caller waits for.
#[derive(Debug)]
pub(super) struct Transact {
    pub(super) inputs: Vec<Input>,
    pub(super) reply: oneshot::Sender<Result<Vec<Reply>, LedgerError>>,
    /// The place in the queue, given back with the reply.
    pub(super) place: OwnedSemaphorePermit,
}

/// The thread's state.
#[derive(Debug)]
pub(super) struct Writer {
    store: Store,
    signer: Signer,
    options: LedgerOptions,
    clock: LedgerClock,
    /// Why nothing is written any more.
    closed: Option<LedgerError>,
    /// Since when there was no pause.
    writing_since: Instant,
    /// Whether it was said that the ledger is filling.
    warned: bool,
}

impl Writer {
    pub(super) fn new(opened: Opened, options: LedgerOptions, clock: LedgerClock) -> Self {
        let Opened { store, signer, .. } = opened;
        clock.keep_up_with(store.head().at_millis);
        Self {
            store,
            signer,
            options,
            clock,
            closed: None,
            writing_since: Instant::now(),
            warned: false,
        }
    }

    /// Serves requests until it is told to close, or nobody can ask any more.
    pub(super) fn run(mut self, requests: &Receiver<Request>) {
        let mut next = None;
        loop {
            let request = match next.take() {
                Some(request) => request,
                None => match self.wait(requests) {
                    Ok(request) => request,
                    Err(RecvTimeoutError::Timeout) => {
                        self.sign_if_due();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => {
                        self.report(self.closed.is_some(), Self::sign);
                        self.store.copy_wal();
                        return;
                    }
                },
            };
            match request {
                Request::Transact(first) => {
                    let batch = gather(first, requests, &mut next);
                    self.serve(batch);
                    self.sign_if_due();
                    self.let_others_in();
                }
                Request::Checkpoint(reply) => answer(reply, self.sign()),
                Request::Close(reply) => {
                    let signed = self.sign();
                    self.store.copy_wal();
                    answer(reply, signed);
                    return;
                }
            }
        }
    }

    fn wait(&mut self, requests: &Receiver<Request>) -> Result<Request, RecvTimeoutError> {
        let size = self.store.head().frontier.size();
        let patience = self.signer.wait(size).unwrap_or(IDLE_MAX);
        let started = Instant::now();
        let received = requests.recv_timeout(patience);
        if started.elapsed() >= PAUSE {
            self.writing_since = Instant::now();
        }
        received
    }

    fn let_others_in(&mut self) {
        if self.writing_since.elapsed() >= WRITING_MAX {
            std::thread::sleep(PAUSE);
            self.writing_since = Instant::now();
        }
    }

    fn serve(&mut self, batch: Vec<Transact>) {
        let (waiting, inputs): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|Transact { inputs, reply, place }| ((reply, place, inputs.len()), inputs))
            .unzip();
        match self.transact(inputs.into_iter().flatten().collect()) {
            Ok(replies) => {
                let mut replies = replies.into_iter();
                for (reply, place, count) in waiting {
                    answer(reply, Ok(replies.by_ref().take(count).collect()));
                    drop(place);
                }
            }
            Err(error) => {
                for (reply, ..) in waiting {
                    answer(reply, Err(error.clone()));
                }
            }
        }
    }

    /// Runs inputs in one transaction; an error means that none of them happened.
    fn transact(&mut self, inputs: Vec<Input>) -> Result<Vec<Reply>, LedgerError> {
        self.expect_open()?;
        let gaps: BTreeSet<_> = inputs.iter().filter_map(gaps_of).collect();
        self.store.begin()?;
        let replies = self.steps(inputs, &gaps).map_err(|error| self.give_up(error))?;
        for (_, after) in gaps {
            self.options.gaps.reached(after);
        }
        Ok(replies)
    }

    fn steps(
        &mut self,
        inputs: Vec<Input>,
        gaps: &BTreeSet<(Option<Gap>, Gap)>,
    ) -> Result<Vec<Reply>, LedgerError> {
        self.clock.keep_up_with(self.store.head().at_millis);
        let now = self.clock.now_millis();
        let mut entropy = vec![0; inputs.len() * 32];
        getrandom::fill(&mut entropy).map_err(no_randomness)?;
        let mut replies = Vec::with_capacity(inputs.len());
        for (input, entropy) in inputs.into_iter().zip(entropy.as_chunks::<32>().0) {
            let mut state = State {
                rows: &mut self.store,
                contracts: &self.options.contracts,
                settings: &self.options.settings,
                now,
                entropy: Digest::from(*entropy),
                salts: 0,
            };
            replies.push(step(&mut state, input)?);
        }
        let written = self.store.write(now)?;
        for (before, _) in gaps {
            if let Some(before) = before {
                self.options.gaps.reached(*before);
            }
        }
        self.store.commit(written)?;
        Ok(replies)
    }

    /// Undoes the open transaction. Some errors end all writing until the ledger is opened again.
    fn give_up(&mut self, error: LedgerError) -> LedgerError {
        self.store.roll_back();
        match error.kind() {
            LedgerErrorKind::Full | LedgerErrorKind::Lost | LedgerErrorKind::Corrupt => {
                tracing::error!(%error, "the ledger takes no more writes");
                self.closed = Some(error.clone());
            }
            LedgerErrorKind::Missing
            | LedgerErrorKind::Version
            | LedgerErrorKind::Busy
            | LedgerErrorKind::Url
            | LedgerErrorKind::Io
            | LedgerErrorKind::Closed
            | LedgerErrorKind::Refused => {}
        }
        error
    }

    fn expect_open(&self) -> Result<(), LedgerError> {
        self.closed.clone().map_or(Ok(()), Err)
    }

    fn sign(&mut self) -> Result<(), LedgerError> {
        self.expect_open()?;
        self.signer.sign(&mut self.store)
    }

    fn sign_if_due(&mut self) {
        let size = self.store.head().frontier.size();
        let due = self.signer.wait(size) == Some(Duration::ZERO);
        self.report(!due || self.closed.is_some(), Self::sign);
        if due {
            self.warn_if_filling();
        }
    }

    /// Says once that the bound on the ledger's size is near.
    fn warn_if_filling(&mut self) {
        let Ok((pages, pages_max)) = self.store.pages() else {
            return;
        };
        if !self.warned && pages / 4 >= pages_max / 5 {
            self.warned = true;
            tracing::warn!(
                pages,
                pages_max,
                "the ledger is 80% full; once it is full, all work stops"
            );
        }
    }

    fn report(&mut self, skip: bool, sign: impl FnOnce(&mut Self) -> Result<(), LedgerError>) {
        if skip {
            return;
        }
        if let Err(error) = sign(self) {
            tracing::warn!(%error, "no checkpoint was written");
        }
    }
}

/// Everything that has queued behind the first, within the bound of a batch; what does not fit or is
/// something else is served next.
fn gather(
    first: Transact,
    requests: &Receiver<Request>,
    next: &mut Option<Request>,
) -> Vec<Transact> {
    let mut inputs = first.inputs.len();
    let mut batch = vec![first];
    while inputs < BATCH_INPUTS_MAX {
        match requests.try_recv() {
            Ok(Request::Transact(more)) if inputs + more.inputs.len() <= BATCH_INPUTS_MAX => {
                inputs += more.inputs.len();
                batch.push(more);
            }
            Ok(other) => {
                *next = Some(other);
                break;
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
        }
    }
    batch
}

/// The gaps before and after the commit of an input that are the ledger's to tell.
const fn gaps_of(input: &Input) -> Option<(Option<Gap>, Gap)> {
    match input {
        Input::Judge(_) | Input::Wake { .. } => {
            Some((Some(Gap::AdmitBeforeCommit), Gap::AdmitAfterCommit))
        }
        Input::Conclude(_) => Some((Some(Gap::FinishBeforeCommit), Gap::FinishAfterCommit)),
        Input::Intend(_) => Some((None, Gap::IntentAfterCommit)),
        Input::Report { .. } => Some((None, Gap::ResultAfterCommit)),
        Input::Join { .. }
        | Input::Heartbeat { .. }
        | Input::Bury { .. }
        | Input::Publish { .. }
        | Input::Relay { .. }
        | Input::Relayed { .. }
        | Input::Decide { .. }
        | Input::Review { .. }
        | Input::Command { .. }
        | Input::Fence { .. }
        | Input::Undo { .. }
        | Input::Resolve { .. }
        | Input::Undone { .. } => None,
    }
}

/// Answers a caller, who may have gone: what was asked for is done all the same.
fn answer<T>(reply: oneshot::Sender<T>, with: T) {
    let _ = reply.send(with);
}
