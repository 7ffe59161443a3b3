//! The whole life of a stack: Create, the same Create once more, Update, Delete; with the rollbacks that
//! follow where something fails.

use std::sync::PoisonError;

use harness::cloudformation::Answer;
use serde_json::Value;

use super::{Case, Expect};
use crate::{cloudformation::Stage, invariants};

pub(super) async fn play(case: &Case, stage: &Stage) {
    let create = stage.event("Create", None, stage.launch());
    let answer = stage.deliver("Create", &create).await;
    check(case, stage, "Create", answer.as_ref());
    if case.expected("Create") == Expect::Refuses {
        unchanged(stage);
    }
    let Some(created) = answer.as_ref().filter(|answer| !answer.failed()) else {
        stage.pass().await;
        let id = answer.map(|answer| answer.physical_id);
        let deleted = stage.delete("Rollback", id.as_deref()).await;
        check(case, stage, "Rollback", deleted.as_ref());
        return;
    };
    onboarded(stage, "Create");
    if case.brief {
        stage.pass().await;
        let deleted = stage.delete("Delete", Some(&created.physical_id)).await;
        check(case, stage, "Delete", deleted.as_ref());
        return;
    }
    stage.again("CreateAgain", &create).await;
    stage.pass().await;
    update(case, stage, &created.physical_id).await;
    stage.pass().await;
    let deleted = stage.delete("Delete", Some(&created.physical_id)).await;
    check(case, stage, "Delete", deleted.as_ref());
}

pub(super) async fn update(case: &Case, stage: &Stage, id: &str) {
    stage.no_gap.set(true);
    let event = stage.event("Update", Some(id), stage.update());
    let updated = stage.deliver("Update", &event).await;
    check(case, stage, "Update", updated.as_ref());
    let mut settled = updated.is_some_and(|answer| !answer.failed());
    if settled {
        let mut current = stage.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone_from(stage.update());
    } else {
        let event = stage.event("Update", Some(id), stage.launch());
        let back = stage.deliver("UpdateRollback", &event).await;
        check(case, stage, "UpdateRollback", back.as_ref());
        settled = back.is_some_and(|answer| !answer.failed());
    }
    if settled {
        onboarded(stage, "Update");
    }
    stage.no_gap.set(false);
}

/// Whether a phase came to what it must.
pub(super) fn check(case: &Case, stage: &Stage, phase: &str, answer: Option<&Answer>) {
    // What the customer removes himself may be what the rest needs.
    let removed = !stage.aws.state().removed.is_empty();
    let expected = if removed { Expect::Answers } else { case.expected(phase) };
    let mut problems = stage.problems();
    match (expected, answer) {
        (Expect::Nothing, None) | (Expect::Answers, Some(_)) | (Expect::Anything, _) => {}
        (_, None) => problems.hangs.push(format!("{phase}: nobody was answered")),
        (Expect::Succeeds, Some(answer)) if !answer.failed() => {}
        (Expect::Fails | Expect::Refuses, Some(answer)) if answer.failed() => {}
        (_, Some(answer)) => {
            problems.other.push(format!("{phase} was to be {expected:?}: {answer:?}"));
        }
    }
}

/// A refusal comes before the first change.
fn unchanged(stage: &Stage) {
    let changed = {
        let all = stage.aws.state();
        all.baseline.differences(&all.account)
    };
    if !changed.is_empty() {
        let words = format!("refused after a change: {}", Value::Object(changed));
        stage.problems().other.push(words);
    }
}

/// After SUCCESS, whoever the stack is for is told of every log.
pub(super) fn onboarded(stage: &Stage, phase: &str) {
    let current = stage.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // Whoever removes a thing himself, while or after we look at it, has undone it himself.
    if !stage.aws.state().removed.is_empty() {
        return;
    }
    let account = stage.account();
    for arn in &current.load_balancers {
        if let Err(why) = invariants::is_onboarded(&account, arn) {
            stage.problems().other.push(format!("{phase} succeeded, and {why}"));
        }
    }
}
