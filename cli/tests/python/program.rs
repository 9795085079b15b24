//! The Python program, run by the script that fetches its clients.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../integration-tests/python/run.sh");

/// Runs it to its end with this on its standard input; gives what it printed.
pub(crate) fn run(words: &[&str], input: &str) -> Result<String, String> {
    let mut program = Program::start(words)?;
    let mut stdin = program.child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let printed = program.end();
    writer.join().unwrap();
    printed
}

/// The program while it runs; ended if nobody waits for it. It bounds its own waits.
pub(crate) struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
    words: String,
}

impl Program {
    pub(crate) fn start(words: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(SCRIPT)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{SCRIPT}: {error}"))?;
        let out = BufReader::new(child.stdout.take().unwrap());
        Ok(Self { child, out, words: words.join(" ") })
    }

    /// Waits until it printed this line.
    pub(crate) fn wait_for(&mut self, line: &str) -> Result<(), String> {
        let mut printed = String::new();
        self.out.read_line(&mut printed).map_err(|error| error.to_string())?;
        if printed.trim_end() == line {
            return Ok(());
        }
        Err(format!("the Python program `{}` printed {printed:?}, not {line:?}", self.words))
    }

    /// Waits for its end; gives what it printed since then.
    pub(crate) fn end(mut self) -> Result<String, String> {
        let mut printed = String::new();
        self.out.read_to_string(&mut printed).map_err(|error| error.to_string())?;
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() {
            return Ok(printed);
        }
        Err(format!(
            "the Python program `{}` ended with {status}: see its own words above",
            self.words
        ))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already unless a test gave up.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
