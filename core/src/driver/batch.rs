//! A batch to publish, of which some messages are refused before anything is sent.

use crate::bus::dead_letter;
use crate::error::{Error, Kind, Result};
use crate::message::Message;
use crate::transport::{Limits, Receipt};

/// A batch within its limits: what can be sent, in order, and what cannot. The limit on payloads is
/// not one on dead letters.
#[derive(Debug)]
pub struct Batch<'a> {
    /// What is to be sent.
    pub fitting: Vec<&'a Message>,
    /// One for each message of the batch; `None` for those that fit.
    refused: Vec<Option<Error>>,
}

impl<'a> Batch<'a> {
    /// Sifts a batch.
    ///
    /// # Errors
    /// `Oversize` if it has too many messages; nothing is to be sent then.
    pub fn within(limits: &Limits, messages: &'a [Message]) -> Result<Self> {
        if messages.len() > limits.batch_messages_max {
            return Err(Error::new(Kind::Oversize, "too many messages in one call")
                .during("publish")
                .with("messages", messages.len())
                .with("messages_max", limits.batch_messages_max));
        }
        let refused: Vec<_> = messages.iter().map(|message| oversize(limits, message)).collect();
        let fits = messages.iter().zip(&refused).filter(|(_, refused)| refused.is_none());
        Ok(Self { fitting: fits.map(|(message, _)| message).collect(), refused })
    }

    /// The results of the whole batch, given those of the messages that were sent.
    pub fn answered(self, sent: impl IntoIterator<Item = Result<Receipt>>) -> Vec<Result<Receipt>> {
        let mut sent = sent.into_iter();
        let silent = || Error::new(Kind::Internal, "the broker did not answer for each message");
        let answer = |refused: Option<Error>| match refused {
            Some(error) => Err(error),
            None => sent.next().unwrap_or_else(|| Err(silent())),
        };
        self.refused.into_iter().map(answer).collect()
    }
}

/// How many messages go together into what is sent next: at least one.
pub fn fits(messages: &[&Message], bytes_max: usize) -> usize {
    let mut bytes = 0;
    let within = messages.iter().take_while(|message| {
        bytes += message.size_bytes();
        bytes <= bytes_max
    });
    within.count().max(1)
}

/// The error of what stood behind a loss of the connection: sent, it would overtake what is unknown.
pub fn unsent() -> Error {
    let why = "the connection was lost before this message was sent";
    Error::new(Kind::Unavailable, why).during("publish")
}

fn oversize(limits: &Limits, message: &Message) -> Option<Error> {
    let (bytes, bytes_max) = (message.payload.len(), limits.payload_bytes_max);
    (bytes > bytes_max && !dead_letter::is_one(message)).then(|| {
        let why = "the payload is too large: send a reference, or raise payload_bytes_max";
        Error::new(Kind::Oversize, why)
            .during("publish")
            .with("bytes", bytes)
            .with("bytes_max", bytes_max)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Headers;
    use crate::transport::Confirmed;

    const LIMITS: Limits = Limits {
        payload_bytes_max: 2,
        batch_messages_max: 3,
        publish_calls_max: None,
        headers_max: None,
        delay_max: None,
        lease_max: None,
        hold_max: None,
    };

    #[test]
    fn each_message_gets_its_own_answer() {
        let messages = ["a", "too large", "b"].map(Message::new);
        let batch = Batch::within(&LIMITS, &messages).unwrap();
        assert_eq!(batch.fitting, [&messages[0], &messages[2]]);
        let receipt = Receipt { position: None, confirmed: Confirmed::Stored };
        let rejected = Error::new(Kind::Rejected, "no");
        let answered = batch.answered([Ok(receipt), Err(rejected)]);
        let kinds: Vec<_> = answered.iter().map(|it| it.as_ref().err().map(Error::kind)).collect();
        assert_eq!(kinds, [None, Some(Kind::Oversize), Some(Kind::Rejected)]);
    }

    #[test]
    fn only_the_broker_limits_a_dead_letter() {
        let mut headers = Headers::builder();
        headers.push(dead_letter::HEADER, "{}").unwrap();
        let letter = Message::new("too large").with_headers(headers.build());
        let messages = [letter, Message::new("too large")];
        let batch = Batch::within(&LIMITS, &messages).unwrap();
        assert_eq!(batch.fitting, [&messages[0]]);
    }

    #[test]
    fn what_is_sent_at_once_is_bounded_and_a_large_message_goes_alone() {
        let large = Message::new(vec![0; 101]);
        let half = Message::new(vec![0; 50]);
        assert_eq!(fits(&[&large, &half], 100), 1);
        assert_eq!(fits(&[&half, &half, &half], 100), 2);
        assert_eq!(fits(&[&half], 100), 1);
    }

    #[test]
    fn too_many_are_refused_whole_and_a_missing_answer_is_said() {
        let messages = vec![Message::new(""); 4];
        assert_eq!(Batch::within(&LIMITS, &messages).unwrap_err().kind(), Kind::Oversize);
        let answered = Batch::within(&LIMITS, &messages[..1]).unwrap().answered([]);
        assert_eq!(answered[0].as_ref().unwrap_err().kind(), Kind::Internal);
    }
}
