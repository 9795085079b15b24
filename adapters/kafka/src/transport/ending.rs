//! Ending a client blocks: it waits for its threads, and these may wait for brokers.

use std::ops::Deref;

use tokio::sync::watch;

/// A client that ends on a thread of its own, whoever lets go of it last.
pub(crate) struct Ending<T: Send + 'static> {
    /// There until it is dropped.
    client: Option<T>,
    /// Gone once the client has ended.
    lives: Option<watch::Sender<()>>,
}

/// Tells when a client has ended.
pub(crate) struct Ended(watch::Receiver<()>);

impl<T: Send + 'static> Ending<T> {
    pub(crate) fn new(client: T) -> Self {
        Self { client: Some(client), lives: Some(watch::Sender::new(())) }
    }

    pub(crate) fn ended(&self) -> Option<Ended> {
        self.lives.as_ref().map(|lives| Ended(lives.subscribe()))
    }
}

impl Ended {
    /// Returns once the client has ended, which is after everybody let go of it.
    pub(crate) async fn wait(mut self) {
        // Nothing is ever sent: it ends with its sender.
        while self.0.changed().await.is_ok() {}
    }
}

impl<T: Send + 'static> Deref for Ending<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.client {
            Some(client) => client,
            None => unreachable!("only dropping takes it"),
        }
    }
}

impl<T: Send + 'static> Drop for Ending<T> {
    fn drop(&mut self) {
        let (client, lives) = (self.client.take(), self.lives.take());
        let end = move || {
            drop(client);
            drop(lives);
        };
        // Without a thread to be had it ends here, and blocks.
        let _ = std::thread::Builder::new().name("wingman-kafka-end".to_owned()).spawn(end);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread::{self, ThreadId};

    use super::*;

    /// Tells where it is dropped.
    struct Client(mpsc::Sender<ThreadId>);

    impl Drop for Client {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).unwrap();
        }
    }

    #[tokio::test]
    async fn whoever_lets_go_last_does_not_end_it() {
        let (told, place) = mpsc::channel();
        let client = Arc::new(Ending::new(Client(told)));
        let ended = client.ended().unwrap();
        let user = client.clone();
        drop(client);
        assert!(place.try_recv().is_err(), "it is still used");
        drop(user);
        ended.wait().await;
        assert_ne!(place.try_recv().unwrap(), thread::current().id());
    }
}
