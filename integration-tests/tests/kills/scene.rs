//! The processes of one trial: a recorder that lives through it, and workers that do not.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wingman_governance::governor::open_in;
use wingman_governance::ledger::{LedgerError, Reader};
use wingman_tests::kills::workflow::{self, HANDLERS};

use super::brokers::{Broker, Sent};
use super::evidence::{Evidence, WorkSent};
use super::worker::Worker;

/// The longest wait for a complaint.
const PATIENCE: Duration = Duration::from_secs(40);
/// How often the ledger is asked whether all is settled.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Far more stamps than a trial makes.
const STAMPS_MAX: usize = 10_000;

#[derive(Debug)]
pub(super) struct Scene {
    folder: TempDir,
    pub(super) broker: Arc<dyn Broker>,
    pub(super) namespace: String,
    recorder: Child,
    recorder_address: String,
    works: u32,
    /// What workers said about the works they published.
    said: Vec<String>,
    foreign: Vec<Sent>,
    /// What workers are given as the broker's URL, if it is not the broker's own.
    pub(super) url: Option<String>,
}

impl Scene {
    /// A recorder, and a namespace of its own on the broker. Each producer publishes so many works.
    pub(super) fn new(name: &str, broker: Arc<dyn Broker>, works: u32) -> Self {
        let folder = TempDir::new().expect("a folder for ledger and notes");
        let mut recorder = Command::new(env!("CARGO_BIN_EXE_recorder"))
            .arg(folder.path().join("notes.txt"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the recorder starts");
        let mut recorder_address = String::new();
        let stdout = recorder.stdout.take().expect("its output is piped");
        BufReader::new(stdout).read_line(&mut recorder_address).expect("it tells its address");
        Self {
            namespace: format!("kills-{}-{}", name.replace(' ', "-"), std::process::id()),
            recorder_address: recorder_address.trim_end().to_owned(),
            folder,
            broker,
            recorder,
            works,
            said: Vec::new(),
            foreign: Vec::new(),
            url: None,
        }
    }

    pub(super) fn ledger(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("ledger.db").display())
    }

    /// Has a program without a governor publish its works.
    pub(super) fn publish_foreign(&mut self, producer: &str) {
        let work = |number| workflow::work(producer, number).expect("a work is an event");
        let events: Vec<_> = (0..self.works).map(work).collect();
        self.broker.add(&self.namespace, &events);
        for event in &events {
            self.said.push(format!("recorded {}", event.id()));
            self.foreign.push(Sent::of(event));
        }
    }

    /// Starts a worker that publishes what these producers have; with a place it will stand still there.
    pub(super) fn worker(&self, producers: &[String], stop_at: Option<(&str, u32)>) -> Worker {
        self.flawed_worker(producers, stop_at, None)
    }

    /// Starts a worker that does something wrong, as this argument says.
    pub(super) fn flawed_worker(
        &self,
        producers: &[String],
        stop_at: Option<(&str, u32)>,
        flaw: Option<(&str, &str)>,
    ) -> Worker {
        let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
        let works = self.works.to_string();
        for (name, value) in [
            ("--broker", self.url.as_deref().unwrap_or(self.broker.url())),
            ("--ledger", &self.ledger()),
            ("--namespace", &self.namespace),
            ("--recorder", &self.recorder_address),
            ("--producers", &producers.join(",")),
            ("--works", &works),
        ] {
            command.args([name, value]);
        }
        if let Some((place, occurrence)) = stop_at {
            command.args(["--stop-at", place, "--occurrence", &occurrence.to_string()]);
            command.arg("--until").arg(self.go_on());
        }
        if let Some((name, value)) = flaw {
            command.args([name, value]);
        }
        Worker::start(command, &self.folder.path().join("workers.log"))
    }

    /// The file for which a worker that stands still waits.
    fn go_on(&self) -> PathBuf {
        self.folder.path().join("go-on")
    }

    /// Lets workers that stand still go on.
    pub(super) fn let_go_on(&self) {
        std::fs::write(self.go_on(), "").expect("a file in the trial's folder");
    }

    /// Waits until the ledger has stamped that a worker came too late.
    pub(super) fn wait_for_late_stamp(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let newest = Reader::open(&self.ledger()).and_then(|it| it.newest_stamps(STAMPS_MAX));
            let newest = newest.map_err(|error| error.to_string())?;
            if newest.iter().any(|stamp| stamp.kind == "late") {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(format!("no worker was stamped late in {PATIENCE:?}"))
    }

    /// Takes over what a worker said.
    pub(super) fn heard(&mut self, worker: &mut Worker) {
        let about_works = |it: &String| it.starts_with("recorded ") || it.starts_with("known ");
        self.said.extend(worker.take_said().into_iter().filter(about_works));
    }

    /// Every work that somebody was told is accepted.
    pub(super) fn works(&self) -> Vec<WorkSent> {
        let mut works: Vec<WorkSent> = Vec::new();
        for line in &self.said {
            let (word, id) = line.split_once(' ').unwrap_or_default();
            let promises = usize::from(word == "recorded");
            if let Some(work) = works.iter_mut().find(|work| work.id == id) {
                work.promises += promises;
                continue;
            }
            let number = id.rsplit('-').next().and_then(|text| text.parse().ok());
            let number = number.expect("a work ends with its number");
            let (key, declined) = (workflow::key(number), workflow::is_declined(number));
            works.push(WorkSent { id: id.to_owned(), key, declined, promises });
        }
        works
    }

    /// Waits until nothing is open in the trees of all accepted works.
    pub(super) fn wait_until_settled(&self, within: Duration) -> Result<(), String> {
        let deadline = Instant::now() + within;
        let works = self.works();
        loop {
            let open = self.open(&works).map_err(|error| error.to_string())?;
            match open {
                None => return Ok(()),
                Some(open) if Instant::now() >= deadline => {
                    return Err(format!("not settled in {within:?}: {open}"));
                }
                Some(_) => thread::sleep(LOOK_EVERY),
            }
        }
    }

    fn open(&self, works: &[WorkSent]) -> Result<Option<String>, LedgerError> {
        let reader = Reader::open(&self.ledger())?;
        let contracts = workflow::contracts().expect("the contracts are sound");
        let handlers = HANDLERS.map(|(name, _)| name);
        for WorkSent { id, .. } in works {
            if reader.executions_in(id)?.is_empty() {
                return Ok(Some(format!("{id} has not come in")));
            }
            let open = open_in(&reader, &contracts, &handlers, id)?;
            if !open.is_settled() {
                return Ok(Some(format!("{id}: {open:?}")));
            }
        }
        let work = reader.open_work(None)?;
        Ok((!work.is_none()).then(|| format!("{work:?}")))
    }

    /// Waits until the recorder has noted so many calls more.
    pub(super) fn wait_for_calls(&self, more: usize) -> Result<(), String> {
        let notes = self.folder.path().join("notes.txt");
        let count = || std::fs::read_to_string(&notes).unwrap_or_default().lines().count();
        let (deadline, expected) = (Instant::now() + PATIENCE, count() + more);
        while count() < expected {
            if Instant::now() >= deadline {
                return Err(format!("{} calls were noted, not {expected}", count()));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Reads ledger, notes and broker.
    pub(super) fn evidence(&self) -> Evidence {
        let notes = self.folder.path().join("notes.txt");
        let found = Evidence::gather(&self.ledger(), &notes, &*self.broker, &self.namespace);
        Evidence { works: self.works(), foreign: self.foreign.clone(), ..found }
    }

    /// Waits until some worker has complained in these words.
    pub(super) fn wait_for_complaint(&self, words: &str) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while !self.complaints().contains(words) {
            if Instant::now() >= deadline {
                return Err(format!("{words:?} is not in {:?}", self.complaints()));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// What workers complained of.
    pub(super) fn complaints(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("workers.log")).unwrap_or_default()
    }

    /// Keeps ledger and notes for whoever looks into a failure, and says where.
    pub(super) fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // The recorder ends with its standard input, too; nothing is lost by ending it at once.
        let _ = self.recorder.kill();
        let _ = self.recorder.wait();
    }
}
