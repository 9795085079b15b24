//! A way to the services on which connections can be cut and answers lost.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to answers of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// They arrive.
    Pass,
    /// The connection is cut when one comes.
    Cut,
    /// They are swallowed, and the connection stays open.
    Hold,
    /// They are kept until something else is to happen.
    Wait,
}

/// Listens until it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    answers: Arc<watch::Sender<Answers>>,
    /// Changes at each cut.
    cuts: Arc<watch::Sender<u32>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (answers, cuts) =
            (Arc::new(watch::Sender::new(Answers::Pass)), Arc::new(watch::Sender::new(0)));
        let (target, lost, cut) = (address.to_owned(), answers.clone(), cuts.clone());
        let own = listener.local_addr().unwrap();
        let listening = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(&target).await else {
                    continue;
                };
                tokio::spawn(carry(near, far, lost.subscribe(), cut.subscribe()));
            }
        });
        Self { address: own, answers, cuts, listening }
    }

    /// A URL with this way to the services.
    pub(crate) fn url(&self, url: &str, direct: &str) -> String {
        url.replace(direct, &self.address.to_string())
    }

    pub(crate) fn answers(&self, what: Answers) {
        self.answers.send_replace(what);
    }

    /// Cuts every connection that there is.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
        self.cut();
    }
}

/// Carries bytes both ways until one side ends or the connection is cut.
async fn carry(
    mut near: TcpStream,
    mut far: TcpStream,
    mut answers: watch::Receiver<Answers>,
    mut cuts: watch::Receiver<u32>,
) {
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        tokio::select! {
            _ = cuts.changed() => return,
            read = near.read(&mut asked) => match read {
                Ok(count) if count > 0 => far.write_all(&asked[..count]).await.unwrap(),
                _ => return,
            },
            read = far.read(&mut answered) => match read {
                Ok(count) if count > 0 => {
                    let Ok(what) = answers.wait_for(|it| *it != Answers::Wait).await.map(|it| *it)
                    else {
                        return;
                    };
                    match what {
                        Answers::Pass if near.write_all(&answered[..count]).await.is_ok() => {}
                        Answers::Pass | Answers::Cut => return,
                        Answers::Hold | Answers::Wait => {}
                    }
                }
                _ => return,
            },
        }
    }
}
