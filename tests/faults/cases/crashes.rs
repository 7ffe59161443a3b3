//! The function is killed before or after every request: Lambda tries again, or CloudFormation takes
//! back, or a duplicate of the event runs beside it.

use harness::model::fault::{Kind, Times};

use super::{Case, Expect, Story, life, sites};
use crate::{cloudformation::Stage, worlds};

pub(super) fn cases() -> Vec<Case> {
    let worlds = [("", worlds::plain()), ("in the customer's bucket, ", worlds::with_own_bucket())];
    let mut all = Vec::new();
    for (place, world) in &worlds {
        for phase in ["Create", "Update", "Delete"] {
            for site in sites::of(world, phase) {
                for (when, kind) in [("before", Kind::KilledBefore), ("after", Kind::KilledAfter)] {
                    let at =
                        format!("{place}killed {when} {} {} of {phase}", site.operation, site.nth);
                    let case = |story, expect, what: &str| Case {
                        group: "crash",
                        name: format!("{at}, {what}"),
                        story,
                        faults: vec![sites::fault(&site, kind, Times::Once)],
                        expect,
                        ..sites::calm(world)
                    };
                    let taken = site.operation == "Answer" && kind == Kind::KilledAfter;
                    let lost = if taken { Expect::Succeeds } else { Expect::Nothing };
                    all.push(case(Story::Life, Vec::new(), "Lambda tries again"));
                    let expect = vec![(phase, lost)];
                    all.push(case(Story::NoRetry, expect, "CloudFormation takes it back"));
                    if phase == "Create" {
                        all.push(case(Story::Twice, Vec::new(), "a duplicate runs beside it"));
                    }
                }
            }
        }
    }
    all
}

/// What CloudFormation does when nobody ever answers: it takes back, or the customer deletes once more.
pub(super) async fn play(case: &Case, stage: &Stage) {
    stage.never_retry();
    let create = stage.event("Create", None, stage.launch());
    let answer = stage.deliver("Create", &create).await;
    life::check(case, stage, "Create", answer.as_ref());
    let Some(created) = answer else {
        let deleted = stage.delete("Rollback", None).await;
        life::check(case, stage, "Rollback", deleted.as_ref());
        return;
    };
    stage.pass().await;
    life::update(case, stage, &created.physical_id).await;
    stage.pass().await;
    let deleted = stage.delete("Delete", Some(&created.physical_id)).await;
    life::check(case, stage, "Delete", deleted.as_ref());
}
