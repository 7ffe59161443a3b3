//! What is left to do in a bucket, or why nothing may be done there.

use serde_json::Value;

use super::{
    Bucket,
    artefacts::Artefact,
    policy::{self, PUBLIC_ACCESS, PublicAccess, Standing},
};

/// What was found under a bucket's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Absent,
    /// A bucket in another region.
    Elsewhere(String),
    /// A bucket that belongs to another account, or that may not be looked at; why, in words.
    Closed(String),
    /// The vendor's own bucket, in its region.
    Here(Here),
}

/// The state of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Here {
    /// Its policy.
    pub policy: Option<Value>,
    /// Its public access settings; `None` if it has none of its own.
    pub public_access: Option<PublicAccess>,
    /// Whether it keeps earlier versions of objects.
    pub keeps_versions: bool,
    /// The digest of the object at each artefact's key.
    pub digests: Vec<Option<String>>,
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make the bucket.
    Create,
    /// Set its public access settings.
    SetPublicAccess,
    /// Set its policy, or set it right.
    SetPolicy,
    /// Have it keep earlier versions.
    KeepVersions,
    /// Upload the artefact at this place of the list, and read it back.
    Upload(usize),
}

/// The steps for a bucket in their order, or everything that speaks against it.
pub fn plan(
    bucket: &Bucket,
    found: &Found,
    artefacts: &[Artefact],
) -> Result<Vec<Step>, Vec<String>> {
    let Bucket { name, region, .. } = bucket;
    match found {
        Found::Absent => {
            let settings =
                [Step::Create, Step::SetPublicAccess, Step::SetPolicy, Step::KeepVersions];
            Ok(settings.into_iter().chain((0..artefacts.len()).map(Step::Upload)).collect())
        }
        Found::Elsewhere(other) => Err(vec![format!(
            "the bucket {name} is in {other}, and Lambda takes code from a bucket in {region} only. \
             Choose another --code-bucket-prefix"
        )]),
        Found::Closed(why) => Err(vec![why.clone()]),
        Found::Here(here) => in_bucket(bucket, here, artefacts),
    }
}

fn in_bucket(
    bucket: &Bucket,
    here: &Here,
    artefacts: &[Artefact],
) -> Result<Vec<Step>, Vec<String>> {
    let mut steps = Vec::new();
    let mut problems = Vec::new();
    if here.public_access != Some(PUBLIC_ACCESS) {
        steps.push(Step::SetPublicAccess);
    }
    match policy::standing(bucket, here.policy.as_ref()) {
        Standing::Same => {}
        Standing::None | Standing::Ours => steps.push(Step::SetPolicy),
        Standing::Foreign(what) => problems.push(format!(
            "the bucket {} has a policy with something in it that publish did not write: {what}. \
             Nothing of it is changed. Choose another --code-bucket-prefix, or remove that first",
            bucket.name
        )),
    }
    if !here.keeps_versions {
        steps.push(Step::KeepVersions);
    }
    for (at, artefact) in artefacts.iter().enumerate() {
        match here.digests.get(at).and_then(Option::as_ref) {
            None => steps.push(Step::Upload(at)),
            Some(there) if *there == artefact.digest => {}
            Some(there) => problems.push(conflict(bucket, artefact, there)),
        }
    }
    if problems.is_empty() { Ok(steps) } else { Err(problems) }
}

/// The words for a version that is there with other bytes.
pub fn conflict(bucket: &Bucket, artefact: &Artefact, there: &str) -> String {
    let Artefact { key, digest, version, .. } = artefact;
    format!(
        "{key} in the bucket {} was published with other bytes: SHA-256 {there} is there, {digest} is \
         here. A published version never changes. Raise the version {version}, or use the settings and \
         the zip of that time",
        bucket.name
    )
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
