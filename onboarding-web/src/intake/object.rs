//! What S3 tells of new objects.
//!
//! Structure: Amazon S3 User Guide, "Event message structure". Keys are form-encoded there.

use serde::Deserialize;

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

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "Records", default)]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: String,
    #[serde(default)]
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
    #[serde(default)]
    size: i64,
    #[serde(default)]
    version_id: String,
}

/// The new objects that a notification names. None for one that says something else, such as that S3
/// tries whether it may publish.
pub fn new_objects(message: &str) -> Vec<Object> {
    let Ok(event) = serde_json::from_str::<Event>(message) else { return Vec::new() };
    let is_new =
        |record: &Record| record.event_name.trim_start_matches("s3:").starts_with("ObjectCreated:");
    let object = |record: Record| Object {
        bucket: record.s3.bucket.name,
        key: decoded(&record.s3.object.key),
        size: record.s3.object.size,
        version: record.s3.object.version_id,
        written: record.event_time,
    };
    event.records.into_iter().filter(is_new).map(object).collect()
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
        let objects = new_objects(&both);
        let keys: Vec<&str> = objects.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(keys, ["x y+z=ü&1", "alb/AWSLogs"]);
        assert_eq!((objects[0].size, objects[0].version.as_str()), (7, "v"));
        assert_eq!(new_objects(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#), vec![]);
        assert_eq!(new_objects("hello"), vec![]);
    }
}
