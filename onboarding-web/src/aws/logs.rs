//! S3: the customers' logs, read with the vendor's credentials.

use aws_config::{Region, SdkConfig};
use aws_sdk_s3::Client;

use super::{AwsError, Call};

/// Where a log is, and whose.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The bucket's region.
    pub region: &'a str,
    /// The account that the bucket must belong to.
    pub owner: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a str,
}

/// The first bytes of a log, `count` at most.
pub async fn first_bytes(
    config: &SdkConfig,
    place: &Place<'_>,
    count: u64,
) -> Result<Vec<u8>, AwsError> {
    let own = config.endpoint_url().is_some();
    let config = config.to_builder().region(Region::new(place.region.to_owned())).build();
    // A name below an endpoint of one's own, such as an emulator's, leads nowhere.
    let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(own).build();
    let subject = format!("{}/{}", place.bucket, place.key);
    let call = Call { operation: "GetObject", action: "s3:GetObject", subject: &subject };
    let request = Client::from_conf(config)
        .get_object()
        .bucket(place.bucket)
        .key(place.key)
        .expected_bucket_owner(place.owner)
        .range(format!("bytes=0-{}", count.saturating_sub(1)));
    let mut answer = request.send().await.map_err(|error| call.failed(&error))?;
    let mut bytes = Vec::new();
    let limit = usize::try_from(count).unwrap_or(usize::MAX);
    // A server that does not know ranges sends all of it.
    while bytes.len() < limit {
        match answer.body.next().await {
            Some(Ok(chunk)) => bytes.extend_from_slice(&chunk),
            Some(Err(error)) => {
                return Err(AwsError {
                    operation: call.operation,
                    action: call.action,
                    subject: subject.clone(),
                    message: format!("the object broke off: {error}"),
                    ..AwsError::default()
                });
            }
            None => break,
        }
    }
    bytes.truncate(limit);
    Ok(bytes)
}
