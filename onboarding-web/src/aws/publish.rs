//! Publishing: looks at all buckets before the first write, then does each bucket's steps.

use std::time::Duration;

use aws_config::SdkConfig;
use futures_util::{StreamExt, stream};

use super::{
    AwsError,
    s3::{Head, Place},
};
use crate::publish::{
    Bucket,
    artefacts::Artefact,
    plan::{Found, Here, Step, conflict},
    policy::{self, PUBLIC_ACCESS, Standing},
};

/// Buckets that are worked on at once.
const SIDE_BY_SIDE: usize = 4;

/// Who hears what is going on: the bucket and the words.
pub type Told<'a> = &'a (dyn Fn(&Bucket, &str) + Sync);

/// What is in every bucket, in their order.
pub async fn look(
    config: &SdkConfig,
    buckets: &[Bucket],
    artefacts: &[Artefact],
) -> Vec<Result<Found, AwsError>> {
    let all = stream::iter(buckets);
    all.map(|bucket| look_at(config, bucket, artefacts)).buffered(SIDE_BY_SIDE).collect().await
}

async fn look_at(
    config: &SdkConfig,
    bucket: &Bucket,
    artefacts: &[Artefact],
) -> Result<Found, AwsError> {
    let place = Place::new(config, bucket);
    match place.head().await {
        Ok(Head::Absent) => return Ok(Found::Absent),
        Ok(Head::Elsewhere(region)) => return Ok(Found::Elsewhere(region)),
        Ok(Head::Here) => {}
        Err(error) if error.is_denied() => return Ok(Found::Closed(closed(bucket))),
        Err(error) => return Err(error),
    }
    let mut here = Here {
        policy: place.policy().await?,
        public_access: place.public_access().await?,
        keeps_versions: place.keeps_versions().await?,
        digests: Vec::new(),
    };
    for artefact in artefacts {
        here.digests.push(place.digest(&artefact.key).await?);
    }
    Ok(Found::Here(here))
}

fn closed(bucket: &Bucket) -> String {
    format!(
        "there is a bucket {} that these credentials may not look at. Names of buckets are shared by \
         everybody in AWS. If it does not belong to the account {}, choose another \
         --code-bucket-prefix; if it does, the credentials need s3:ListBucket on it",
        bucket.name, bucket.owner
    )
}

/// A bucket and what is left to do in it.
pub type Work<'a> = (&'a Bucket, &'a [Step]);

/// Does the steps of every bucket; what went wrong in each, if anything. A bucket that fails does not
/// hold up the others.
pub async fn act(
    config: &SdkConfig,
    work: &[Work<'_>],
    artefacts: &[Artefact],
    told: Told<'_>,
) -> Vec<Result<(), String>> {
    let one = async |(bucket, steps): &Work<'_>| {
        let place = Place::new(config, bucket);
        for step in *steps {
            take(&place, bucket, *step, artefacts, told).await?;
        }
        Ok(())
    };
    stream::iter(work).map(one).buffered(SIDE_BY_SIDE).collect().await
}

async fn take(
    place: &Place<'_>,
    bucket: &Bucket,
    step: Step,
    artefacts: &[Artefact],
    told: Told<'_>,
) -> Result<(), String> {
    let words = |error: AwsError| error.words();
    match step {
        Step::Upload(at) => return upload(place, bucket, &artefacts[at], told).await,
        Step::Create => place.create().await.map_err(words)?,
        Step::SetPublicAccess => {
            patiently(async || place.put_public_access(PUBLIC_ACCESS).await)
                .await
                .map_err(words)?;
        }
        Step::SetPolicy => {
            let policy = policy::document(bucket);
            patiently(async || place.put_policy(&policy).await).await.map_err(words)?;
            let found = place.policy().await.map_err(words)?;
            if policy::standing(bucket, found.as_ref()) != Standing::Same {
                let name = &bucket.name;
                return Err(format!(
                    "somebody else changes the policy of {name} meanwhile. Try again"
                ));
            }
        }
        Step::KeepVersions => {
            patiently(async || place.keep_versions().await).await.map_err(words)?;
        }
    }
    told(bucket, &format!("{}: done", step.words()));
    Ok(())
}

/// Uploads, and reads back every byte. Somebody else may be publishing just now: with the same bytes,
/// both are right.
async fn upload(
    place: &Place<'_>,
    bucket: &Bucket,
    artefact: &Artefact,
    told: Told<'_>,
) -> Result<(), String> {
    let words = |error: AwsError| error.words();
    patiently(async || place.upload(artefact).await).await.map_err(words)?;
    match place.digest(&artefact.key).await.map_err(words)? {
        Some(there) if there == artefact.digest => {
            told(bucket, &format!("{}: uploaded and read back", artefact.key));
            Ok(())
        }
        Some(there) => Err(conflict(bucket, artefact, &there)),
        None => Err(format!(
            "{} was uploaded to {} and is not there. Somebody deletes it, or a rule of the bucket does",
            artefact.key, bucket.name
        )),
    }
}

/// How often and how long a change waits that another one stands in the way of.
const TRIES: u32 = 5;

/// Settings of a bucket take effect one after the other: a new bucket, or the setting before, may not
/// be known everywhere yet.
async fn patiently<T>(call: impl AsyncFn() -> Result<T, AwsError>) -> Result<T, AwsError> {
    let mut tries = 1;
    loop {
        match call().await {
            Err(error) if tries < TRIES && is_passing(&error) => {
                tokio::time::sleep(Duration::from_millis(400) * tries).await;
                tries += 1;
            }
            outcome => return outcome,
        }
    }
}

fn is_passing(error: &AwsError) -> bool {
    const CODES: [&str; 3] = ["OperationAborted", "NoSuchBucket", "ConditionalRequestConflict"];
    CODES.contains(&error.code.as_str())
        || (error.operation == "PutBucketPolicy" && error.message.contains("BlockPublicPolicy"))
}
