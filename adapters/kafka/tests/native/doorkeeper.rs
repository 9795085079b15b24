//! Stands before the broker's listener that asks who we are: takes connections, and cuts them or says
//! nothing as a test wants.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

/// Requests, by their number in Kafka's protocol.
const METADATA: i16 = 3;
const SASL_HANDSHAKE: i16 = 17;
pub(crate) const INIT_PRODUCER_ID: i16 = 22;

pub(crate) struct Doorkeeper(Arc<Door>);

struct Door {
    port: u16,
    behind: u16,
    cuts: Mutex<Cuts>,
    /// How many connections were cut while they proved who they are.
    cut: AtomicUsize,
    connections: AtomicUsize,
    requests: Mutex<BTreeMap<i16, usize>>,
    /// How often all connections were ended.
    ended: watch::Sender<usize>,
    is_silent: watch::Sender<bool>,
    is_held: watch::Sender<bool>,
    /// How many questions were held.
    held: AtomicUsize,
}

/// What happens to whoever begins to prove who it is.
enum Cuts {
    None,
    /// So many are cut.
    Next(usize),
    /// From the first one on, for so long.
    Within(Duration),
    Until(Instant),
}

impl Doorkeeper {
    /// Before the listener of `brokers.sh` that asks who we are, at this port.
    pub(crate) async fn before(behind: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Arc::new(Door {
            port: listener.local_addr().unwrap().port(),
            behind,
            cuts: Mutex::new(Cuts::None),
            cut: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            requests: Mutex::default(),
            ended: watch::Sender::new(0),
            is_silent: watch::Sender::new(false),
            is_held: watch::Sender::new(false),
            held: AtomicUsize::new(0),
        });
        let of = door.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                of.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(of.clone(), client));
            }
        });
        Self(door)
    }

    pub(crate) fn url(&self, settings: &str) -> String {
        format!("kafka://wingman:test@127.0.0.1:{}?mechanism=PLAIN&{settings}", self.0.port)
    }

    pub(crate) fn cut_next(&self, left: usize) {
        *self.0.cuts.lock().unwrap() = Cuts::Next(left);
    }

    /// Cuts whoever begins to prove who it is, from the first one on for so long.
    pub(crate) fn cut_for(&self, time: Duration) {
        *self.0.cuts.lock().unwrap() = Cuts::Within(time);
    }

    /// Whether nothing is passed on.
    pub(crate) fn say_nothing(&self, is_silent: bool) {
        self.0.is_silent.send_replace(is_silent);
    }

    /// Holds questions for the topic that is asked for when only an answer is wanted.
    pub(crate) fn hold_questions(&self) {
        self.0.is_held.send_replace(true);
    }

    pub(crate) fn held(&self) -> usize {
        self.0.held.load(Ordering::SeqCst)
    }

    /// Ends the connections that there are.
    pub(crate) fn end_all(&self) {
        self.0.ended.send_modify(|ended| *ended += 1);
    }

    pub(crate) fn cut(&self) -> usize {
        self.0.cut.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.0.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self, key: i16) -> usize {
        self.0.requests.lock().unwrap().get(&key).copied().unwrap_or_default()
    }
}

impl Door {
    /// Whether this connection, which begins to prove who it is, is cut.
    fn cuts(&self) -> bool {
        let mut cuts = self.cuts.lock().unwrap();
        let is_cut = match &mut *cuts {
            Cuts::None | Cuts::Next(0) => false,
            Cuts::Next(left) => {
                *left -= 1;
                true
            }
            Cuts::Within(time) => {
                *cuts = Cuts::Until(Instant::now() + *time);
                true
            }
            Cuts::Until(end) => Instant::now() < *end,
        };
        if is_cut {
            self.cut.fetch_add(1, Ordering::SeqCst);
        }
        is_cut
    }
}

async fn serve(door: Arc<Door>, client: TcpStream) {
    let mut ended = door.ended.subscribe();
    let Ok(broker) = TcpStream::connect(("127.0.0.1", door.behind)).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_broker, to_broker) = broker.into_split();
    // Whatever ends first ends the connection.
    tokio::select! {
        _ = ask(&door, from_client, to_broker) => {}
        _ = answer(&door, from_broker, to_client) => {}
        _ = ended.changed() => {}
    }
}

/// The bytes of one request or answer, without their length; nothing of it while silence is kept.
async fn frame(door: &Door, from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let length = usize::try_from(from.read_i32().await?).map_err(io::Error::other)?;
    let mut frame = vec![0; length];
    from.read_exact(&mut frame).await?;
    let _ = door.is_silent.subscribe().wait_for(|is_silent| !is_silent).await;
    Ok(frame)
}

async fn pass(frame: &[u8], to: &mut OwnedWriteHalf) -> io::Result<()> {
    let length = i32::try_from(frame.len()).map_err(io::Error::other)?;
    to.write_all(&[&length.to_be_bytes(), frame].concat()).await
}

async fn ask(door: &Door, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
    loop {
        let frame = frame(door, &mut from).await?;
        let Some(&[high, low]) = frame.first_chunk() else { return Ok(()) };
        let key = i16::from_be_bytes([high, low]);
        *door.requests.lock().unwrap().entry(key).or_default() += 1;
        if key == SASL_HANDSHAKE && door.cuts() {
            return Ok(());
        }
        if key == METADATA && asks_for_an_answer(&frame) && *door.is_held.borrow() {
            door.held.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        pass(&frame, &mut to).await?;
    }
}

/// A client's name is the topic's that is asked for.
fn asks_for_an_answer(frame: &[u8]) -> bool {
    frame.windows(7).filter(|word| word == b"wingman").count() == 2
}

/// The broker tells of its own port, which clients are to reach by ours.
async fn answer(door: &Door, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
    let place = |port: u16| [&b"127.0.0.1"[..], &u32::from(port).to_be_bytes()].concat();
    let (theirs, ours) = (place(door.behind), place(door.port));
    loop {
        let mut frame = frame(door, &mut from).await?;
        let mut at = 0;
        while let Some(found) = frame[at..].windows(theirs.len()).position(|it| it == theirs) {
            at += found;
            frame[at..at + ours.len()].copy_from_slice(&ours);
        }
        pass(&frame, &mut to).await?;
    }
}
