//! Two events at once: a Delete that overtakes its Create, a Create that arrives twice.

use std::time::Duration;

use harness::model::fault::{Fault, Kind, Times};
use tokio::{join, time::timeout};

use super::{Case, Story, life, sites};
use crate::{cloudformation::Stage, worlds};

/// How long a held call is held at most: less than the function has.
const HELD: Duration = Duration::from_secs(45);

pub(super) fn cases() -> Vec<Case> {
    let mut all = overtaken();
    all.extend(doubled());
    all
}

/// Create stops before or after each of its requests, and Delete before each of its own meanwhile.
fn overtaken() -> Vec<Case> {
    let worlds = [("", worlds::plain()), ("in the customer's bucket, ", worlds::with_own_bucket())];
    let mut all = Vec::new();
    for (place, world) in &worlds {
        let deletes = sites::of(world, "Delete");
        for create in &sites::of(world, "Create") {
            for (when, kind) in [("before", Kind::HeldBefore), ("after", Kind::HeldAfter)] {
                for delete in &deletes {
                    all.push(Case {
                        group: "Delete during Create",
                        name: format!(
                            "{place}Create held {when} {} {}, Delete held before {} {}",
                            create.operation, create.nth, delete.operation, delete.nth
                        ),
                        story: Story::Overtaken,
                        faults: vec![
                            sites::fault(create, kind, Times::Once),
                            sites::fault(delete, Kind::HeldBefore, Times::Once),
                        ],
                        ..sites::calm(world)
                    });
                }
            }
        }
    }
    all
}

/// Create arrives twice; the first stops before or after each of its requests until the second ends.
fn doubled() -> Vec<Case> {
    let worlds = [("", worlds::plain()), ("in the customer's bucket, ", worlds::with_own_bucket())];
    let mut all = Vec::new();
    for (place, world) in &worlds {
        for site in sites::of(world, "Create") {
            for (when, kind) in [("before", Kind::HeldBefore), ("after", Kind::HeldAfter)] {
                let fault: Fault = sites::fault(&site, kind, Times::Once);
                all.push(Case {
                    group: "Create twice",
                    name: format!("{place}the first held {when} {} {}", site.operation, site.nth),
                    story: Story::Twice,
                    faults: vec![fault],
                    ..sites::calm(world)
                });
            }
        }
    }
    all
}

/// Create, and the same event again while it runs; then Delete.
pub(super) async fn play_twice(case: &Case, stage: &Stage) {
    let create = stage.event("Create", None, stage.launch());
    let second = async {
        // The second is on its way when the first has stopped, or has gone far.
        let _ = timeout(Duration::from_millis(120), stage.aws.reached("Create")).await;
        let outcome = timeout(HELD, stage.invoke("Duplicate", &create)).await;
        stage.aws.release("Create");
        outcome
    };
    let (answer, _) = join!(stage.deliver("Create", &create), second);
    life::check(case, stage, "Create", answer.as_ref());
    life::onboarded(stage, "Create");
    stage.pass().await;
    let id = answer.map(|answer| answer.physical_id);
    let deleted = stage.delete("Delete", id.as_deref()).await;
    life::check(case, stage, "Delete", deleted.as_ref());
}

/// CloudFormation gives the resource up while it is being created, and sends Delete under an id that it
/// invented (aws-cdk #26139). Create goes on for a while; Delete may stop on its way, too.
pub(super) async fn play_overtaken(case: &Case, stage: &Stage) {
    let create = stage.event("Create", None, stage.launch());
    let delete = stage.delete_event();
    let overtaking = async {
        stage.aws.reached("Create").await;
        let letting_go = async {
            let _ = timeout(HELD, stage.aws.reached("Delete")).await;
            stage.aws.release("Create");
            tokio::time::sleep(HELD).await;
            stage.aws.release("Delete");
        };
        join!(stage.deliver("Delete", &delete), letting_go).0
    };
    let (_, deleted) = join!(stage.deliver("Create", &create), overtaking);
    life::check(case, stage, "Delete", deleted.as_ref());
    stage.nothing_is_left("Delete");
}
