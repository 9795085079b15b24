//! Whether brokers take new connections of ours, and what it needs to believe that they do not.
//!
//! To a client a connection that is cut while it proves who we are looks like credentials that are refused,
//! and it tries again by itself. So nobody's word is enough, whichever client it is. **A refusal is believed
//! once new clients are refused as well, each after a pause, as many as there are [`PAUSES`].** Only then
//! clients end. Until then it is a doubt, and whoever asked goes on or is told `Unavailable`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use wingman_core::{Error, Kind, Result};

/// Before each new client that is asked after a refusal: a broker that restarts, or a proxy before it, cuts
/// connections for about as long.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// Whether this is about who we are.
pub(super) fn is_refusal(error: &Error) -> bool {
    error.kind() == Kind::Unauthenticated
}

/// What is to be believed: see above. `again` asks a new client.
pub(super) fn judged(
    mut told: Result<()>,
    mut pause: impl FnMut(Duration),
    mut again: impl FnMut() -> Result<()>,
) -> Result<()> {
    for wait in PAUSES {
        if !told.as_ref().is_err_and(is_refusal) {
            break;
        }
        pause(wait);
        told = again();
    }
    told
}

/// One asks at a time, on a thread of its own; whoever else wants to know waits for that answer.
#[derive(Default)]
pub(super) struct Admission(Mutex<Option<Knock>>);

/// Asking that is under way, or its answer. It ends by the times of its questions.
#[derive(Clone)]
pub(crate) struct Knock(watch::Receiver<Option<Result<()>>>);

impl Admission {
    /// Joins the knock that is under way, or begins this one.
    pub(super) fn knock(&self, judge: impl FnOnce() -> Result<()> + Send + 'static) -> Knock {
        // One handle: whole at any time.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref().filter(|last| last.answer().is_none()) {
            return last.clone();
        }
        let (tell, told) = watch::channel(None);
        let run = move || drop(tell.send_replace(Some(judge())));
        let thread = std::thread::Builder::new().name("wingman-kafka-knock".to_owned());
        let told = match thread.spawn(run) {
            Ok(_) => told,
            Err(error) => watch::channel(Some(Err(no_thread(error)))).1,
        };
        last.insert(Knock(told)).clone()
    }
}

impl Knock {
    /// The answer, if it is there. Does not wait.
    pub(crate) fn answer(&self) -> Option<Result<()>> {
        let nobody_tells = self.0.has_changed().is_err();
        match &*self.0.borrow() {
            Some(answer) => Some(repeat(answer)),
            None => nobody_tells.then(|| Err(broken())),
        }
    }

    /// Waits for the answer.
    pub(super) async fn answered(mut self) -> Result<()> {
        match self.0.wait_for(Option::is_some).await {
            Ok(answer) => answer.as_ref().map_or_else(|| Err(broken()), repeat),
            Err(_) => Err(broken()),
        }
    }
}

fn repeat(answer: &Result<()>) -> Result<()> {
    answer.as_ref().copied().map_err(Error::repeat)
}

fn no_thread(error: std::io::Error) -> Error {
    Error::new(Kind::Overloaded, "there is no thread to be had to ask brokers by").because(error)
}

fn broken() -> Error {
    Error::new(Kind::Internal, "the thread that asks brokers ended without an answer")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn error(kind: Kind) -> Result<()> {
        Err(Error::new(kind, "test"))
    }

    /// What is believed if the first client and those after it are told this, and after which pauses.
    fn believed(told: &[Option<Kind>]) -> (Option<Kind>, Vec<Duration>) {
        let mut told = told.iter().map(|kind| kind.map_or(Ok(()), error));
        let mut pauses = Vec::new();
        let first = told.next().unwrap();
        let judged = judged(first, |pause| pauses.push(pause), || told.next().unwrap());
        assert!(told.next().is_none(), "it asked less often");
        (judged.err().map(|error| error.kind()), pauses)
    }

    #[test]
    fn a_refusal_is_believed_after_new_clients_and_pauses() {
        const REFUSED: Option<Kind> = Some(Kind::Unauthenticated);
        const AWAY: Option<Kind> = Some(Kind::Unavailable);
        assert_eq!(believed(&[None]), (None, vec![]));
        assert_eq!(believed(&[AWAY]), (AWAY, vec![]));
        assert_eq!(believed(&[REFUSED, None]), (None, PAUSES[..1].to_vec()));
        assert_eq!(believed(&[REFUSED, AWAY]), (AWAY, PAUSES[..1].to_vec()));
        assert_eq!(believed(&[REFUSED, REFUSED, None]), (None, PAUSES.to_vec()));
        assert_eq!(believed(&[REFUSED, REFUSED, REFUSED]), (REFUSED, PAUSES.to_vec()));
        assert!(PAUSES.iter().all(|pause| !pause.is_zero()));
    }

    #[tokio::test]
    async fn one_asks_and_all_get_its_answer() {
        let admission = Admission::default();
        let (tell, told) = mpsc::channel();
        let first = admission.knock(move || told.recv().unwrap());
        let others = [(); 3].map(|()| admission.knock(|| panic!("a second one asks")));
        assert!(others.iter().all(|knock| knock.answer().is_none()));
        tell.send(error(Kind::Unavailable)).unwrap();
        for knock in others.into_iter().chain([first]) {
            assert_eq!(knock.answered().await.unwrap_err().kind(), Kind::Unavailable);
        }
        // An answer is of its time.
        admission.knock(|| Ok(())).answered().await.unwrap();
    }

    #[tokio::test]
    async fn one_that_breaks_off_leaves_nobody_waiting() {
        let admission = Admission::default();
        let knock = admission.knock(|| panic!("on purpose"));
        assert_eq!(knock.clone().answered().await.unwrap_err().kind(), Kind::Internal);
        assert_eq!(knock.answer().unwrap().unwrap_err().kind(), Kind::Internal);
        admission.knock(|| Ok(())).answered().await.unwrap();
    }
}
