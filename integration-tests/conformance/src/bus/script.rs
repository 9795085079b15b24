//! A handler that does what a case says, and notes it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use wingman_core::clock::Clock;
use wingman_core::event::{CloudEvent, Output};
use wingman_core::handler::{BoxFuture, Failure, Handler, Outcome, Request, Signature};

use super::journal::{Note, What};
use crate::environment::Environment;
use crate::expect::{self, Verdict};

/// What a run does.
pub(super) enum Play {
    /// Lets others go first, then succeeds.
    Finish,
    /// Succeeds with one event of this type, whose body is the handled event's.
    Tell(&'static str),
    /// Fails, and trying again can help.
    Fail(&'static str),
    /// Fails, and trying again cannot help.
    GiveUp(&'static str),
    /// Panics.
    Panic(&'static str),
    /// Succeeds once the case says [`Script::let_go`].
    Wait,
    /// Never ends by itself.
    Hang,
}

/// What the handlers of a case do, and did. Cloning shares it.
#[derive(Clone)]
pub(super) struct Script {
    play: Arc<dyn Fn(&Note) -> Play + Send + Sync>,
    notes: Arc<watch::Sender<Vec<Note>>>,
    go: Arc<watch::Sender<bool>>,
    clock: Clock,
    patience: Duration,
    quiet: Duration,
}

impl Script {
    /// A script whose every run asks what to do; what it is asked with is how the run started.
    pub(super) fn new(
        on: &Environment,
        play: impl Fn(&Note) -> Play + Send + Sync + 'static,
    ) -> Self {
        Self {
            play: Arc::new(play),
            notes: Arc::new(watch::Sender::new(Vec::new())),
            go: Arc::new(watch::Sender::new(false)),
            clock: on.clock(),
            patience: on.timing().patience,
            quiet: on.timing().quiet,
        }
    }

    /// The handler of events of this type.
    pub(super) fn handler(&self, consumes: &'static str) -> Arc<dyn Handler> {
        let script = self.clone();
        Arc::new(Scripted { script, consumes })
    }

    /// Lets those end that wait.
    pub(super) fn let_go(&self) {
        self.go.send_replace(true);
    }

    /// Everything that happened, in order.
    pub(super) fn notes(&self) -> Vec<Note> {
        self.notes.borrow().clone()
    }

    /// Bodies in the order in which their runs did this, each as often as it did.
    pub(super) fn bodies(&self, what: What) -> Vec<String> {
        let notes = self.notes.borrow();
        let these = notes.iter().filter(|note| note.what == what);
        these.map(|note| note.body.clone()).collect()
    }

    /// Waits until the notes fulfil a condition, within the backend's patience.
    pub(super) async fn until(
        &self,
        expected: &str,
        mut condition: impl FnMut(&[Note]) -> bool,
    ) -> Verdict {
        let mut notes = self.notes.subscribe();
        let fulfilled = notes.wait_for(|notes| condition(notes));
        let in_time = tokio::time::timeout(self.patience, fulfilled).await.is_ok();
        expect::holds(expected, in_time, self.notes())
    }

    /// Waits until this many runs did this.
    pub(super) async fn until_count(&self, what: What, count: usize) -> Verdict {
        let expected = format!("{count} times {what:?}");
        let of = |notes: &[Note]| notes.iter().filter(|note| note.what == what).count();
        self.until(&expected, |notes| of(notes) >= count).await
    }

    /// Fails if anything more happens within this time.
    pub(super) async fn nothing_for(&self, time: Duration) -> Verdict {
        let mut notes = self.notes.subscribe();
        let before = notes.borrow_and_update().len();
        let moved = tokio::time::timeout(time, notes.changed()).await.is_ok();
        let more = self.notes().split_off(before);
        expect::holds("nothing more to happen", !moved, more)
    }

    /// Fails if anything more happens while the suite believes that it could.
    pub(super) async fn nothing(&self) -> Verdict {
        self.nothing_for(self.quiet).await
    }

    /// Waits until nothing more has happened for this long, within the backend's patience.
    pub(super) async fn rest_for(&self, time: Duration) -> Verdict {
        let mut notes = self.notes.subscribe();
        let resting = async { while tokio::time::timeout(time, notes.changed()).await.is_ok() {} };
        let limit = self.patience + time;
        let rests = tokio::time::timeout(limit, resting).await.is_ok();
        expect::holds("an end of what happens", rests, self.notes())
    }

    fn note(&self, what: What, request: &Request) -> Note {
        let note = Note {
            what,
            body: body(&request.event),
            event: Arc::clone(&request.event),
            attempt: request.attempt,
            at: self.clock.now(),
        };
        self.notes.send_modify(|notes| notes.push(note.clone()));
        note
    }
}

/// The text in an event's data.
fn body(event: &CloudEvent) -> String {
    let data = event.data.as_deref().unwrap_or_default();
    String::from_utf8_lossy(data).trim_matches('"').to_owned()
}

struct Scripted {
    script: Script,
    consumes: &'static str,
}

impl Handler for Scripted {
    fn signature(&self) -> Signature {
        Signature { consumes: vec![self.consumes], ..Signature::default() }
    }

    fn call(&self, request: Request) -> BoxFuture<Outcome> {
        let started = self.script.note(What::Started, &request);
        let play = (self.script.play)(&started);
        let run = Run { script: self.script.clone(), request, ended: false };
        Box::pin(run.perform(play))
    }
}

/// A run; that it is dropped before its end is noted too.
struct Run {
    script: Script,
    request: Request,
    ended: bool,
}

impl Run {
    async fn perform(mut self, play: Play) -> Outcome {
        let failed = |failure: Failure| Outcome::Failed(failure);
        let outcome = match play {
            Play::Finish => {
                tokio::task::yield_now().await;
                Outcome::Finished(Vec::new())
            }
            Play::Tell(ty) => {
                let data = self.request.event.data.clone().unwrap_or_default();
                Outcome::Finished(vec![Output::json(ty, data)])
            }
            Play::Fail(reason) => failed(Failure::environmental(reason)),
            Play::GiveUp(reason) => failed(Failure::structural(reason)),
            Play::Panic(reason) => {
                self.end();
                // A panic as any other, but without a report among the tests' own.
                std::panic::resume_unwind(Box::new(reason))
            }
            Play::Wait => {
                let mut go = self.script.go.subscribe();
                // The sender lives in the script, so the wait ends only by its word.
                let _ = go.wait_for(|go| *go).await;
                Outcome::Finished(Vec::new())
            }
            Play::Hang => std::future::pending().await,
        };
        self.end();
        outcome
    }

    fn end(&mut self) {
        self.ended = true;
        self.script.note(What::Ended, &self.request);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.ended {
            self.script.note(What::Cancelled, &self.request);
        }
    }
}
