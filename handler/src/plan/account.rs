use super::*;

/// A small account that a plan can be carried out on without any I/O: what the steps do, and nothing
/// else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) load_balancers: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) buckets: BTreeMap<String, (Option<Value>, Notifications, Option<OwnBucket>)>,
    pub(super) topic: Option<(BTreeMap<String, String>, Option<Value>, String)>,
    pub(super) subscriptions: BTreeSet<(String, String)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OwnBucket {
    pub(super) blocked: bool,
    pub(super) days: Option<u16>,
}

impl Account {
    pub(super) fn with(paths: &[&str]) -> Self {
        let mut account = Self::default();
        for path in paths {
            let kinds =
                if path.starts_with("net") { &LogKind::ALL[..1] } else { &LogKind::ALL[..] };
            let mut attributes = BTreeMap::new();
            for kind in kinds {
                write(&mut attributes, *kind, &Setting::default());
            }
            account.load_balancers.insert((*path).to_owned(), attributes);
        }
        account
    }

    pub(super) fn set(&mut self, path: &str, kind: LogKind, setting: &Setting) {
        write(self.load_balancers.get_mut(path).unwrap(), kind, setting);
    }

    pub(super) fn observe(&self, id: &Identity, selected: &[&str]) -> Observed {
        let arn = |path: &str| load_balancer(&id.home, path);
        let mut buckets: BTreeMap<String, Bucket> =
            id.bucket_names().into_iter().map(|name| (name, Bucket::Absent)).collect();
        for (name, (policy, notifications, own)) in &self.buckets {
            let own = own.as_ref().map(|own| OwnBucketFacts {
                tagged: true,
                blocked: own.blocked,
                retention_days: own.days,
            });
            let facts = BucketFacts {
                kms: false,
                policy: policy.clone(),
                notifications: notifications.clone(),
                own,
            };
            buckets.insert(name.clone(), Bucket::Here(Box::new(facts)));
        }
        let topic = self.topic.as_ref().map_or(Topic::Absent, |(tags, policy, version)| {
            Topic::Ours(TopicFacts {
                tags: tags.clone().into_iter().collect(),
                policy: policy.clone(),
                signature_version: version.clone(),
                subscriptions: self.subscriptions_of(&id.topic_arn()),
            })
        });
        let attributes = |(path, all): (&String, &BTreeMap<String, String>)| {
            (arn(path), Some(Attributes(all.clone())))
        };
        Observed {
            selected: selected.iter().map(|path| arn(path)).collect(),
            load_balancers: self.load_balancers.iter().map(attributes).collect(),
            topic,
            buckets,
            ..Observed::default()
        }
    }

    fn subscriptions_of(&self, topic: &str) -> Vec<Subscription> {
        let mine = self.subscriptions.iter().filter(|(of, _)| of == topic);
        mine.map(|(of, endpoint)| Subscription {
            arn: format!("{of}:1"),
            endpoint: endpoint.clone(),
        })
        .collect()
    }

    pub(super) fn carry_out(&mut self, id: &Identity, stages: &[Stage]) {
        for step in stages.iter().flatten().flatten() {
            self.step(id, step);
        }
    }

    pub(super) fn undo(&mut self, id: &Identity, desired: &Desired) {
        let plan = undo(id, Some(desired), &self.observe(id, &[]));
        self.carry_out(id, &plan.stages);
        self.carry_out(id, &plan.closing);
    }

    pub(super) fn step(&mut self, id: &Identity, step: &Step) {
        match step {
            Step::CreateTopic { policy, tags } => {
                let tags = tags.iter().cloned().collect();
                self.topic = Some((tags, policy.clone(), "1".into()));
            }
            Step::TagTopic { tags, .. } => {
                self.topic.as_mut().unwrap().0.extend(tags.iter().cloned());
            }
            Step::UntagTopic { key, .. } => {
                self.topic.as_mut().unwrap().0.remove(key);
            }
            Step::Unsubscribe { .. } => {}
            Step::SetTopicPolicy(policy) => self.topic.as_mut().unwrap().1 = Some(policy.clone()),
            Step::SetSignatureVersion => self.topic.as_mut().unwrap().2 = "2".into(),
            Step::CreateBucket(name) => {
                let own = Some(OwnBucket::default());
                self.buckets.insert(name.clone(), (None, Notifications::default(), own));
            }
            Step::BlockPublicAccess(name) => self.own(name).blocked = true,
            Step::SetLifecycle { bucket, days, .. } => self.own(bucket).days = Some(*days),
            Step::EditPolicy { bucket, edit, .. } => {
                let state = self.buckets.get_mut(bucket).unwrap();
                state.0 = crate::policy::merge(state.0.as_ref(), edit);
            }
            Step::EditNotifications { bucket, edit, .. } => {
                let state = self.buckets.get_mut(bucket).unwrap();
                state.1 = crate::notification::merge(&state.1, edit);
            }
            Step::Subscribe { topic, endpoint } => {
                self.subscriptions.insert((topic.clone(), endpoint.address.clone()));
            }
            Step::SetLogging { load_balancer, settings }
            | Step::RestoreLogging { load_balancer, settings } => {
                for (kind, setting) in settings {
                    self.set(load_balancer.path(), *kind, setting);
                }
            }
            Step::DeleteBucketIfEmpty(name) => {
                self.buckets.remove(name);
            }
            Step::DeleteTopic(topic) => {
                self.topic = None;
                self.subscriptions.retain(|(of, _)| of != topic);
            }
        }
        let _ = id;
    }

    fn own(&mut self, name: &str) -> &mut OwnBucket {
        self.buckets.get_mut(name).unwrap().2.as_mut().unwrap()
    }
}

pub(super) fn write(attributes: &mut BTreeMap<String, String>, kind: LogKind, setting: &Setting) {
    let start = kind.attribute();
    attributes.insert(format!("{start}.enabled"), setting.enabled.to_string());
    attributes.insert(format!("{start}.bucket"), setting.bucket.clone());
    attributes.insert(format!("{start}.prefix"), setting.prefix.clone());
}
