//! The stories: what holds for a customer, told across templates, handler and account.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what a story cannot do without has to stop it; clippy knows that of tests only"
)]

mod breakage;
mod create;
mod delete;
mod delete_during_create;
mod existing_bucket;
mod intake;
mod launch_role;
mod load_balancers;
mod logging_before;
mod model;
mod permissions;
mod pop_roles;
mod preflight;
mod properties;
mod protocol;
mod publish;
mod reports;
mod selectors;
mod site;
mod tidy;
mod two_stacks;
mod update;
mod whole_path;

use anyhow::Result;
use harness::{
    cloudformation::{Answer, Lab},
    emulators::{self, Kind},
};

/// Tells a story on both emulators, so that it is not tuned to one.
async fn on_both(story: impl AsyncFn(&Lab) -> Result<()>) -> Result<()> {
    for kind in [Kind::Ministack { auth: false }, Kind::Moto] {
        let lab = Lab::on(emulators::shared(kind), "eu-west-1").await?;
        story(&lab).await?;
        assert_eq!(lab.proxy.violations(), Vec::<String>::new(), "{kind:?}");
    }
    Ok(())
}

/// The answer succeeded.
fn succeeded(answer: &Answer) {
    assert!(!answer.failed(), "{}", answer.reason);
}

/// The answer failed, and its reason has these words.
fn failed_with(answer: &Answer, words: &str) {
    assert!(answer.failed(), "it succeeded");
    assert!(answer.reason.contains(words), "'{words}' is not in: {}", answer.reason);
}

/// The one bucket and topic that a stack's answer names.
fn bucket_of(answer: &Answer) -> &str {
    answer.attribute("Buckets")
}

/// Whether a call changes anything.
fn is_change(operation: &str) -> bool {
    !harness::wire::is_read(operation)
}
