//! Which program is the site's, and how it is built.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context, Result, ensure};

use crate::{cargo, cloudformation::bootstrap, target};

/// Set where the program was built without the tests.
static ALONE: OnceLock<PathBuf> = OnceLock::new();

/// Builds the site's program as the demo needs it: without the tests, and with the same features as
/// the demo itself, so that nothing is compiled twice.
pub fn build_alone() -> Result<()> {
    let packages = ["--package", "tests", "--package", "onboarding-web"];
    let status = cargo()
        .args(["build", "--quiet", "--bin", "onboarding-web"])
        .args(packages)
        .status()
        .context("cargo could not be started")?;
    ensure!(status.success(), "the site was not built");
    let _ = ALONE.set(target().join("debug/onboarding-web"));
    Ok(())
}

/// Builds the site's program for a release, to be measured.
pub fn build_release() -> Result<()> {
    let status = cargo()
        .args(["build", "--quiet", "--release", "--package", "onboarding-web"])
        .status()
        .context("cargo could not be started")?;
    ensure!(status.success(), "the site was not built");
    use_program(&target().join("release/onboarding-web"));
    Ok(())
}

/// Takes this program for the site's.
pub fn use_program(path: &Path) {
    let _ = ALONE.set(path.to_owned());
}

/// The site's program, as `cargo test` builds it unless it was built alone.
pub fn program() -> Result<PathBuf> {
    match ALONE.get() {
        Some(path) => Ok(path.clone()),
        None => Ok(bootstrap()?.with_file_name("onboarding-web")),
    }
}
