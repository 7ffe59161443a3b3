//! What S3 tells of new objects.
//!
//! Structure: Amazon S3 User Guide, "Event message structure". Keys are form-encoded there.

use serde::Deserialize;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// S3 tells of one object in a message; of so many it is believed.
const MOST: usize = 10;
/// A key has at most so many bytes, and so has a version (Amazon S3 User Guide, "Naming objects").
const LONGEST: usize = 1024;

/// A new object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// Bytes.
    pub size: i64,
    /// The version; empty in a bucket that keeps none.
    pub version: String,
    /// When it was written, as S3 says.
    pub written: String,
}

/// What a notification tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The new objects.
    pub objects: Vec<Object>,
    /// How much of it was nothing that S3 says.
    pub unreadable: usize,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records", default)]
    records: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: String,
    event_time: String,
    s3: Place,
}

#[derive(Deserialize)]
struct Place {
    bucket: Name,
    object: Written,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    key: String,
    size: Option<i64>,
    /// Left out, or null, in a bucket that keeps none.
    version_id: Option<String>,
}

/// The new objects that a notification names. None for one that says something else, such as that S3
/// tries whether it may publish. The text is whatever somebody in the customer's account likes to send.
pub fn new_objects(message: &str) -> Told {
    let mut told = Told::default();
    let Ok(event) = serde_json::from_str::<Event>(message) else { return told };
    told.unreadable = event.records.len().saturating_sub(MOST);
    for record in event.records.into_iter().take(MOST) {
        let Ok(record) = serde_json::from_value::<Record>(record) else {
            told.unreadable += 1;
            continue;
        };
        if !record.event_name.trim_start_matches("s3:").starts_with("ObjectCreated:") {
            continue;
        }
        let object = Object {
            bucket: record.s3.bucket.name,
            key: decoded(&record.s3.object.key),
            size: record.s3.object.size.unwrap_or_default(),
            version: record.s3.object.version_id.unwrap_or_default(),
            written: record.event_time,
        };
        if object.can_be() { told.objects.push(object) } else { told.unreadable += 1 }
    }
    told
}

impl Object {
    /// Whether S3 can have said that. What goes on from here fits into a message of SQS and a row of
    /// PostgreSQL, whoever made it up.
    fn can_be(&self) -> bool {
        let texts = [&self.bucket, &self.key, &self.version];
        let odd = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
        let short = texts.iter().all(|text| text.len() <= LONGEST && !text.contains(odd));
        short && OffsetDateTime::parse(&self.written, &Rfc3339).is_ok()
    }
}

/// As S3 encodes it: one name of a form without a value.
fn decoded(key: &str) -> String {
    let whole = key.replace('&', "%26").replace('=', "%3D");
    let mut names = url::form_urlencoded::parse(whole.as_bytes());
    names.next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_and_other_events_left_out() {
        let record = |event: &str, key: &str| {
            format!(
                r#"{{"eventVersion":"2.1","eventName":"{event}","eventTime":"2026-11-22T08:00:00.000Z",
                "s3":{{"bucket":{{"name":"b"}},"object":{{"key":"{key}","size":7,"versionId":"v"}}}}}}"#
            )
        };
        let both = format!(
            r#"{{"Records":[{},{},{}]}}"#,
            record("ObjectCreated:Put", "x+y%2Bz=%C3%BC&1"),
            record("ObjectRemoved:Delete", "gone"),
            record("s3:ObjectCreated:Put", "alb%2FAWSLogs")
        );
        let objects = new_objects(&both).objects;
        let keys: Vec<&str> = objects.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(keys, ["x y+z=ü&1", "alb/AWSLogs"]);
        assert_eq!((objects[0].size, objects[0].version.as_str()), (7, "v"));
        let trial = r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#;
        for other in [trial, "hello", "[]"] {
            assert_eq!(new_objects(other), Told::default(), "{other}");
        }
    }

    fn told_of(object: &str, time: &str) -> Told {
        let good = r#"{"eventName":"ObjectCreated:Put","eventTime":"2026-11-22T08:00:00Z",
            "s3":{"bucket":{"name":"b"},"object":{"key":"good"}}}"#;
        new_objects(&format!(
            r#"{{"Records":[{{"eventName":"ObjectCreated:Put","eventTime":"{time}",
            "s3":{{"bucket":{{"name":"b"}},"object":{object}}}}},{good}]}}"#
        ))
    }

    #[test]
    fn what_s3_cannot_have_said_is_left_out_and_what_stands_beside_it_is_not() {
        let (now, long) = ("2026-11-22T08:00:00Z", "x".repeat(1025));
        for (object, time) in [
            (r#"{"size":1}"#.to_owned(), now),
            (r#"{"key":7}"#.to_owned(), now),
            (format!(r#"{{"key":"{long}"}}"#), now),
            (format!(r#"{{"key":"k","versionId":"{long}"}}"#), now),
            (r#"{"key":"a%00b"}"#.to_owned(), now),
            (r#"{"key":"a%0Ab"}"#.to_owned(), now),
            (r#"{"key":"a%EF%BF%BF"}"#.to_owned(), now),
            (r#"{"key":"k"}"#.to_owned(), "yesterday"),
            (r#"{"key":"k"}"#.to_owned(), ""),
        ] {
            let told = told_of(&object, time);
            let keys: Vec<&str> = told.objects.iter().map(|one| one.key.as_str()).collect();
            assert_eq!((keys, told.unreadable), (vec!["good"], 1), "{object} {time}");
        }
        let told = told_of(r#"{"key":"k","size":null,"versionId":null}"#, now);
        assert_eq!((told.objects.len(), told.unreadable), (2, 0));
        let many = vec![r#"{"eventName":"ObjectCreated:Put"}"#; 1000].join(",");
        let told = new_objects(&format!(r#"{{"Records":[{many}]}}"#));
        assert_eq!((told.objects.len(), told.unreadable), (0, 1000));
    }
}
