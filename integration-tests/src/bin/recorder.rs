//! Notes tool calls, without any code of Wingman: the standard library and nothing else.
//!
//! `recorder FILE` listens on a free port of 127.0.0.1 and prints its address. A connection sends one
//! line, `VERB TOOL KEY WORK`: `do` and `undo` are appended to the file, which is synced before `ok`
//! is answered; `seen` is answered `yes` or `no`. Ends when its standard input does.
#![allow(clippy::print_stdout, reason = "the address is told on the standard output")]

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A line longer than this is nobody's.
const LINE_BYTES_MAX: u64 = 4_096;

struct Notes {
    file: File,
    /// `TOOL KEY` of each `do`.
    done: Vec<String>,
}

fn main() -> io::Result<()> {
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "usage: recorder FILE");
    let path = std::env::args().nth(1).ok_or_else(usage)?;
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let notes = Arc::new(Mutex::new(Notes { file, done: Vec::new() }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let notes = Arc::clone(&notes);
            // A caller that was killed has nobody to tell; what was noted stays noted.
            thread::spawn(move || serve(&stream, &notes).ok());
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

fn serve(mut stream: &TcpStream, notes: &Mutex<Notes>) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new(stream.take(LINE_BYTES_MAX)).read_line(&mut line)?;
    // Without its end a line is not a call: its sender died while it sent.
    let Some(line) = line.strip_suffix('\n') else {
        return Ok(());
    };
    let answer = notes.lock().unwrap_or_else(PoisonError::into_inner).take(line)?;
    writeln!(stream, "{answer}")
}

impl Notes {
    fn take(&mut self, line: &str) -> io::Result<&'static str> {
        let [verb, tool, key, _work] = *line.split(' ').collect::<Vec<_>>() else {
            return Ok("what?");
        };
        let call = format!("{tool} {key}");
        match verb {
            "seen" if self.done.contains(&call) => return Ok("yes"),
            "seen" => return Ok("no"),
            "do" => self.done.push(call),
            "undo" => {}
            _ => return Ok("what?"),
        }
        writeln!(self.file, "{line}")?;
        self.file.sync_all()?;
        Ok("ok")
    }
}
