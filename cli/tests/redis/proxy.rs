//! A way to a real server that reads what is asked, and lies.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the way does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Nothing.
    None,
    /// Of each stream it confirms every tenth message and keeps it to itself.
    DropsEveryTenth,
    /// It passes nothing on any more, and the connections stay.
    Silent,
}

/// What all of its connections share.
struct Shared {
    lie: Lie,
    /// The names of the commands that were asked.
    heard: Vec<String>,
    /// Messages of each stream.
    messages: HashMap<Vec<u8>, u64>,
}

/// Listens for as long as the test runs.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

impl Proxy {
    pub(crate) fn to(server: String, lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared { lie, heard: Vec::new(), messages: HashMap::new() };
        let shared = Arc::new(Mutex::new(shared));
        let each = shared.clone();
        thread::spawn(move || {
            for near in listener.incoming() {
                let (near, far) = (near.unwrap(), TcpStream::connect(&server).unwrap());
                carry(near, far, each.clone());
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub(crate) fn lies(&self, lie: Lie) {
        self.shared.lock().unwrap().lie = lie;
    }

    /// The commands that were asked, each once, sorted.
    pub(crate) fn heard(&self) -> Vec<String> {
        let mut heard = self.shared.lock().unwrap().heard.clone();
        heard.sort();
        heard.dedup();
        heard
    }

    /// How many messages were taken in.
    pub(crate) fn messages(&self) -> u64 {
        self.shared.lock().unwrap().messages.values().sum()
    }
}

/// Carries both ways until one side ends.
fn carry(near: TcpStream, far: TcpStream, shared: Arc<Mutex<Shared>>) {
    let (mut answers, mut asker) = (far.try_clone().unwrap(), near.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut asker);
        let _ = asker.shutdown(std::net::Shutdown::Both);
    });
    thread::spawn(move || {
        let (mut asked, mut server) = (BufReader::new(near), far);
        while let Some(command) = read(&mut asked) {
            let Some(command) = decide(&mut shared.lock().unwrap(), command) else {
                continue;
            };
            if server.write_all(&encode(&command)).is_err() {
                break;
            }
        }
        let _ = server.shutdown(std::net::Shutdown::Both);
    });
}

/// What goes to the server instead of a command.
fn decide(shared: &mut Shared, command: Vec<Vec<u8>>) -> Option<Vec<Vec<u8>>> {
    let name = String::from_utf8_lossy(&command[0]).to_ascii_uppercase();
    let is_message = name == "XADD";
    shared.heard.push(name);
    if is_message {
        let count = shared.messages.entry(command[1].clone()).or_default();
        *count += 1;
        if shared.lie == Lie::DropsEveryTenth && count.is_multiple_of(10) {
            // Answered as a message that was stored is: by its id.
            return Some(vec![b"ECHO".to_vec(), b"1-1".to_vec()]);
        }
    }
    (shared.lie != Lie::Silent).then_some(command)
}

/// Reads one command: an array of bulk strings (Redis serialization protocol).
fn read(from: &mut impl BufRead) -> Option<Vec<Vec<u8>>> {
    let count = number(from, '*')?;
    (0..count).map(|_| bulk(from)).collect()
}

fn bulk(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut bytes = vec![0; number(from, '$')? + 2];
    from.read_exact(&mut bytes).ok()?;
    bytes.truncate(bytes.len() - 2);
    Some(bytes)
}

fn number(from: &mut impl BufRead, sign: char) -> Option<usize> {
    let mut line = String::new();
    from.read_line(&mut line).ok()?;
    line.strip_prefix(sign)?.trim_end().parse().ok()
}

fn encode(command: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for part in command {
        bytes.extend(format!("${}\r\n", part.len()).into_bytes());
        bytes.extend(part);
        bytes.extend(b"\r\n");
    }
    bytes
}
