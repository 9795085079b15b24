//! What a team has on its broker, used as it stands: its name, and what its messages are.

use super::apart::Taker;
use super::{Bus, Declared, Mapping, Place, SubscriptionOptions};
use crate::error::{Error, Kind, Result};
use crate::event::Event;
use crate::handler::IntoHandler;
use crate::name::{GroupName, TopicName};
use crate::transport::{Provision, StartPosition};

/// A topic, stream, queue or subscription that a team has. It is never made, declared or changed, and
/// no namespace stands before its name. Where the broker has groups of it (Kafka, Redis), the handler
/// is one: under its own name, or one that the team has, see [`Queue::group`].
#[derive(Debug, Clone)]
#[must_use = "nothing consumes it before a handler is added"]
pub struct Queue {
    bus: Bus,
    name: String,
    group: Option<String>,
    mapping: Mapping,
    /// What was declared of CloudEvents, which say it themselves.
    misplaced: Option<&'static str>,
    ordered: bool,
    provision: Provision,
    start: StartPosition,
}

impl Bus {
    /// What a team has under this name. Unless declared otherwise it carries CloudEvents.
    pub fn queue(&self, name: &str) -> Queue {
        Queue {
            bus: self.clone(),
            name: name.to_owned(),
            group: None,
            mapping: Mapping::CloudEvents,
            misplaced: None,
            ordered: true,
            provision: Provision::default(),
            start: StartPosition::default(),
        }
    }
}

impl Queue {
    /// It carries JSON documents, each a `T`: see [`Declared`] for what their events are made of. Their
    /// source is `/queues/NAME`.
    pub fn json<T: Event>(self) -> Self {
        let source = self.source();
        self.declared(Declared::json(T::TYPE, source))
    }

    /// It carries bytes of one type, such as Avro or Protobuf, which pass as they are; see
    /// [`Declared::bytes`].
    pub fn bytes(self, ty: &str, content_type: &str) -> Self {
        let source = self.source();
        self.declared(Declared::bytes(ty, source, content_type))
    }

    /// It carries what this says.
    pub fn declared(mut self, declared: Declared) -> Self {
        self.mapping = Mapping::Declared(declared);
        self
    }

    /// Where the id of a message stands that is no CloudEvent.
    pub fn id(self, place: Place) -> Self {
        self.redeclared("id", |declared| declared.id(place))
    }

    /// Where the key of a message stands that is no CloudEvent.
    pub fn key(self, place: Place) -> Self {
        self.redeclared("key", |declared| declared.key(place))
    }

    /// Where the type of a message stands that is no CloudEvent.
    pub fn ty(self, place: Place) -> Self {
        self.redeclared("ty", |declared| declared.ty(place))
    }

    /// The header, or on Redis the field, that the payload stands in.
    pub fn payload_in(self, header: &str) -> Self {
        self.redeclared("payload_in", |declared| declared.payload_in(header))
    }

    /// The group, under exactly this name, where the broker has groups of it. Default: the handler's
    /// name.
    pub fn group(mut self, name: &str) -> Self {
        self.group = Some(name.to_owned());
        self
    }

    /// Messages of one key need not run in order: what a standard SQS queue, a subscription without
    /// message ordering, or a queue with other consumers gives.
    pub fn unordered(mut self) -> Self {
        self.ordered = false;
        self
    }

    /// Whether a group that is missing is made, where the broker has groups of it. Default: it is.
    pub fn provision(mut self, provision: Provision) -> Self {
        self.provision = provision;
        self
    }

    /// Where a group that is made begins. Default: with the oldest message.
    pub fn start(mut self, start: StartPosition) -> Self {
        self.start = start;
        self
    }

    /// Adds a handler of it for [`Bus::start`]. A name that cannot be one, and a declaration that
    /// this broker cannot keep, are errors of the start.
    pub fn handle<A>(&self, name: &str, handler: impl IntoHandler<A>) -> &Self {
        let (queue, handler_name) = (self.clone(), name.to_owned());
        let adjust = move |options: &mut SubscriptionOptions| queue.apply(&handler_name, options);
        self.bus.register(name, handler.into_handler(), Box::new(adjust));
        self
    }

    /// Sets topic, group, mapping, order and provisioning of a handler's subscription.
    ///
    /// # Errors
    /// [`Kind::InvalidName`]; [`Kind::Configuration`] if the handler takes another type than the one
    /// that is declared, or a place is declared of CloudEvents.
    pub fn apply(&self, handler: &str, options: &mut SubscriptionOptions) -> Result<()> {
        if let Some(what) = self.misplaced {
            let why = "CloudEvents say it themselves: call json, bytes or declared first";
            return Err(Error::new(Kind::Configuration, why)
                .with("queue", &self.name)
                .with("declared", what));
        }
        if let Mapping::Declared(declared) = &self.mapping
            && let Some(carried) = declared.only_type()
            && let Some(taken) =
                options.handler.signature().consumes.iter().find(|taken| **taken != carried)
        {
            let why = "the queue does not carry the type that the handler takes";
            return Err(Error::new(Kind::Configuration, why)
                .with("queue", &self.name)
                .with("carries", carried)
                .with("takes", taken));
        }
        options.topics = vec![TopicName::existing(&self.name)?];
        options.group = self.group_of(handler)?;
        options.mapping = self.mapping.clone();
        options.ordered = self.ordered;
        options.provision = self.provision;
        options.start = self.start;
        Ok(())
    }

    /// Refuses that two handlers share one group's messages, of one queue that both take from.
    ///
    /// # Errors
    /// [`Kind::Configuration`] names both handlers and what to do.
    pub fn check_apart(&self, handler: &str, (other, queue): (&str, &Self)) -> Result<()> {
        let topics = |of: &Self| Ok::<_, Error>([TopicName::existing(&of.name)?]);
        let (topics, others) = (topics(self)?, topics(queue)?);
        let (group, of_other) = (self.group_of(handler)?, queue.group_of(other)?);
        let taker = Taker { name: handler, topics: &topics, group: &group };
        let other = Taker { name: other, topics: &others, group: &of_other };
        taker.apart_from(&other, &self.bus.capabilities())
    }

    /// What its messages are.
    pub const fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    fn group_of(&self, handler: &str) -> Result<GroupName> {
        GroupName::existing(self.group.as_deref().unwrap_or(handler))
    }

    fn source(&self) -> String {
        format!("/queues/{}", self.name)
    }

    fn redeclared(mut self, what: &'static str, change: impl FnOnce(Declared) -> Declared) -> Self {
        match self.mapping {
            Mapping::CloudEvents => self.misplaced = Some(what),
            Mapping::Declared(declared) => self.mapping = Mapping::Declared(change(declared)),
        }
        self
    }
}
