//! The envelope of SNS, in which a subscription that is not raw delivers.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

/// A notification (SNS documentation, "HTTP/HTTPS notification JSON format"; SQS gets the same).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Notification {
    r#type: String,
    topic_arn: String,
    subject: Option<String>,
    message: String,
    #[serde(default)]
    message_attributes: BTreeMap<String, Attribute>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    r#type: String,
    value: String,
}

/// Body and attributes of what was published; `None` if this is no notification of the topic.
/// To be asked only where the subscription is known not to be raw: a payload may look like this.
pub(crate) fn unwrap(body: &str, topic_arn: &str) -> Option<(String, BTreeMap<String, Vec<u8>>)> {
    let read: Notification = serde_json::from_str(body).ok()?;
    if read.r#type != "Notification" || read.topic_arn != topic_arn {
        return None;
    }
    let mut attributes = BTreeMap::new();
    for (name, attribute) in read.message_attributes {
        let value = match attribute.r#type.starts_with("Binary") {
            true => BASE64.decode(&attribute.value).ok()?,
            false => attribute.value.into_bytes(),
        };
        attributes.insert(name, value);
    }
    if let Some(subject) = read.subject {
        attributes.entry(SUBJECT.to_owned()).or_insert(subject.into_bytes());
    }
    Some((read.message, attributes))
}

/// The subject of a notification, as an attribute.
const SUBJECT: &str = "subject";

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sns:eu-west-1:000000000000:orders";

    fn notification(arn: &str) -> String {
        format!(
            r#"{{"Type": "Notification", "MessageId": "1", "TopicArn": "{arn}", "Subject": "s",
            "Message": "{{\"a\": 1}}", "Timestamp": "2026-11-24T10:00:00Z", "MessageAttributes":
            {{"n": {{"Type": "Number", "Value": "7"}}, "b": {{"Type": "Binary", "Value": "/wA="}}}}}}"#
        )
    }

    #[test]
    fn a_notification_gives_what_was_published() {
        let (message, attributes) = unwrap(&notification(ARN), ARN).unwrap();
        assert_eq!(message, r#"{"a": 1}"#);
        let read = |name: &str| attributes[name].as_slice();
        assert_eq!((read("n"), read("b"), read("subject")), (&b"7"[..], &[0xff, 0][..], &b"s"[..]));
    }

    #[test]
    fn what_is_no_notification_of_this_topic_is_left_alone() {
        assert!(unwrap(&notification("arn:aws:sns:eu-west-1:000000000000:other"), ARN).is_none());
        assert!(unwrap(&notification(ARN).replace("Notification", "Other"), ARN).is_none());
        assert!(unwrap("plain text", ARN).is_none());
        assert!(unwrap(r#"{"Type": "Notification"}"#, ARN).is_none());
    }
}
