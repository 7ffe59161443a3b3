//! CloudFormation's contract for resource types, test by test and under its names, held to a custom
//! resource (CloudFormation CLI user guide, "Contract tests" and "Resource type handler contract").

use futures_util::future::LocalBoxFuture;
use harness::{
    cloudformation::Answer,
    model::{
        account::{Bucket, Topic},
        fault::{Fault, Kind, Site, Times},
    },
};

use super::{Case, Expect, Story, life, sites};
use crate::{
    cloudformation::Stage,
    invariants,
    worlds::{self, ACCOUNT, REGION, STACK},
};

type Told = for<'a> fn(&'a Case, &'a Stage) -> LocalBoxFuture<'a, ()>;

pub(super) fn cases() -> Vec<Case> {
    let told: [(&'static str, Told); 16] = [
        ("create_create: two stacks share a load balancer", |_, s| Box::pin(create_create(s))),
        ("create_read: what Create says is there", |_, s| Box::pin(create_read(s))),
        ("create_list: what Create made is found by its tags", |_, s| Box::pin(create_list(s))),
        ("create_delete: nothing is left", |_, s| Box::pin(create_delete(s))),
        ("update_read: what Update says is there", |_, s| Box::pin(update_read(s))),
        ("update_list: Update makes nothing twice", |_, s| Box::pin(update_list(s))),
        ("update_without_create: Update of nothing is a Create", |_, s| {
            Box::pin(update_without_create(s))
        }),
        ("delete_create: what was deleted can be made again", |_, s| Box::pin(delete_create(s))),
        ("delete_update: Update after Delete is a Create", |_, s| Box::pin(delete_update(s))),
        ("delete_read, delete_list: Delete leaves nothing that is ours", |_, s| {
            Box::pin(delete_list(s))
        }),
        ("delete_delete: the second has nothing to do", |_, s| Box::pin(delete_delete(s))),
        ("rollback_of_update: what was so before is so again", |c, s| {
            Box::pin(rollback_of_update(c, s))
        }),
        ("replacement_then_rollback: Delete of another id touches nothing", |_, s| {
            Box::pin(delete_of_another(s))
        }),
        ("a topic of our name that is not ours is left alone", |_, s| Box::pin(their_topic(s))),
        ("a bucket of our name that is not ours is left alone", |_, s| Box::pin(their_bucket(s))),
        ("create_cancelled: Delete before any Create", |_, s| Box::pin(delete_of_nothing(s))),
    ];
    let case = |(name, told): (&str, Told)| Case {
        group: "contract",
        name: name.to_owned(),
        story: Story::Told(told),
        ..sites::calm(&worlds::plain())
    };
    told.map(case).to_vec()
}

async fn succeed(stage: &Stage, request: &'static str, id: Option<&str>) -> Option<Answer> {
    let launch = if request == "Update" { stage.update() } else { stage.launch() };
    let event = stage.event(request, id, launch);
    let answer = stage.deliver(request, &event).await;
    let failed = answer.as_ref().is_none_or(Answer::failed);
    stage.must(!failed, || format!("{request}: {answer:?}"));
    stage.pass().await;
    answer
}

async fn created(stage: &Stage) -> String {
    succeed(stage, "Create", None).await.map(|answer| answer.physical_id).unwrap_or_default()
}

async fn create_create(stage: &Stage) {
    let one = created(stage).await;
    let other = stage.of_another_stack();
    let two = created(&other).await;
    stage.must(one != two, || format!("both stacks are called {one}"));
    life::onboarded(&other, "the second Create");
    succeed(stage, "Delete", Some(&one)).await;
    life::onboarded(&other, "the first Delete");
    succeed(&other, "Delete", Some(&two)).await;
    other.nothing_is_left("both Deletes");
}

async fn create_read(stage: &Stage) {
    let Some(answer) = succeed(stage, "Create", None).await else { return };
    let account = stage.account();
    let (bucket, topic) = (answer.attribute("Buckets"), answer.attribute("TopicArn"));
    stage.must(account.buckets.contains_key(bucket), || format!("no bucket {bucket}"));
    stage.must(account.topics.contains_key(topic), || format!("no topic {topic}"));
    life::onboarded(stage, "Create");
}

async fn create_list(stage: &Stage) {
    created(stage).await;
    stage.must(stage.tagged() == (1, 1), || format!("{:?} are tagged", stage.tagged()));
}

async fn create_delete(stage: &Stage) {
    let id = created(stage).await;
    stage.delete("Delete", Some(&id)).await;
}

async fn update_read(stage: &Stage) {
    let id = created(stage).await;
    let Some(answer) = succeed(stage, "Update", Some(&id)).await else { return };
    stage.must(answer.physical_id == id, || "the id changed".to_owned());
    for arn in &stage.update().load_balancers {
        let path = arn.rsplit("loadbalancer/").next().unwrap_or_default();
        let said = answer.attribute("LoadBalancers").contains(path);
        let so = invariants::is_onboarded(&stage.account(), arn);
        stage.must(said && so.is_ok(), || format!("{arn}: {so:?}, {answer:?}"));
    }
}

async fn update_list(stage: &Stage) {
    let id = created(stage).await;
    succeed(stage, "Update", Some(&id)).await;
    stage.must(stage.tagged() == (1, 1), || format!("{:?} are tagged", stage.tagged()));
}

async fn update_without_create(stage: &Stage) {
    let id = stage.identity().physical_id();
    succeed(stage, "Update", Some(&id)).await;
    life::onboarded(stage, "Update");
    stage.delete("Delete", Some(&id)).await;
}

async fn delete_create(stage: &Stage) {
    let id = created(stage).await;
    stage.delete("Delete", Some(&id)).await;
    let again = created(stage).await;
    stage.must(again == id, || format!("{again} is not {id}"));
    life::onboarded(stage, "the second Create");
    stage.delete("Delete", Some(&id)).await;
}

async fn delete_update(stage: &Stage) {
    let id = created(stage).await;
    stage.delete("Delete", Some(&id)).await;
    succeed(stage, "Update", Some(&id)).await;
    life::onboarded(stage, "Update");
    stage.delete("Delete", Some(&id)).await;
}

async fn delete_list(stage: &Stage) {
    let id = created(stage).await;
    stage.delete("Delete", Some(&id)).await;
    // The bucket stays, because the load balancer has written its test object.
    stage.must(stage.tagged() == (1, 0), || format!("{:?} are tagged", stage.tagged()));
}

async fn delete_delete(stage: &Stage) {
    let id = created(stage).await;
    stage.delete("Delete", Some(&id)).await;
    let before = stage.account();
    succeed(stage, "Delete", Some(&id)).await;
    stage.must(stage.account() == before, || "the second Delete changed something".to_owned());
}

/// The vendor's new version cannot write the policy; CloudFormation goes back to the old one.
async fn rollback_of_update(case: &Case, stage: &Stage) {
    let id = created(stage).await;
    let before = stage.account();
    let site = Site { phase: "Update".to_owned(), operation: "PutBucketPolicy".to_owned(), nth: 1 };
    stage.aws.state().faults.push(Fault { site, kind: Kind::Denied, times: Times::ForEver });
    let case = Case { expect: vec![("Update", Expect::Fails)], ..case.clone() };
    life::update(&case, stage, &id).await;
    let changed = before.differences(&stage.account());
    stage.must(changed.is_empty(), || format!("the rollback left {changed:?}"));
}

async fn delete_of_another(stage: &Stage) {
    created(stage).await;
    let before = stage.account();
    let foreign = ["", "2026/11/22/[$LATEST]0123456789abcdef", "DTLogsAnalysis-other", STACK];
    for id in foreign {
        succeed(stage, "Delete", Some(id)).await;
    }
    stage.must(stage.account() == before, || "a foreign Delete changed something".to_owned());
}

async fn delete_of_nothing(stage: &Stage) {
    let before = stage.account();
    let delete = stage.delete_event();
    let answer = stage.deliver("Delete", &delete).await;
    stage.must(answer.is_some_and(|answer| !answer.failed()), || "Delete failed".to_owned());
    stage.must(stage.account() == before, || "something changed".to_owned());
}

async fn their_topic(stage: &Stage) {
    let arn = stage.identity().topic_arn();
    let theirs = Topic { signature_version: "1".to_owned(), ..Topic::default() };
    stage.aws.customer(|account| {
        account.topics.insert(arn.clone(), theirs.clone());
    });
    refused_and_left_alone(stage).await;
}

async fn their_bucket(stage: &Stage) {
    let name = stage.identity().bucket_name(0);
    stage.aws.customer(|account| {
        account.buckets.insert(name.clone(), Bucket::of(ACCOUNT, REGION));
    });
    refused_and_left_alone(stage).await;
}

/// Create refuses, and Delete has nothing to put back.
async fn refused_and_left_alone(stage: &Stage) {
    let before = stage.account();
    let event = stage.event("Create", None, stage.launch());
    let answer = stage.deliver("Create", &event).await;
    stage.must(answer.as_ref().is_some_and(Answer::failed), || format!("Create: {answer:?}"));
    let id = answer.map(|answer| answer.physical_id);
    succeed(stage, "Delete", id.as_deref()).await;
    let changed = before.differences(&stage.account());
    stage.must(changed.is_empty(), || format!("changed {changed:?}"));
}
