//! One worker's process: what it says, and its end.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The longest wait for a line, or for the end.
const PATIENCE: Duration = Duration::from_secs(40);
/// How often it is asked whether the process has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Worker {
    process: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Worker {
    /// Starts it; its complaints are added to a file.
    pub(super) fn start(mut command: Command, complaints: &Path) -> Self {
        let log = OpenOptions::new().create(true).append(true).open(complaints);
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.expect("a file in the trial's folder"))
            .spawn()
            .expect("the worker starts");
        let stdout = process.stdout.take().expect("its output is piped");
        let (send, lines) = channel();
        thread::spawn(move || {
            let mut all = BufReader::new(stdout).lines().map_while(Result::ok);
            // Nobody listens any more once the trial has ended.
            let _ = all.try_for_each(|line| send.send(line));
        });
        Self { process, lines, said: Vec::new() }
    }

    /// Waits until it says this.
    pub(super) fn wait_for(&mut self, words: &str) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    let is_it = line == words;
                    self.said.push(line);
                    if is_it {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("the worker did not say {words:?} in {PATIENCE:?}"));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(format!("the worker ended before it said {words:?}"));
                }
            }
        }
    }

    /// `kill -9`.
    pub(super) fn kill(&mut self) {
        self.process.kill().expect("a process of ours can be killed");
        self.process.wait().expect("a killed process ends");
        self.said.extend(self.lines.iter());
    }

    /// Sends it a signal by name, such as `STOP`.
    pub(super) fn signal(&self, name: &str) -> Result<(), String> {
        let (signal, id) = (format!("-{name}"), self.process.id().to_string());
        match Command::new("kill").args([signal, id]).status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("kill -{name} ended with {status}")),
            Err(error) => Err(format!("kill -{name}: {error}")),
        }
    }

    /// Stops it where it stands. One of its threads takes the signal and tells the others: on a busy
    /// machine they run on for a while, so that this waits until each of them stands still.
    pub(super) fn suspend(&self) -> Result<(), String> {
        self.signal("STOP")?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if stands_still(self.process.id()) {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(format!("the worker did not stand still in {PATIENCE:?}"))
    }

    /// Tells it to stop, and waits until it has.
    pub(super) fn stop(&mut self) -> Result<(), String> {
        drop(self.process.stdin.take());
        match self.ended()? {
            status if status.success() => Ok(()),
            status => Err(format!("the worker ended with {status}")),
        }
    }

    /// Waits until it has ended.
    pub(super) fn ended(&mut self) -> Result<ExitStatus, String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait().map_err(|error| error.to_string())? {
                self.said.extend(self.lines.iter());
                return Ok(status);
            }
            thread::sleep(LOOK_EVERY);
        }
        Err(format!("the worker did not end in {PATIENCE:?}"))
    }

    /// What it said since the last call.
    pub(super) fn take_said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Whether each thread of a process is stopped: the third field of its `stat`, counted after the name,
/// which may hold spaces.
fn stands_still(process: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return false;
    };
    threads.flatten().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
    })
}
