//! Connections break, and the function dies: the program itself, over real connections. (`tests/faults`
//! plays every request and every fault, in the same code and without the program around it.)

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use harness::{
    cloudformation::{Lab, Launch, Stack},
    proxy::Breakage,
};
use serde_json::Value;

use crate::{delete_during_create::without_kept_buckets, failed_with, is_change, succeeded};

/// The changes that a Create makes in an account, each once, in their order.
async fn changes_of_create() -> Result<Vec<String>> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    succeeded(&lab.create(&mut lab.stack("logs"), &Launch::of(&[&web])).await?);
    let mut all = Vec::new();
    for call in lab.proxy.calls() {
        if is_change(&call.operation) && !all.contains(&call.operation) {
            all.push(call.operation);
        }
    }
    ensure!(all.len() >= 8, "{all:?}");
    Ok(all)
}

/// A stack of one load balancer, about to be created, and the account as it was.
struct Beginning {
    lab: Lab,
    stack: Stack,
    create: Value,
    before: Value,
}

async fn beginning() -> Result<Beginning> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let before = without_kept_buckets(&lab).await?;
    let mut stack = lab.stack("logs");
    let create = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    Ok(Beginning { lab, stack, create, before })
}

impl Beginning {
    async fn is_as_before(&self, what: &str) -> Result<()> {
        assert_eq!(without_kept_buckets(&self.lab).await?, self.before, "{what}");
        assert_eq!(self.lab.proxy.violations(), Vec::<String>::new(), "{what}");
        Ok(())
    }

    /// Nothing of AWS's came back: the stack is there, or the customer reads why not.
    async fn succeeds_or_says_why(self, what: &str) -> Result<()> {
        let created = self.lab.send(&self.create).await.with_context(|| what.to_owned())?;
        if created.failed() {
            failed_with(&created, " failed. No readable answer came from AWS. Try again.");
        }
        let deleted = self.lab.delete_as(&self.stack, &created.physical_id).await?;
        assert!(!deleted.failed(), "{what}: {}", deleted.reason);
        self.is_as_before(what).await
    }

    /// Lambda tries again, and the customer deletes the stack later.
    async fn succeeds_and_is_deleted(mut self, what: &str) -> Result<()> {
        let created = self.lab.send(&self.create).await.with_context(|| what.to_owned())?;
        assert!(!created.failed(), "{what}: {}", created.reason);
        self.stack.physical_id = Some(created.physical_id);
        let deleted = self.lab.delete(&self.stack).await.with_context(|| what.to_owned())?;
        assert!(!deleted.failed(), "{what}: {}", deleted.reason);
        self.is_as_before(what).await
    }

    /// CloudFormation gives up waiting, and takes back what nobody answered for.
    async fn ends_taken_back(self, what: &str) -> Result<()> {
        let deleted = self.lab.delete_invented(&self.stack).await?;
        assert!(!deleted.failed(), "{what}: {}", deleted.reason);
        self.is_as_before(what).await
    }
}

async fn every_change_breaks(how: Breakage) -> Result<()> {
    let broken = changes_of_create().await?.into_iter().map(async |operation| {
        let beginning = beginning().await?;
        beginning.lab.proxy.break_connection(&operation, how);
        let what = format!("{operation}: {how:?}");
        match how {
            Breakage::Garbled => beginning.succeeds_or_says_why(&what).await,
            _ => beginning.succeeds_and_is_deleted(&what).await,
        }
    });
    try_join_all(broken).await?;
    Ok(())
}

#[tokio::test]
async fn a_connection_breaks_before_a_change_took_effect() -> Result<()> {
    every_change_breaks(Breakage::BeforeItTookEffect).await
}

#[tokio::test]
async fn a_connection_breaks_after_a_change_took_effect() -> Result<()> {
    every_change_breaks(Breakage::AfterItTookEffect).await
}

#[tokio::test]
async fn something_else_than_aws_answers_a_change() -> Result<()> {
    every_change_breaks(Breakage::Garbled).await
}

#[tokio::test]
async fn a_change_is_never_answered() -> Result<()> {
    every_change_breaks(Breakage::NeverAnswered).await
}

/// Which side of the change the function dies on.
#[derive(Debug, Clone, Copy)]
enum Killed {
    Before,
    After,
}

async fn killed(when: Killed, operation: &str) -> Result<Beginning> {
    let mut beginning = beginning().await?;
    let Beginning { lab, create, .. } = &mut beginning;
    let mut held = match when {
        Killed::Before => lab.proxy.hold(operation),
        Killed::After => lab.proxy.hold_answer(operation),
    };
    lab.send_and_crash(create, &mut held).await.with_context(|| operation.to_owned())?;
    // The call that died with the function is not made later.
    std::mem::forget(held);
    Ok(beginning)
}

#[tokio::test]
async fn the_function_is_killed_at_a_change_and_lambda_tries_again() -> Result<()> {
    for when in [Killed::Before, Killed::After] {
        let all = changes_of_create().await?.into_iter().map(async |operation| {
            let what = format!("killed {when:?} {operation}");
            killed(when, &operation).await?.succeeds_and_is_deleted(&what).await
        });
        try_join_all(all).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_function_is_killed_at_a_change_and_cloudformation_takes_it_back() -> Result<()> {
    for when in [Killed::Before, Killed::After] {
        let mut changes = changes_of_create().await?;
        if matches!(when, Killed::Before) {
            // With nothing there, Delete waits a minute for a Create that may still begin.
            changes.retain(|operation| operation != "CreateTopic");
        }
        let all = changes.into_iter().map(async |operation| {
            let what = format!("killed {when:?} {operation}");
            killed(when, &operation).await?.ends_taken_back(&what).await
        });
        try_join_all(all).await?;
    }
    Ok(())
}
