//! A client for questions, and what clients are told while they connect.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use wingman_core::driver::tls::NO_WORD;
use wingman_core::{Error, Kind, Result};

use super::admission::is_refusal;
use super::certificate;
use super::ending::{Ended, Ending};
use crate::config::{Config, Role};
use crate::error::{Doing, from_code, from_native};

/// A client that is in no group, but may ask and commit for one.
pub(crate) struct Asking {
    native: Ending<Native>,
    watch: Watch,
    config: Config,
    has_answered: AtomicBool,
}

pub(crate) type Native = BaseConsumer<Watch>;

/// How long the first attempts wait until there was an answer: whoever is refused learns of it between two.
const FIRST_TIMES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];
/// Between two attempts of which the first ended before its time.
const PAUSE: Duration = Duration::from_millis(50);
/// Events that a client may have told since it was polled last.
const EVENTS_MAX: usize = 16;

impl Asking {
    pub(crate) fn new(config: &Config, role: Role<'_>) -> Result<Self> {
        let watch = Watch::default();
        let made = config.native(role).create_with_context(watch.clone());
        let native = made.map_err(|error| from_native(Doing::Reading, "open", error))?;
        let native = Ending::new(native);
        Ok(Self { native, watch, config: config.clone(), has_answered: AtomicBool::new(false) })
    }

    /// Asks something; `question` is given how long it may wait. Blocks.
    ///
    /// A client whose connections are refused answers only that no broker is there; why, it tells its
    /// context when it is polled. That it is refused is not to be believed yet: see [`Cluster::ask_by`].
    ///
    /// [`Cluster::ask_by`]: super::Cluster::ask_by
    pub(super) fn ask<T>(
        &self,
        operation: &'static str,
        time: Duration,
        mut question: impl FnMut(&Native, Duration) -> KafkaResult<T>,
    ) -> Result<T> {
        let until = Instant::now() + time;
        let mut first = FIRST_TIMES.into_iter();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let is_known = self.has_answered.load(Ordering::Relaxed);
            let wait = first.next().filter(|_| !is_known).map_or(left, |first| first.min(left));
            let error = match question(&self.native, wait) {
                Ok(answer) => {
                    self.has_answered.store(true, Ordering::Relaxed);
                    self.forget();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            self.hear();
            let left = until.saturating_duration_since(Instant::now());
            if let Some(refusal) = self.refusal(left) {
                return Err(refusal.during(operation));
            }
            if !is_silence(&error) {
                return Err(from_native(Doing::Reading, operation, error));
            }
            if is_known || left.is_zero() {
                return Err(self.silence(operation, error));
            }
            // The first of several addresses may fail before another one tells why.
            std::thread::sleep(PAUSE.min(left));
        }
    }

    /// What brokers refuse us, or we of them, if anything. Trying again with the same client tells nothing new.
    fn refusal(&self, time: Duration) -> Option<Error> {
        let (code, told) = self.watch.refused()?;
        let is_certificate = code == Code::SSL;
        let seen = is_certificate.then(|| certificate::why_refused(&self.config, time)).flatten();
        let error = match seen {
            Some((refusal, why)) => refusal.error().with("why", why),
            None => from_code(Doing::Reading, "connect", code),
        };
        Some(error.because(told))
    }

    /// Hears what the client told since.
    fn hear(&self) {
        for _ in 0..EVENTS_MAX {
            // It has no messages to give.
            let _ = self.native.poll(Duration::ZERO);
        }
    }

    /// Brokers take our connections: what was told before counts no more.
    pub(super) fn forget(&self) {
        self.hear();
        self.watch.forget();
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        self.native.ended()
    }

    fn silence(&self, operation: &'static str, error: KafkaError) -> Error {
        if self.has_answered.load(Ordering::Relaxed) {
            return from_native(Doing::Reading, operation, error);
        }
        let silence = Error::new(Kind::Unavailable, NO_WORD).during(operation);
        match self.watch.last() {
            Some(told) => silence.because(told),
            None => silence,
        }
    }

    pub(crate) fn native(&self) -> &Native {
        &self.native
    }
}

/// Nobody answered.
fn is_silence(error: &KafkaError) -> bool {
    let silence = [Code::BrokerTransportFailure, Code::OperationTimedOut, Code::AllBrokersDown];
    error.rdkafka_error_code().is_some_and(|code| silence.contains(&code))
}

/// Hears what a client tells of its connections. Clones hear the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    /// What brokers refuse us, the connection before all else.
    refused: Arc<Mutex<Option<(Code, String)>>>,
    /// The last of all that was told, for people.
    last: Arc<Mutex<Option<String>>>,
}

impl Watch {
    fn refused(&self) -> Option<(Code, String)> {
        lock(&self.refused).clone()
    }

    /// Why brokers took no connection of ours, if one of them did not.
    pub(super) fn lockout(&self) -> Option<Error> {
        let (code, told) = self.refused()?;
        Some(from_code(Doing::Reading, "connect", code).because(told)).filter(is_refusal)
    }

    /// It turned out that brokers take our connections.
    pub(super) fn forget(&self) {
        *lock(&self.refused) = None;
    }

    fn last(&self) -> Option<String> {
        lock(&self.last).clone()
    }
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "The Kafka client told of an error");
        let code = error.rdkafka_error_code();
        // That it says after each of its own.
        if code != Some(Code::AllBrokersDown) {
            *lock(&self.last) = Some(reason.to_owned());
        }
        let tells = match code.map(kind) {
            Some(Kind::Unauthenticated) => true,
            Some(Kind::Forbidden) => self.lockout().is_none(),
            _ => false,
        };
        if tells {
            *lock(&self.refused) = code.map(|code| (code, reason.to_owned()));
        }
    }
}

impl ConsumerContext for Watch {}

/// What a code means to whoever connects.
fn kind(code: Code) -> Kind {
    from_code(Doing::Reading, "connect", code).kind()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // One value: whole at any time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The client's own log: what matters of it comes as an error as well.
pub(crate) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    tracing::debug!(target: "librdkafka", ?level, facility, message);
}
