//! Running the command: each wait has a bound, and what was started is ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The one JSON value that was printed.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A JSON value a line.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Fails unless the command did its work.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Fails unless the command ended with this code and these parts of a message.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in the message: {self:?}");
        }
        self
    }
}

/// How each request of a demo ended, as its report says.
pub(crate) fn outcomes(report: &Value) -> Vec<&str> {
    let requests = report["requests"].as_array().unwrap();
    requests.iter().map(|it| it["outcome"].as_str().unwrap()).collect()
}

/// A folder in which commands run, with a ledger in `demo`.
pub(crate) struct Place {
    folder: TempDir,
}

pub(crate) const LEDGER: &str = "sqlite://demo/ledger.db";

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A folder in which the demo ran once.
    pub(crate) fn with_demo() -> Self {
        let place = Self::new();
        place.run(&["demo", "--out", "demo"]).done();
        place
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Replaces a part of a file that must be there, as a person with an editor would.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{from:?} is not in {name}");
        std::fs::write(self.path(name), text.replace(from, to)).unwrap();
    }

    /// Runs the command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end()
    }

    /// Runs a command with `--json --ledger` of this place's ledger.
    pub(crate) fn on_ledger(&self, arguments: &[&str]) -> Ended {
        self.run(&[arguments, &["--json", "--ledger", LEDGER]].concat())
    }

    /// Starts the command and returns.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.folder.path(), arguments)
    }
}

/// A command that runs; killed if a test ends before it.
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    out: Receiver<String>,
    err: Receiver<String>,
    printed: String,
    said: String,
}

impl Running {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wingman"))
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self {
            input: child.stdin.take(),
            out: read_lines(out),
            err: read_lines(err),
            child,
            printed: String::new(),
            said: String::new(),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Types into its standard input.
    pub(crate) fn type_in(&mut self, text: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// Waits until a line of its standard error holds this.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, part: &str) {
        wait_for(&self.err, &mut self.said, part);
    }

    /// Waits until a line of its standard output holds this.
    #[track_caller]
    pub(crate) fn wait_for_output(&mut self, part: &str) {
        wait_for(&self.out, &mut self.printed, part);
    }

    /// Sends it a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success(), "no {name} for {id}");
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(self) -> Ended {
        self.end_within(PATIENCE)
    }

    /// Waits for its end for as long as this.
    #[track_caller]
    pub(crate) fn end_within(mut self, limit: Duration) -> Ended {
        let deadline = Instant::now() + limit;
        self.printed.push_str(&rest(&self.out, deadline));
        self.said.push_str(&rest(&self.err, deadline));
        // Both outputs are closed: it is about to end.
        let code = eventually("the command ends", || {
            self.child.try_wait().unwrap().map(|status| status.code())
        });
        let (out, err) = (std::mem::take(&mut self.printed), std::mem::take(&mut self.said));
        Ended { code, out, err }
    }

    /// Closes the reading end of its standard output, as `| head -0` does.
    pub(crate) fn deaf(arguments: &[&str], folder: &Place) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wingman"))
            .args(arguments)
            .current_dir(folder.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let err = child.stderr.take().unwrap();
        let (printed, said) = (String::new(), String::new());
        Self { input: None, out: channel().1, err: read_lines(err), child, printed, said }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended, or not needed any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until there is an answer.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::yield_now();
    }
}

#[track_caller]
fn wait_for(lines: &Receiver<String>, heard: &mut String, part: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = lines
            .recv_timeout(left)
            .unwrap_or_else(|_| panic!("it never said {part:?} but {heard:?}"));
        heard.push_str(&line);
        if line.contains(part) {
            return;
        }
    }
}

fn read_lines(source: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut source = BufReader::new(source);
        let mut line = String::new();
        while source.read_line(&mut line).is_ok_and(|read| read > 0) {
            if sender.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    receiver
}

fn rest(lines: &Receiver<String>, deadline: Instant) -> String {
    let mut text = String::new();
    while let Ok(line) = lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        text.push_str(&line);
    }
    assert!(Instant::now() < deadline, "the command did not end: {text}");
    text
}
