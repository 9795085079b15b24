//! The thread of a member: it polls, whoever else is busy, so that the group never waits for us.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use wingman_core::driver::lacking;
use wingman_core::message::Message;
use wingman_core::name::{GroupName, TopicName};
use wingman_core::{Error, Kind, Result};

use super::context::MemberContext;
use super::state::{Member, Shared};
use crate::codec::{self, Chunk};
use crate::config::Role;
use crate::error::{Doing, from_native};
use crate::transport::{Cluster, Knock};

/// How often its events are looked for without being told; a stop is seen at once.
const POLL: Duration = Duration::from_millis(50);
/// Messages that are taken over at once.
const BATCH_MAX: usize = 256;
/// How often a cluster that seems to be away is asked.
const PROBE_EACH: Duration = Duration::from_millis(300);
/// How long a topic may be missing: a broker may learn of a new one late.
const MISSING_MAX: Duration = Duration::from_secs(3);

/// What a member is opened with.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) topic: TopicName,
    pub(crate) group: GroupName,
    pub(crate) ordered: bool,
}

/// The id of a group: groups of different topics share nothing. Neither name can hold the sign. A
/// team's topic has the team's groups.
pub(crate) fn group_id(topic: &TopicName, group: &GroupName) -> String {
    if topic.is_existing() {
        return group.to_string();
    }
    format!("{group}@{topic}")
}

/// The group of this topic that has this id; of a team's topic it may be any.
pub(crate) fn split_group_id(id: &str, topic: &TopicName) -> Option<GroupName> {
    if topic.is_existing() {
        return GroupName::existing(id).ok();
    }
    let (group, of) = id.split_once('@')?;
    (of == topic.as_str()).then(|| GroupName::new(group).ok())?
}

/// Opens a member and starts its thread.
pub(super) fn start(cluster: &Arc<Cluster>, opening: Opening) -> Result<Arc<Shared>> {
    let native = |error| from_native(Doing::Reading, "subscribe", error);
    let group = group_id(&opening.topic, &opening.group);
    let shared = Arc::new(Shared::new(opening.topic, opening.ordered));
    let context = MemberContext {
        shared: shared.clone(),
        revoke_time: cluster.config.revoke_time(),
        reply_time: cluster.config.reply_time(),
    };
    let settings = cluster.config.native(Role::Member { group: &group });
    let mut member: Member = settings.create_with_context(context).map_err(native)?;
    let bell = shared.bell.clone();
    member.set_nonempty_callback(move || bell.ring());
    member.subscribe(&[shared.topic.as_str()]).map_err(native)?;
    let member = Arc::new(member);
    shared.set_member(Some(member.clone()));
    let reader = Reader {
        member,
        group,
        cluster: cluster.clone(),
        shared: shared.clone(),
        chunk: Chunk::default(),
        batch: Vec::with_capacity(BATCH_MAX),
        doubt: None,
        knock: None,
        is_refused: false,
    };
    std::thread::Builder::new()
        .name("wingman-kafka".to_owned())
        .spawn(move || reader.run())
        .map_err(|error| Error::new(Kind::Internal, "no thread for a member").because(error))?;
    Ok(shared)
}

struct Reader {
    cluster: Arc<Cluster>,
    member: Arc<Member>,
    group: String,
    shared: Arc<Shared>,
    chunk: Chunk,
    /// What is being taken over; empty in between.
    batch: Vec<(i32, u64, Message)>,
    doubt: Option<Doubt>,
    /// Asks whether brokers take our connections.
    knock: Option<Knock>,
    /// Nothing is left to do here but to end.
    is_refused: bool,
}

/// Something seems to be wrong.
#[derive(Debug)]
struct Doubt {
    of: Of,
    since: Instant,
    probed: Instant,
}

#[derive(Debug)]
enum Of {
    /// The topic, or the cluster, may be gone.
    Presence,
    /// Brokers may refuse our connections: what was told.
    Admission(Error),
}

impl Doubt {
    /// It is looked into at once.
    fn of(of: Of) -> Self {
        let now = Instant::now();
        Self { of, since: now, probed: now.checked_sub(PROBE_EACH).unwrap_or(now) }
    }
}

impl Reader {
    fn run(mut self) {
        while !self.shared.is_stopping() && !self.is_refused {
            self.resolve_doubt();
            self.shared.bell.wait(POLL);
            self.serve();
            self.shared.record(&self.member, self.doubt.is_none());
        }
        let partitions = self.shared.state().lanes.partitions();
        self.shared.part(&self.member, &partitions);
        self.shared.set_member(None);
        self.shared.queues.clear();
        // Ours is the last one: dropping it leaves the group, and waits for that.
        drop(self.member);
        self.shared.end();
    }

    /// Serves the group, and takes over what was fetched where there is room.
    fn serve(&mut self) {
        let Self { chunk, batch, doubt, .. } = self;
        let (shared, group) = (&*self.shared, &*self.group);
        let mut each = |one: Result<BorrowedMessage<'_>, KafkaError>| match one {
            // Beside the queues only where a partition has none: it goes first then.
            Ok(message) => batch.push(read(chunk, &message)),
            Err(error) => trouble(shared, group, doubt, error),
        };
        while let Some(told) = self.member.poll(Duration::ZERO) {
            each(told);
        }
        if shared.wants_more() && shared.queues.read(BATCH_MAX, each) {
            shared.bell.ring();
        }
        if batch.is_empty() {
            return;
        }
        let now = shared.clock.now();
        let mut state = shared.state();
        for (partition, offset, message) in batch.drain(..) {
            state.lanes.arrived(partition, offset, message, now);
        }
        drop(state);
        shared.wake();
    }

    fn resolve_doubt(&mut self) {
        let Some(doubt) = &mut self.doubt else {
            return;
        };
        if doubt.probed.elapsed() < PROBE_EACH {
            return;
        }
        doubt.probed = Instant::now();
        match &doubt.of {
            Of::Presence => self.ask_for_topic(),
            Of::Admission(told) => {
                let told = told.repeat();
                self.ask_for_admission(told);
            }
        }
    }

    /// Asks whether brokers take our connections, and does not wait for the answer: the group goes on,
    /// and a stop is seen. If they do not, the member ends, which tries for ever.
    fn ask_for_admission(&mut self, told: Error) {
        let knock = self.knock.get_or_insert_with(|| self.cluster.knock(Some(told)));
        let Some(asked) = knock.answer() else {
            return;
        };
        self.knock = None;
        let mut state = self.shared.state();
        state.is_down = asked.is_err();
        match asked {
            // What was told of the topic meanwhile is told once only.
            Ok(()) => self.doubt = Some(Doubt::of(Of::Presence)),
            Err(error) if error.kind() == Kind::Unauthenticated => {
                state.failed = Some(error.during("receive").with("topic", &self.shared.topic));
                self.is_refused = true;
            }
            Err(_) => {}
        }
        drop(state);
        self.shared.wake();
    }

    /// Asks whether the cluster is there again, and whether the topic is.
    fn ask_for_topic(&mut self) {
        let Some(doubt) = &mut self.doubt else {
            return;
        };
        let topic = self.shared.topic.as_str();
        let asked = self.member.fetch_metadata(Some(topic), PROBE_EACH);
        let exists = asked.map(|metadata| metadata.topics().iter().all(|it| it.error().is_none()));
        let mut state = self.shared.state();
        state.is_down = exists.is_err();
        match exists {
            Ok(true) => self.doubt = None,
            Ok(false) if doubt.since.elapsed() > MISSING_MAX => {
                let error = Error::new(Kind::NotFound, "there is no such topic");
                state.failed = Some(error.during("receive").with("topic", topic));
            }
            Ok(false) => {}
            Err(_) => doubt.since = Instant::now(),
        }
        drop(state);
        self.shared.wake();
    }
}

fn read(chunk: &mut Chunk, message: &BorrowedMessage<'_>) -> (i32, u64, Message) {
    let offset = u64::try_from(message.offset()).unwrap_or_default();
    let read = codec::decode(chunk, message.key(), message.payload(), message.headers());
    (message.partition(), offset, read)
}

/// Notes what trying again cannot mend; the client mends the rest by itself.
fn trouble(shared: &Shared, group: &str, doubt: &mut Option<Doubt>, error: KafkaError) {
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownPartition,
        ) => {
            doubt.get_or_insert_with(|| Doubt::of(Of::Presence));
        }
        Some(_) | None => {
            let error = from_native(Doing::Reading, "receive", error);
            tracing::debug!(topic = %shared.topic, %error, "The client told of an error");
            match error.kind() {
                Kind::Unauthenticated => *doubt = Some(Doubt::of(Of::Admission(error))),
                Kind::Forbidden | Kind::Conflict | Kind::Configuration | Kind::Unsupported => {
                    let right = format_args!("Read on topic {} and on group {group}", shared.topic);
                    let error = lacking(error, right).with("topic", &shared.topic);
                    shared.state().failed = Some(error);
                    shared.wake();
                }
                _ => {}
            }
        }
    }
}
