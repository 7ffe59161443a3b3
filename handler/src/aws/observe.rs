//! Reads everything that a plan looks at, side by side where nothing depends on something else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};

use super::{
    Clients, SIDE_BY_SIDE, elb,
    s3::{self, Buckets},
    sns,
};
use crate::{
    arn::LoadBalancerArn,
    desired::{Desired, LogKind, Selector},
    error::AwsError,
    identity::Identity,
    notification::{self, Clash},
    observed::{Attributes, Bucket, BucketFacts, Observed, Topic, TopicFacts, Unread},
    record::Record,
    report,
    retry::{Clock, until_settled},
};

/// A 403 of HeadBucket can be a role that is not known everywhere yet, or a stranger's bucket; the
/// first passes within this time.
const STRANGERS: Duration = Duration::from_secs(15);

/// What to look at.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// For whom.
    pub id: &'a Identity,
    /// What Create and Update want; nothing is selected on Delete.
    pub desired: Option<&'a Desired>,
    /// Load balancers that the properties name.
    pub named: Vec<LoadBalancerArn>,
    /// The bucket that the properties name.
    pub bucket: Option<String>,
    /// What was before us, where the topic that kept account of it was removed under us.
    pub remembered: Option<Record>,
}

type LoadBalancers = BTreeMap<LoadBalancerArn, Option<Attributes>>;

/// Reads the account.
pub async fn observe(
    clients: &Clients,
    scope: &Scope<'_>,
    clock: Clock,
) -> Result<Observed, AwsError> {
    report::at(templates::report::Step::Look);
    let reader = Reader {
        clients,
        id: scope.id,
        clock,
        undoing: scope.desired.is_none(),
        unread: Mutex::default(),
    };
    let mut names: BTreeSet<String> = scope.id.bucket_names().into_iter().collect();
    names.extend(scope.bucket.clone());

    let ((topic, record), (selected, mut load_balancers), mut buckets) =
        tokio::try_join!(reader.topic(scope), reader.selected(scope), reader.buckets(&names),)?;
    let recorded = record.load_balancers.keys();
    let known: BTreeSet<LoadBalancerArn> = recorded
        .filter_map(|(path, _)| LoadBalancerArn::from_path(path, &scope.id.home))
        .filter(|arn| !load_balancers.contains_key(arn))
        .collect();
    let mut more = mentioned(&record, &load_balancers);
    more.retain(|name| !buckets.contains_key(name));

    let (others, found) = tokio::try_join!(reader.attributes(known), reader.buckets(&more))?;
    load_balancers.extend(others);
    buckets.extend(found);
    for bucket in record.buckets.iter().filter(|_| scope.desired.is_none()) {
        if matches!(buckets.get(bucket), Some(Bucket::Denied)) {
            reader.unread(Unread::Bucket(bucket.clone(), s3::not_allowed_to_look(bucket)));
        }
    }
    let other_topics = reader.other_topics(scope, &record, &load_balancers, &buckets).await?;
    let unread = reader.unread.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Observed { selected, load_balancers, topic, buckets, other_topics, unread })
}

/// Whose topic it is, by its tags; or what is remembered of ours if it is gone.
fn topic_with(tags: Option<Vec<(String, String)>>, scope: &Scope<'_>) -> Topic {
    let remembered =
        |record: &Record| [scope.id.tags(), record.to_tags().unwrap_or_default()].concat();
    match tags.or_else(|| scope.remembered.as_ref().map(remembered)) {
        None => Topic::Absent,
        Some(tags) if scope.id.owns(&tags) => {
            Topic::Ours(TopicFacts { tags, ..TopicFacts::default() })
        }
        Some(_) => Topic::Foreign,
    }
}

/// Every bucket that the record or a load balancer names.
fn mentioned(record: &Record, load_balancers: &LoadBalancers) -> BTreeSet<String> {
    let mut names = record.buckets.clone();
    names.extend(record.own_bucket.clone());
    for attributes in load_balancers.values().flatten() {
        for setting in LogKind::ALL.into_iter().filter_map(|kind| attributes.setting(kind)) {
            if setting.enabled && !setting.bucket.is_empty() {
                names.insert(setting.bucket);
            }
        }
    }
    names
}

struct Reader<'a> {
    clients: &'a Clients,
    id: &'a Identity,
    clock: Clock,
    /// A Delete undoes what it can see, whatever it cannot.
    undoing: bool,
    unread: Mutex<Vec<Unread>>,
}

impl Reader<'_> {
    fn unread(&self, what: Unread) {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// A role that was made a moment ago is not known everywhere yet.
    async fn patiently<T>(
        &self,
        call: impl AsyncFnMut() -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        until_settled(self.clock, |error, _| error.is_denied(), call).await
    }

    async fn selected(
        &self,
        scope: &Scope<'_>,
    ) -> Result<(Vec<LoadBalancerArn>, LoadBalancers), AwsError> {
        let Some(desired) = scope.desired else {
            let named = scope.named.iter().cloned().collect();
            return Ok((Vec::new(), self.attributes(named).await?));
        };
        let mut selected: BTreeSet<LoadBalancerArn> = BTreeSet::new();
        let mut listed: Option<Vec<LoadBalancerArn>> = None;
        for selector in &desired.selectors {
            if let Selector::Arn(arn) = selector {
                selected.insert(arn.clone());
                continue;
            }
            let all = match listed.take() {
                Some(all) => all,
                None => {
                    self.patiently(async || elb::list(&self.clients.elb, &self.id.home).await)
                        .await?
                }
            };
            match selector {
                Selector::Tag(key, value) => {
                    let call = async || elb::tagged(&self.clients.elb, &all, key, value).await;
                    selected.extend(self.patiently(call).await?);
                }
                Selector::All | Selector::Arn(_) => selected.extend(all.iter().cloned()),
            }
            listed = Some(all);
        }
        let attributes = self.attributes(selected.clone()).await?;
        let named = |arn: &LoadBalancerArn| desired.selectors.contains(&Selector::Arn(arn.clone()));
        // One that was deleted between list and look is nobody's mistake.
        let there =
            |arn: &LoadBalancerArn| named(arn) || attributes.get(arn).is_some_and(Option::is_some);
        let selected = selected.into_iter().filter(there).collect();
        Ok((selected, attributes))
    }

    async fn attributes(&self, arns: BTreeSet<LoadBalancerArn>) -> Result<LoadBalancers, AwsError> {
        let read = |arn: LoadBalancerArn| async move {
            let call = async || elb::attributes(&self.clients.elb, &arn).await;
            let attributes = match self.patiently(call).await {
                Err(error) if self.undoing => {
                    self.unread(Unread::LoadBalancer(arn.clone(), error));
                    None
                }
                other => other?,
            };
            Ok::<_, AwsError>((arn, attributes))
        };
        stream::iter(arns.into_iter().map(read)).buffer_unordered(SIDE_BY_SIDE).try_collect().await
    }

    async fn buckets(
        &self,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Bucket>, AwsError> {
        let read = |name: &String| {
            let name = name.clone();
            async move {
                let bucket = match self.bucket(&name).await {
                    Err(error) if self.undoing => {
                        self.unread(Unread::Bucket(name.clone(), error));
                        Bucket::Denied
                    }
                    other => other?,
                };
                Ok::<_, AwsError>((name, bucket))
            }
        };
        Ok(try_join_all(names.iter().map(read)).await?.into_iter().collect())
    }

    async fn bucket(&self, name: &str) -> Result<Bucket, AwsError> {
        let buckets = Buckets { client: &self.clients.s3, home: &self.id.home };
        let passes = |error: &AwsError, waited: Duration| error.is_denied() && waited < STRANGERS;
        match until_settled(self.clock, passes, async || buckets.head(name).await).await {
            Ok(Some(other)) => return Ok(other),
            Ok(None) => {}
            Err(error) if error.is_denied() => return Ok(Bucket::Denied),
            Err(error) => return Err(error),
        }
        let own = self.id.bucket_names().iter().any(|one| one == name);
        let read = async || {
            let own =
                async { if own { buckets.own(self.id, name).await.map(Some) } else { Ok(None) } };
            // Nobody asks how a bucket is encrypted when leaving it.
            let kms = async { if self.undoing { Ok(false) } else { buckets.is_kms(name).await } };
            let (kms, policy, notifications, own) =
                tokio::try_join!(kms, buckets.policy(name), buckets.notifications(name), own,)?;
            Ok(BucketFacts { kms, policy, notifications, own })
        };
        match self.patiently(read).await {
            Ok(facts) => Ok(Bucket::Here(Box::new(facts))),
            Err(error) if error.code == "NoSuchBucket" => Ok(Bucket::Absent),
            Err(error) => Err(error),
        }
    }

    /// What is known of our topic, and the record that its tags keep.
    async fn topic(&self, scope: &Scope<'_>) -> Result<(Topic, Record), AwsError> {
        let arn = self.id.topic_arn();
        let tags = self.patiently(async || sns::tags(&self.clients.sns, &arn).await).await?;
        let mut topic = topic_with(tags, scope);
        let Topic::Ours(facts) = &mut topic else { return Ok((topic, Record::default())) };
        let record = facts.record().unwrap_or_default();
        // An undo needs no more of it than its tags.
        if scope.remembered.is_some() || self.undoing {
            return Ok((topic, record));
        }
        let (attributes, subscriptions) = tokio::join!(
            self.patiently(async || sns::attributes(&self.clients.sns, &arn).await),
            self.patiently(async || sns::subscriptions(&self.clients.sns, &arn).await),
        );
        match (attributes, subscriptions) {
            (Err(error), _) | (_, Err(error)) if error.is_absent() => topic = Topic::Absent,
            (attributes, subscriptions) => {
                (facts.policy, facts.signature_version) = attributes?;
                facts.subscriptions = subscriptions?;
            }
        }
        Ok((topic, record))
    }

    /// Topics that we listen to, or that a rule in our way sends to.
    async fn other_topics(
        &self,
        scope: &Scope<'_>,
        record: &Record,
        load_balancers: &LoadBalancers,
        buckets: &BTreeMap<String, Bucket>,
    ) -> Result<BTreeMap<String, TopicFacts>, AwsError> {
        let mut topics: BTreeSet<String> = record.topics.keys().cloned().collect();
        if let Some(desired) = scope.desired {
            let settings = load_balancers.values().flatten();
            let settings = settings
                .flat_map(|all| LogKind::ALL.into_iter().filter_map(|kind| all.setting(kind)));
            let mut prefixes: BTreeSet<String> = settings.map(|setting| setting.prefix).collect();
            prefixes.insert(desired.prefix.clone());
            for (name, bucket) in buckets {
                let Bucket::Here(facts) = bucket else { continue };
                for prefix in &prefixes {
                    let wanted = notification::rule(self.id, prefix);
                    let clash = notification::clash(self.id, name, &facts.notifications, &wanted);
                    if let Some(Clash::Listen(topic)) = clash {
                        topics.insert(topic);
                    }
                }
            }
        }
        let read = |arn: String| async move {
            match self.other_topic(&arn).await {
                Err(error) if self.undoing => {
                    self.unread(Unread::Topic(arn, error));
                    Ok(None)
                }
                other => other.map(|facts| facts.map(|facts| (arn, facts))),
            }
        };
        let found = try_join_all(topics.into_iter().map(read)).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn other_topic(&self, arn: &str) -> Result<Option<TopicFacts>, AwsError> {
        let tags = self.patiently(async || sns::tags(&self.clients.sns, arn).await).await?;
        let Some(tags) = tags else { return Ok(None) };
        let call = async || sns::subscriptions(&self.clients.sns, arn).await;
        let subscriptions = self.patiently(call).await?;
        Ok(Some(TopicFacts { tags, subscriptions, ..TopicFacts::default() }))
    }
}
