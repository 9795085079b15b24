//! Messages that wait for their confirms together.

use std::collections::HashSet;
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::{MaybeDone, maybe_done};
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation};
use tokio::time::{Instant, timeout_at};
use wingman_core::message::Message;
use wingman_core::name::TopicName;
use wingman_core::{Error, Result};

use crate::codec::{self, MessageId, Outgoing};
use crate::transport::begin;

type Confirm<'a> = Pin<Box<dyn Future<Output = lapin::Result<Confirmation>> + Send + 'a>>;
type Confirming<'a> = Pin<Box<MaybeDone<Confirm<'a>>>>;

/// Messages that are on their way, in order.
pub(super) struct Window<'a>(Vec<(MessageId, Result<Confirming<'a>>)>);

/// What came of a message.
#[derive(Debug)]
pub(super) enum Answer {
    Stored(MessageId),
    /// Nobody listens.
    Returned(MessageId),
    Nacked,
    /// It was not sent.
    Refused(Error),
    /// The channel ended; whether this message was alone on it.
    Lost {
        error: lapin::Error,
        alone: bool,
    },
    /// Nothing was said in time.
    Late,
}

impl<'a> Window<'a> {
    /// Hands all to the client, in order, without waiting for one before the next.
    pub(super) fn send(
        topic: &'a TopicName,
        channel: &'a Channel,
        messages: &[&'a Message],
        properties_bytes_max: usize,
    ) -> Self {
        let mut window = Vec::with_capacity(messages.len());
        for message in messages {
            let id = MessageId::next();
            let outgoing = codec::encode(message, id, properties_bytes_max);
            let confirming = outgoing.map(|outgoing| {
                let confirming = confirm(topic, channel, outgoing, &message.payload);
                Box::pin(maybe_done(Box::pin(confirming) as Confirm<'a>))
            });
            window.push((id, confirming));
        }
        begin(window.iter_mut().filter_map(|(_, confirming)| confirming.as_mut().ok()));
        Self(window)
    }

    /// Waits for the answers, no longer than this. A message that was returned is known by its own
    /// name: the client may hand it over with the confirm of another one.
    pub(super) async fn settle(self, within: Duration) -> Vec<Answer> {
        let deadline = Instant::now() + within;
        let alone = self.0.len() == 1;
        let mut returned = HashSet::new();
        let mut answers = Vec::with_capacity(self.0.len());
        for (id, confirming) in self.0 {
            let answer = match confirming {
                Err(error) => Answer::Refused(error),
                Ok(mut confirming) => {
                    let waited = timeout_at(deadline, confirming.as_mut()).await;
                    match waited.ok().and_then(|()| confirming.as_mut().take_output()) {
                        None => Answer::Late,
                        Some(Err(error)) => Answer::Lost { error, alone },
                        Some(Ok(confirmation)) => confirmed(id, confirmation, &mut returned),
                    }
                }
            };
            answers.push(answer);
        }
        for answer in &mut answers {
            if let Answer::Stored(id) = *answer
                && returned.contains(&id)
            {
                *answer = Answer::Returned(id);
            }
        }
        answers
    }
}

async fn confirm(
    topic: &TopicName,
    channel: &Channel,
    outgoing: Outgoing,
    payload: &[u8],
) -> lapin::Result<Confirmation> {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let exchange = topic.as_str().into();
    let (routing_key, properties) = (outgoing.routing_key, outgoing.properties);
    channel.basic_publish(exchange, routing_key, options, payload, properties).await?.await
}

fn confirmed(
    id: MessageId,
    confirmation: Confirmation,
    returned: &mut HashSet<MessageId>,
) -> Answer {
    let stored = match confirmation {
        Confirmation::Ack(_) => Answer::Stored(id),
        Confirmation::Nack(_) => Answer::Nacked,
        // Only without confirm mode.
        Confirmation::NotRequested => Answer::Late,
    };
    if let Some(message) = confirmation.take_message()
        && let Some(name) = message.properties.message_id()
    {
        returned.insert(MessageId::of(name.as_str()));
    }
    stored
}
