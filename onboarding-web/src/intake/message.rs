//! What SNS sends, as it sends it, and what of it is signed.
//!
//! Shapes and the text that is signed: Amazon SNS Developer Guide, "Parsing message formats" and
//! "Verifying the signatures of Amazon SNS messages".

use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::topic::Topic;
use crate::clock::{HOUR, MINUTE, Millis};

/// SNS tries for an hour at most, so what is older was sent by somebody else.
pub const OLDEST: Millis = HOUR;
/// Clocks differ; nothing is sent later than this from now.
const AHEAD: Millis = 5 * MINUTE;

/// A message as JSON has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Envelope {
    /// What kind of message.
    #[serde(rename = "Type")]
    pub kind: Kind,
    /// The same at every attempt.
    pub message_id: String,
    /// Who sends it.
    pub topic_arn: String,
    /// With notifications, sometimes.
    pub subject: Option<String>,
    /// The content.
    pub message: String,
    /// When, as RFC 3339.
    pub timestamp: String,
    /// What a subscription is confirmed with.
    pub token: Option<String>,
    /// Signed, and never called.
    #[serde(rename = "SubscribeURL")]
    pub subscribe_url: Option<String>,
    /// `1` or `2`.
    pub signature_version: String,
    /// Base64.
    pub signature: String,
    /// Where the certificate is. Not signed.
    #[serde(rename = "SigningCertURL")]
    pub signing_cert_url: String,
}

/// What SNS says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Kind {
    /// A topic wants to know whether to send here.
    SubscriptionConfirmation,
    /// Something was published.
    Notification,
    /// Somebody ended the subscription.
    UnsubscribeConfirmation,
}

impl Kind {
    /// As SNS writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SubscriptionConfirmation => "SubscriptionConfirmation",
            Self::Notification => "Notification",
            Self::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        }
    }

    /// Reads [`Self::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        let all =
            [Self::SubscriptionConfirmation, Self::Notification, Self::UnsubscribeConfirmation];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// How a message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Version 1: SHA-1.
    Sha1,
    /// Version 2: SHA-256.
    Sha256,
}

/// A message of the right form; whether SNS wrote it is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// As it came.
    pub envelope: Envelope,
    /// Who sends it.
    pub topic: Topic,
    /// When.
    pub sent_at: Millis,
    /// How it is signed.
    pub version: Version,
}

impl Message {
    /// Reads a message; why not, in words.
    ///
    /// The signed text is a list of lines, so that a field with a line break could pass for two. No
    /// field but the content may have one.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let envelope: Envelope = serde_json::from_slice(body)
            .map_err(|error| format!("this is no message of SNS: {error}"))?;
        let lines = [
            Some(&envelope.message_id),
            envelope.subject.as_ref(),
            Some(&envelope.timestamp),
            envelope.token.as_ref(),
            envelope.subscribe_url.as_ref(),
        ];
        if lines.into_iter().flatten().any(|text| text.contains(['\n', '\r'])) {
            return Err("a field has a line break".to_owned());
        }
        let id = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        if !(1..=64).contains(&envelope.message_id.len()) || !envelope.message_id.bytes().all(id) {
            return Err("MessageId is none of SNS".to_owned());
        }
        let topic = Topic::parse(&envelope.topic_arn).ok_or("TopicArn is not that of a topic")?;
        let sent_at = moment(&envelope.timestamp).ok_or("Timestamp is none")?;
        let version = match envelope.signature_version.as_str() {
            "1" => Version::Sha1,
            "2" => Version::Sha256,
            _ => return Err("SignatureVersion is neither 1 nor 2".to_owned()),
        };
        let asks = envelope.kind != Kind::Notification;
        if asks && (envelope.token.is_none() || envelope.subscribe_url.is_none()) {
            return Err("Token and SubscribeURL belong to a confirmation".to_owned());
        }
        Ok(Self { envelope, topic, sent_at, version })
    }

    /// Whether it was on its way for longer than that.
    pub fn is_older_than(&self, age: Millis, now: Millis) -> bool {
        now - self.sent_at > age
    }

    /// Whether it is of the future, for a clock that goes right.
    pub fn is_ahead(&self, now: Millis) -> bool {
        self.sent_at - now > AHEAD
    }

    /// What is signed.
    pub fn signed_text(&self) -> String {
        let one = &self.envelope;
        let some = |name, text: &Option<String>| Some((name, text.clone()?));
        let confirmation = one.kind != Kind::Notification;
        let fields = [
            Some(("Message", one.message.clone())),
            Some(("MessageId", one.message_id.clone())),
            some("Subject", &one.subject).filter(|_| !confirmation),
            some("SubscribeURL", &one.subscribe_url).filter(|_| confirmation),
            Some(("Timestamp", one.timestamp.clone())),
            some("Token", &one.token).filter(|_| confirmation),
            Some(("TopicArn", one.topic_arn.clone())),
            Some(("Type", one.kind.name().to_owned())),
        ];
        let line = |(name, value): (&str, String)| format!("{name}\n{value}\n");
        fields.into_iter().flatten().map(line).collect()
    }
}

fn moment(text: &str) -> Option<Millis> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(kind: &str, more: &str) -> String {
        format!(
            r#"{{"Type":"{kind}","MessageId":"22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn":"arn:aws:sns:us-west-2:123456789012:MyTopic","Message":"Hello",
            "Timestamp":"2012-05-02T00:54:06.655Z","SignatureVersion":"2","Signature":"AA==",
            "SigningCertURL":"https://sns.us-west-2.amazonaws.com/x.pem"{more}}}"#
        )
    }

    #[test]
    fn a_notification_is_signed_as_sns_documents_it() {
        let message =
            Message::read(body("Notification", r#","Subject":"My First Message""#).as_bytes());
        let message = message.unwrap();
        assert_eq!(
            message.signed_text(),
            "Message\nHello\nMessageId\n22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324\nSubject\nMy First \
             Message\nTimestamp\n2012-05-02T00:54:06.655Z\nTopicArn\narn:aws:sns:us-west-2:123456789012:\
             MyTopic\nType\nNotification\n"
        );
        assert_eq!(message.sent_at, 1_335_920_046_655);
        let sent_at = message.sent_at;
        assert!(message.is_older_than(OLDEST, sent_at + OLDEST + 1));
        assert!(!message.is_older_than(OLDEST, sent_at + OLDEST));
        assert!(message.is_ahead(sent_at - AHEAD - 1) && !message.is_ahead(sent_at - AHEAD));
    }

    #[test]
    fn a_confirmation_is_signed_with_its_token_and_address() {
        let more = r#","Token":"t","SubscribeURL":"https://s/""#;
        let message = Message::read(body("SubscriptionConfirmation", more).as_bytes()).unwrap();
        let text = message.signed_text();
        assert!(text.contains("\nSubscribeURL\nhttps://s/\nTimestamp\n"), "{text}");
        assert!(text.contains("\nToken\nt\nTopicArn\n"), "{text}");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read_at_all() {
        for (kind, more) in [
            ("Notification", r#","Subject":"a\nTimestamp""#),
            ("Notification", r#","Message":"twice""#),
            ("Notification\\nX", ""),
            ("SubscriptionConfirmation", ""),
            ("SubscriptionConfirmation", r#","Token":"a\nb","SubscribeURL":"x""#),
            ("Something", ""),
        ] {
            assert!(Message::read(body(kind, more).as_bytes()).is_err(), "{kind} {more}");
        }
    }
}
