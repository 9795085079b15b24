//! A way to a real server on which nothing that it returns as unroutable comes back: the confirm that
//! follows then says that the message is stored (AMQP 0-9-1, 1.8.3.7, `Basic.Return`).

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Type, channel and size come first, a mark last.
const HEAD_BYTES: usize = 7;
const METHOD: u8 = 1;
const HEADER: u8 = 2;
/// Class and method `Basic.Return`.
const RETURN: [u8; 4] = [0, 60, 0, 50];

/// Listens for as long as the test runs.
pub(crate) struct Proxy(SocketAddr);

impl Proxy {
    pub(crate) fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for near in listener.incoming() {
                carry(near.unwrap(), TcpStream::connect(&server).unwrap());
            }
        });
        Self(address)
    }

    pub(crate) fn url(&self) -> String {
        format!("amqp://{}", self.0)
    }
}

/// Carries both ways until one side ends.
fn carry(near: TcpStream, far: TcpStream) {
    let (mut asked, mut server) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut asked, &mut server);
        let _ = server.shutdown(Shutdown::Both);
    });
    let (mut answers, mut asker) = (far, near);
    thread::spawn(move || {
        let mut returned = Returned::default();
        while let Some(frame) = read(&mut answers) {
            if !returned.takes(&frame) && asker.write_all(&frame).is_err() {
                break;
            }
        }
        let _ = asker.shutdown(Shutdown::Both);
    });
}

/// Reads one frame as it is.
fn read(from: &mut impl Read) -> Option<Vec<u8>> {
    let mut frame = vec![0; HEAD_BYTES];
    from.read_exact(&mut frame).ok()?;
    let size = u32::from_be_bytes(frame[3..].try_into().unwrap()) as usize;
    frame.resize(HEAD_BYTES + size + 1, 0);
    from.read_exact(&mut frame[HEAD_BYTES..]).ok()?;
    Some(frame)
}

/// Messages that are being returned, by channel, with the bytes of body that are still to come; `None`
/// until that is known.
#[derive(Default)]
struct Returned(HashMap<[u8; 2], Option<u64>>);

impl Returned {
    /// Whether a frame is of a message that is returned.
    fn takes(&mut self, frame: &[u8]) -> bool {
        let (channel, payload) = ([frame[1], frame[2]], &frame[HEAD_BYTES..frame.len() - 1]);
        if frame[0] == METHOD {
            let returns = payload.starts_with(&RETURN);
            if returns {
                self.0.insert(channel, None);
            }
            return returns;
        }
        let Some(left) = self.0.get_mut(&channel) else {
            return false;
        };
        // A header says after class and weight how long the body is; the rest is bodies.
        let rest = match left {
            None => {
                assert_eq!(frame[0], HEADER);
                u64::from_be_bytes(payload[4..12].try_into().unwrap())
            }
            Some(left) => *left - payload.len() as u64,
        };
        *left = Some(rest);
        if rest == 0 {
            self.0.remove(&channel);
        }
        true
    }
}
