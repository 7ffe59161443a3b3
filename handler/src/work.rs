//! Observe, plan, apply: Create and Update here, Delete below.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    answer::World,
    arn::LoadBalancerArn,
    aws::{self, Applied, Clients, Scope, sns},
    desired::{self, Desired},
    error::Error,
    event::Event,
    identity::Identity,
    observed::{Observed, Topic, TopicFacts},
    plan::{self, Converged, Stage, Step, Undo},
    record::Record,
    report,
    retry::Clock,
};

/// How often somebody else's change may make us look again.
const ROUNDS: usize = 3;
/// How long a Delete with an id that CloudFormation invented waits for a Create that may be running: as
/// long as that may wait for its role, and a little more.
const CREATE_MAY_BEGIN: Duration = Duration::from_mins(2);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How much of the answer's time the undo of a Create that was overtaken may take.
const UNDO_IN_A_HURRY: Duration = Duration::from_secs(8);

/// What a SUCCESS says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// What a person should know; may be empty.
    pub(crate) reason: String,
    /// For `Fn::GetAtt`.
    pub(crate) data: Vec<(&'static str, String)>,
}

/// Create and Update: brings the account to what is desired.
pub(crate) async fn converge(
    clients: &Clients,
    id: &Identity,
    desired: &Desired,
    clock: Clock,
) -> Result<Done, Error> {
    let mut rounds = 0;
    loop {
        rounds += 1;
        match converge_once(clients, id, desired, clock).await {
            Err(Error::Changed(what)) if rounds < ROUNDS => {
                tracing::info!(what, "looking again");
            }
            outcome => return outcome,
        }
    }
}

async fn converge_once(
    clients: &Clients,
    id: &Identity,
    desired: &Desired,
    clock: Clock,
) -> Result<Done, Error> {
    let scope = Scope {
        id,
        desired: Some(desired),
        named: Vec::new(),
        bucket: desired.existing_bucket.clone(),
        remembered: None,
    };
    let seen = aws::observe(clients, &scope, clock).await?;
    let planned = plan::converge(id, desired, &seen)?;
    tracing::info!(stages = planned.stages.len(), "planned");
    let mut applied = Applied::default();
    let outcome = aws::apply(clients, id, &planned.stages, clock, &mut applied).await;
    let overtaken = Overtaken { clients, scope: &scope, desired, record: &planned.record, clock };
    let had_topic = seen.own_topic().is_some() || applied.stages > 0;
    if had_topic && !planned.stages.is_empty() {
        overtaken.check().await?;
    }
    outcome?;
    report::at(templates::report::Step::Finish);
    inherit(clients, &planned.left, clock, &mut applied).await?;
    aws::apply(clients, id, &planned.closing, clock, &mut applied).await?;
    let shares_documents =
        planned.buckets.iter().any(|one| Some(one) != planned.own_bucket.as_ref());
    if shares_documents
        && !planned.stages.is_empty()
        && let Err(changed) = still_so(clients, &scope, desired, clock).await
    {
        // Whoever undid it may be the Delete of this very stack.
        overtaken.check().await?;
        return Err(changed);
    }
    Ok(Done { reason: String::new(), data: data(&planned, &seen, desired, &applied) })
}

/// A Create or Update beside which a Delete may have run.
struct Overtaken<'a> {
    clients: &'a Clients,
    scope: &'a Scope<'a>,
    desired: &'a Desired,
    record: &'a Record,
    clock: Clock,
}

impl Overtaken<'_> {
    /// If the stack was deleted while we worked, what we made after that is undone again.
    async fn check(&self) -> Result<(), Error> {
        if !was_deleted(self.clients, self.scope.id).await {
            return Ok(());
        }
        let remembered = Some(self.record.clone());
        let scope = Scope { desired: None, remembered, ..self.scope.clone() };
        let last_change = self.clock.last_change + UNDO_IN_A_HURRY;
        let clock = Clock { last_change, ..self.clock };
        let undone = undo(self.clients, &scope, Some(self.desired), clock).await?;
        Err(Error::Superseded(undone.reason))
    }
}

/// A second look at documents that others write too: two writers at once can lose each other's part
/// without either noticing, since S3 knows no conditional write of them.
async fn still_so(
    clients: &Clients,
    scope: &Scope<'_>,
    desired: &Desired,
    clock: Clock,
) -> Result<(), Error> {
    let seen = aws::observe(clients, scope, clock).await?;
    let planned = plan::converge(scope.id, desired, &seen)?;
    let lost = |step: &&Step| {
        matches!(
            step,
            Step::EditPolicy { .. } | Step::EditNotifications { .. } | Step::CreateTopic { .. }
        )
    };
    match planned.stages.iter().flatten().flatten().find(lost) {
        Some(step) => Err(Error::Changed(format!("somebody undid: {}", step.label()))),
        None => Ok(()),
    }
}

/// Whether a Delete ran while we worked: our topic, which was made first, is gone. An unsure answer is
/// no proof, and one look is none either: what was made a moment ago may not show yet.
async fn was_deleted(clients: &Clients, id: &Identity) -> bool {
    let topic = id.topic_arn();
    let gone = async || sns::tags(&clients.sns, &topic).await.is_ok_and(|tags| tags.is_none());
    if !gone().await {
        return false;
    }
    sleep(LOOK_EVERY).await;
    gone().await
}

/// What the stack's outputs show. Never empty: an output of nothing reads like a fault.
fn data(
    planned: &Converged,
    seen: &Observed,
    desired: &Desired,
    applied: &Applied,
) -> Vec<(&'static str, String)> {
    let subscription = |topic: &String| {
        let made = applied.subscriptions.get(topic).cloned();
        let facts = if Some(topic) == planned.own_topic.as_ref() {
            seen.own_topic()
        } else {
            seen.other_topics.get(topic)
        };
        let there = facts.and_then(|facts| facts.subscription(&desired.endpoint.address));
        made.or_else(|| there.map(|one| one.arn.clone())).unwrap_or_default()
    };
    let subscriptions: Vec<String> = planned.topics.iter().map(subscription).collect();
    let kept = "stays while logs are in it, also when the stack is deleted";
    let created = planned.own_bucket.iter().map(|bucket| format!("bucket {bucket} ({kept})"));
    let created = created.chain(planned.own_topic.iter().map(|topic| format!("topic {topic}")));
    let adopted: BTreeSet<String> = planned
        .buckets
        .iter()
        .filter(|bucket| Some(*bucket) != planned.own_bucket.as_ref())
        .map(|bucket| format!("bucket {bucket}"))
        .chain(
            planned
                .topics
                .iter()
                .filter(|topic| Some(*topic) != planned.own_topic.as_ref())
                .map(|topic| format!("topic {topic}")),
        )
        .collect();
    vec![
        ("Buckets", list(planned.buckets.iter().cloned())),
        ("TopicArn", list(planned.topics.iter().cloned())),
        ("SubscriptionArn", list(subscriptions.into_iter())),
        ("Created", list(created)),
        ("Adopted", list(adopted.into_iter())),
        ("LoadBalancers", list(load_balancers(planned).into_iter())),
    ]
}

fn load_balancers(planned: &Converged) -> Vec<String> {
    let mut lines = Vec::new();
    for (arn, kinds) in &planned.turned_on {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.word()).collect();
        lines.push(format!("{}: turned on {}", arn.path(), kinds.join("+")));
    }
    for (arn, buckets) in &planned.adopted {
        let buckets: Vec<&str> = buckets.iter().map(String::as_str).collect();
        lines.push(format!("{}: logged already to {}", arn.path(), buckets.join("+")));
    }
    lines.extend(
        planned.missing.iter().map(|arn| format!("{}: does not exist any more", arn.path())),
    );
    lines
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.filter(|item| !item.is_empty()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

/// Delete: puts the account back. An id that is not ours is answered with SUCCESS and nothing is
/// touched, since such a Delete is about something that was never made.
pub(crate) async fn delete(
    world: &World,
    id: &Identity,
    event: &Event,
    clock: Clock,
) -> Result<Done, Error> {
    let given = event.physical_id.as_deref().unwrap_or_default();
    if !id.is_named_by(given) {
        return Ok(Done {
            reason: "Nothing of this stack has this id".to_owned(),
            ..Done::default()
        });
    }
    let invented = id.was_invented(given);
    if invented {
        wait_for_create(&world.aws, id, clock).await?;
    }
    let desired = desired::check(&event.properties, &id.home, world.on_emulator).ok();
    let scope = Scope {
        id,
        desired: None,
        named: desired::named_load_balancers(&event.properties, &id.home),
        bucket: desired::named_bucket(&event.properties),
        remembered: None,
    };
    if !invented {
        return undo(&world.aws, &scope, desired.as_ref(), clock).await;
    }
    // A Create that runs beside us may have changed something between our look and our last step; what
    // it changes after that, it undoes by itself.
    let seen = aws::observe(&world.aws, &scope, clock).await?;
    let remembered = seen.own_topic().and_then(TopicFacts::record);
    let first = undo_seen(&world.aws, id, desired.as_ref(), &seen, clock).await?;
    if remembered.is_none() {
        return Ok(first);
    }
    undo(&world.aws, &Scope { remembered, ..scope }, desired.as_ref(), clock).await
}

/// CloudFormation invents an id when no Create ever answered; one may still be on its way. Its topic
/// is what it makes first, and once that is gone, it undoes the rest by itself.
async fn wait_for_create(clients: &Clients, id: &Identity, clock: Clock) -> Result<(), Error> {
    let until = (Instant::now() + CREATE_MAY_BEGIN).min(clock.last_change);
    let topic = id.topic_arn();
    loop {
        match sns::tags(&clients.sns, &topic).await {
            Ok(Some(_)) => return Ok(()),
            // The role may be as new as the stack.
            Err(error) if !error.is_denied() => return Err(error.into()),
            Ok(None) | Err(_) if Instant::now() + LOOK_EVERY >= until => return Ok(()),
            Ok(None) | Err(_) => sleep(LOOK_EVERY).await,
        }
    }
}

/// Undoes what a stack did, and what deleted stacks left to it.
async fn undo(
    clients: &Clients,
    scope: &Scope<'_>,
    desired: Option<&Desired>,
    clock: Clock,
) -> Result<Done, Error> {
    let seen = aws::observe(clients, scope, clock).await?;
    undo_seen(clients, scope.id, desired, &seen, clock).await
}

/// The same, of what was seen.
async fn undo_seen(
    clients: &Clients,
    id: &Identity,
    desired: Option<&Desired>,
    seen: &Observed,
    clock: Clock,
) -> Result<Done, Error> {
    if matches!(seen.topic, Topic::Foreign) {
        tracing::warn!("a topic with our name is not ours and is left alone");
    }
    let planned = plan::undo(id, desired, seen);
    tracing::info!(stages = planned.stages.len(), "planned to undo");
    let mut applied = aws::apply_all(clients, id, &planned.stages, clock, &seen.unread).await;
    inherit(clients, &planned.left, clock, &mut applied).await?;
    close(clients, id, &planned.closing, clock, &mut applied).await;
    told(&planned, &applied)
}

/// The last steps of an undo, which depend on what failed before.
async fn close(
    clients: &Clients,
    id: &Identity,
    closing: &[Stage],
    clock: Clock,
    applied: &mut Applied,
) {
    let failures = std::mem::take(&mut applied.failures);
    let last = aws::apply_after(clients, id, closing, clock, failures).await;
    applied.kept.extend(last.kept);
    applied.spared.extend(last.spared);
    applied.failures = last.failures;
}

/// A stack that was deleted while others listened to its topic left everything to the last of them;
/// and so may have done the stack that it listened to itself.
async fn inherit(
    clients: &Clients,
    left: &[(String, Identity)],
    clock: Clock,
    applied: &mut Applied,
) -> Result<(), Error> {
    let mut left = left.to_vec();
    while let Some((topic, owner)) = left.pop() {
        let Some(tags) = sns::tags(&clients.sns, &topic).await? else { continue };
        let abandoned = TopicFacts { tags, ..TopicFacts::default() }.is_abandoned();
        if !abandoned || owner.topic_arn() != topic {
            continue;
        }
        let scope =
            Scope { id: &owner, desired: None, named: Vec::new(), bucket: None, remembered: None };
        let seen = aws::observe(clients, &scope, clock).await?;
        let planned = plan::undo(&owner, None, &seen);
        let mut more = aws::apply_all(clients, &owner, &planned.stages, clock, &seen.unread).await;
        close(clients, &owner, &planned.closing, clock, &mut more).await;
        applied.kept.extend(more.kept);
        applied.spared.extend(more.spared);
        applied.failures.extend(more.failures);
        left.extend(planned.left);
    }
    Ok(())
}

/// SUCCESS with what was left behind, unless data would still flow to the vendor: after `DELETE_FAILED`,
/// CloudFormation may already have taken our role away, and a second try could not work.
fn told(planned: &Undo, applied: &Applied) -> Result<Done, Error> {
    let harmful = |step: &Step| {
        matches!(step, Step::EditPolicy { .. } | Step::DeleteTopic(_) | Step::Unsubscribe { .. })
    };
    if let Some((_, error)) = applied.failures.iter().find(|(step, _)| harmful(step)) {
        return Err(error.clone());
    }
    let mut left: Vec<String> = Vec::new();
    if !planned.released_to.is_empty() {
        left.push(format!(
            "Logging stays as it is, because other stacks rely on it and will put it back when the last \
             of them is deleted: {}",
            planned.released_to.join(", ")
        ));
    }
    if !applied.kept.is_empty() {
        left.push(format!("Kept, because logs are in it: bucket {}", applied.kept.join(", ")));
    }
    if !applied.spared.is_empty() {
        left.push(format!(
            "A load balancer may still write there, so the permission to do so stays: bucket {}",
            applied
                .spared
                .iter()
                .cloned()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    if !planned.unknown.is_empty() {
        let arns: Vec<&str> = planned.unknown.iter().map(LoadBalancerArn::as_str).collect();
        left.push(format!(
            "Logging stays on, and so do subscriptions of the vendor to your own topics, because the topic \
             that kept account of what was before is gone: load balancer {}",
            arns.join(", ")
        ));
    }
    for (step, error) in &applied.failures {
        left.push(format!("Could not {}: {}", step.label(), error.reason()));
    }
    Ok(Done { reason: left.join(". "), ..Done::default() })
}
