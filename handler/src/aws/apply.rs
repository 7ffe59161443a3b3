//! Carries out a plan, step by step.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::{Clients, SIDE_BY_SIDE, elb, s3::Buckets, sns};
use crate::{
    error::{AwsError, Error},
    identity::Identity,
    observed::Unread,
    plan::{Chain, Stage, Step},
    policy::PolicyEdit,
    report,
    retry::{Clock, until_settled},
};

/// How long a bucket that was made just now may be unknown; if it was removed meanwhile, waiting is in
/// vain.
const NEW_BUCKET_SHOWS_WITHIN: Duration = Duration::from_secs(5);

/// What could not be looked at counts as tried and failed.
fn as_failure(unread: &Unread) -> (Step, Error) {
    match unread {
        Unread::LoadBalancer(arn, error) => {
            let step = Step::RestoreLogging { load_balancer: arn.clone(), settings: Vec::new() };
            (step, error.clone().into())
        }
        Unread::Bucket(bucket, error) => {
            let edit = PolicyEdit::default();
            (Step::EditPolicy { bucket: bucket.clone(), edit, fresh: false }, error.clone().into())
        }
        Unread::Topic(topic, error) => {
            (Step::Unsubscribe { subscription: topic.clone() }, error.clone().into())
        }
    }
}

/// What came of a plan.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// How many stages were carried out whole.
    pub stages: usize,
    /// The subscription made on each topic.
    pub subscriptions: BTreeMap<String, String>,
    /// Buckets that were to go and hold logs.
    pub kept: Vec<String>,
    /// Buckets that load balancers may still write to: they stay, or the permission to write does.
    pub spared: Vec<String>,
    /// Steps that failed, and why; of an undo only.
    pub failures: Vec<(Step, Error)>,
}

/// Carries out a plan up to the first stage in which something fails. Chains that run beside the
/// failing one are let to their end: a call in flight may have taken effect.
pub async fn apply(
    clients: &Clients,
    id: &Identity,
    stages: &[Stage],
    clock: Clock,
    applied: &mut Applied,
) -> Result<(), Error> {
    let hands = Hands { clients, id, clock, fresh_role: true };
    for stage in stages {
        let failed = AtomicBool::new(false);
        let chains: Vec<_> =
            stage.iter().map(|chain| hands.until_failure(chain, &failed)).collect();
        let results: Vec<_> = stream::iter(chains).buffered(SIDE_BY_SIDE).collect().await;
        for result in results {
            applied.merge(result?);
        }
        applied.stages += 1;
    }
    Ok(())
}

/// Carries out an undo as far as it goes: what fails does not keep the rest from being undone, except
/// for what would then lose logs or the account of what was before us.
pub async fn apply_all(
    clients: &Clients,
    id: &Identity,
    stages: &[Stage],
    clock: Clock,
    unread: &[Unread],
) -> Applied {
    apply_after(clients, id, stages, clock, unread.iter().map(as_failure).collect()).await
}

/// As [`apply_all`], after something has failed already.
pub async fn apply_after(
    clients: &Clients,
    id: &Identity,
    stages: &[Stage],
    clock: Clock,
    failures: Vec<(Step, Error)>,
) -> Applied {
    let hands = Hands { clients, id, clock, fresh_role: false };
    let mut applied = Applied { failures, ..Applied::default() };
    for stage in stages {
        let failed = applied.failures.clone();
        let chains: Vec<_> =
            stage.iter().map(|chain| hands.as_far_as_it_goes(chain, &failed)).collect();
        let results: Vec<_> = stream::iter(chains).buffered(SIDE_BY_SIDE).collect().await;
        for result in results {
            applied.merge(result);
        }
    }
    applied
}

impl Applied {
    fn merge(&mut self, other: Self) {
        self.subscriptions.extend(other.subscriptions);
        self.kept.extend(other.kept);
        self.spared.extend(other.spared);
        self.failures.extend(other.failures);
    }
}

/// Whether a step of an undo must not run because of what failed before it: a load balancer that
/// still writes needs its bucket, and the topic keeps account of what a policy still grants and of
/// which topics the vendor still listens to.
fn depends_on_failed(step: &Step, failed: &[(Step, Error)]) -> bool {
    failed.iter().any(|(failed, _)| {
        matches!(
            (failed, step),
            (Step::RestoreLogging { .. }, Step::DeleteBucketIfEmpty(_))
                | (Step::EditPolicy { .. } | Step::Unsubscribe { .. }, Step::DeleteTopic(_))
        )
    })
}

/// While a load balancer still writes, its permission to write stays.
fn spare_writers(id: &Identity, step: &Step, failed: &[(Step, Error)]) -> Step {
    let writes = failed.iter().any(|(failed, _)| matches!(failed, Step::RestoreLogging { .. }));
    match step {
        Step::EditPolicy { bucket, edit, fresh } if writes => {
            let lets_write = |sid: &String| {
                ["ElbWrite", "NlbWrite", "NlbAclCheck"].iter().any(|purpose| {
                    let whole = id.sid(purpose, "");
                    sid.starts_with(&whole[..whole.len() - 8])
                })
            };
            let remove = edit.remove.iter().filter(|sid| !lets_write(sid)).cloned().collect();
            let edit = PolicyEdit { put: edit.put.clone(), remove };
            Step::EditPolicy { bucket: bucket.clone(), edit, fresh: *fresh }
        }
        other => other.clone(),
    }
}

pub(super) struct Hands<'a> {
    pub(super) clients: &'a Clients,
    pub(super) id: &'a Identity,
    pub(super) clock: Clock,
    /// A denial may be a role that is not known everywhere yet.
    pub(super) fresh_role: bool,
}

impl Hands<'_> {
    /// Runs a chain, unless another one has failed before this one began.
    async fn until_failure(&self, chain: &Chain, failed: &AtomicBool) -> Result<Applied, Error> {
        let mut applied = Applied::default();
        if failed.load(Ordering::Relaxed) {
            return Ok(applied);
        }
        for step in chain {
            if let Err(error) = self.run(step, &mut applied).await {
                failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(applied)
    }

    async fn as_far_as_it_goes(&self, chain: &Chain, failed: &[(Step, Error)]) -> Applied {
        let mut applied = Applied::default();
        for step in chain {
            if depends_on_failed(step, failed) {
                if let Step::DeleteBucketIfEmpty(bucket) = step {
                    applied.spared.push(bucket.clone());
                }
                continue;
            }
            let whole = step;
            let step = spare_writers(self.id, step, failed);
            if let Step::EditPolicy { bucket, .. } = &step
                && step != *whole
            {
                applied.spared.push(bucket.clone());
            }
            if let Err(error) = self.run(&step, &mut applied).await {
                applied.failures.push((step, error));
            }
        }
        applied
    }

    async fn run(&self, step: &Step, applied: &mut Applied) -> Result<(), Error> {
        if !self.clock.has_time() {
            return Err(Error::OutOfTime(step.label()));
        }
        tracing::info!(step = step.label(), "begin");
        report::at(step.reported_as());
        let started = Instant::now();
        let result = self.change(step, applied).await;
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &result {
            Ok(()) => tracing::info!(step = step.label(), ms, "done"),
            Err(error) => tracing::warn!(step = step.label(), ms, error = error.reason(), "failed"),
        }
        result
    }

    async fn change(&self, step: &Step, applied: &mut Applied) -> Result<(), Error> {
        let s3 = self.buckets();
        match step {
            Step::CreateTopic { policy, tags } => self.create_topic(policy.as_ref(), tags).await,
            Step::CreateBucket(bucket) => self.create_bucket(bucket).await,
            Step::BlockPublicAccess(bucket) => {
                Ok(self.settled(async || s3.block_public_access(bucket).await).await?)
            }
            Step::SetLifecycle { bucket, days, fresh } => {
                Ok(self.settled(async || s3.set_lifecycle(bucket, *days, *fresh).await).await?)
            }
            Step::EditPolicy { bucket, edit, fresh } => {
                self.edit_policy(bucket, edit, *fresh).await
            }
            Step::EditNotifications { bucket, edit, fresh } => {
                self.edit_notifications(bucket, edit, *fresh).await
            }
            Step::Subscribe { topic, endpoint } => {
                let subscribe = async || sns::subscribe(&self.clients.sns, topic, endpoint).await;
                let arn = self.settled(subscribe).await?;
                applied.subscriptions.insert(topic.clone(), arn);
                Ok(())
            }
            Step::SetLogging { load_balancer, .. } => match self.set_logging(step).await {
                Err(error) if error.is_absent() => {
                    Err(Error::Changed(format!("load balancer {load_balancer} was deleted")))
                }
                other => Ok(other?),
            },
            Step::RestoreLogging { .. } => Ok(self.set_logging(step).await?),
            Step::DeleteBucketIfEmpty(bucket) => {
                let removed = self.settled(async || s3.delete_if_empty(bucket).await).await?;
                applied.kept.extend((!removed).then(|| bucket.clone()));
                Ok(())
            }
            Step::TagTopic { .. }
            | Step::UntagTopic { .. }
            | Step::SetTopicPolicy(_)
            | Step::SetSignatureVersion
            | Step::Unsubscribe { .. }
            | Step::DeleteTopic(_) => {
                Ok(self.settled(async || self.change_topic(step).await).await?)
            }
        }
    }

    async fn change_topic(&self, step: &Step) -> Result<(), AwsError> {
        let (sns, own) = (&self.clients.sns, self.id.topic_arn());
        match step {
            Step::TagTopic { topic, tags } => sns::tag_topic(sns, topic, tags).await,
            Step::UntagTopic { topic, key } => sns::untag_topic(sns, topic, key).await,
            Step::SetTopicPolicy(policy) => {
                sns::set_attribute(sns, &own, "Policy", &policy.to_string()).await
            }
            Step::SetSignatureVersion => {
                sns::set_attribute(sns, &own, "SignatureVersion", "2").await
            }
            Step::Unsubscribe { subscription } => sns::unsubscribe(sns, subscription).await,
            Step::DeleteTopic(topic) => sns::delete(sns, topic).await,
            _ => Ok(()),
        }
    }

    pub(super) fn buckets(&self) -> Buckets<'_> {
        Buckets { client: &self.clients.s3, home: &self.id.home }
    }

    /// Calls until AWS has made up its mind: a conflicting change, a role or bucket made just now.
    pub(super) async fn settled<T>(
        &self,
        call: impl AsyncFnMut() -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        until_settled(self.clock, |error, waited| self.will_settle(error, waited), call).await
    }

    /// A conflicting change ends; a role or bucket that was made just now shows up.
    pub(super) fn will_settle(&self, error: &AwsError, waited: Duration) -> bool {
        let new_bucket = error.code == "NoSuchBucket" && waited < NEW_BUCKET_SHOWS_WITHIN;
        error.is_conflict() || (self.fresh_role && (error.is_denied() || new_bucket))
    }

    async fn set_logging(&self, step: &Step) -> Result<(), AwsError> {
        let elb = &self.clients.elb;
        let passes =
            |error: &AwsError, waited| error.is_bucket_denied() || self.will_settle(error, waited);
        let call = async || match step {
            Step::SetLogging { load_balancer, settings } => {
                elb::set(elb, load_balancer, settings).await
            }
            Step::RestoreLogging { load_balancer, settings } => {
                match elb::restore(elb, load_balancer, settings).await {
                    Err(error) if error.is_absent() => Ok(()),
                    other => other,
                }
            }
            _ => Ok(()),
        };
        until_settled(self.clock, passes, call).await
    }

    async fn create_topic(
        &self,
        policy: Option<&serde_json::Value>,
        tags: &[(String, String)],
    ) -> Result<(), Error> {
        let name = self.id.topic_name();
        let create = async || sns::create(&self.clients.sns, &name, policy, tags).await;
        match self.settled(create).await {
            Err(error) if error.message.contains("already exists with different") => {
                Err(Error::Changed(format!("topic {name} appeared")))
            }
            other => Ok(other?),
        }
    }

    async fn create_bucket(&self, bucket: &str) -> Result<(), Error> {
        let buckets = self.buckets();
        match self.settled(async || buckets.create(self.id, bucket).await).await {
            Err(error) if error.code == "BucketAlreadyExists" => {
                Err(Error::Changed(format!("bucket {bucket} was taken by somebody else")))
            }
            other => Ok(other?),
        }
    }
}
