//! Rules of the house that no compiler checks.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use harness::root;

fn sources(folder: &str) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path)?;
                found.push((path, text));
            }
        }
    }
    Ok(found)
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with("tests.rs")
}

#[test]
fn the_aws_sdk_is_used_below_aws_only() -> Result<()> {
    for (path, text) in sources("handler/src")?.into_iter().chain(sources("onboarding-web/src")?) {
        let inside =
            path.components().any(|part| part.as_os_str() == "aws") || path.ends_with("aws.rs");
        assert!(inside || !text.contains("aws_sdk_"), "{}", path.display());
    }
    Ok(())
}

#[test]
fn what_decides_does_no_input_or_output() -> Result<()> {
    let pure = [
        "plan.rs",
        "converge.rs",
        "buckets.rs",
        "topics.rs",
        "undo.rs",
        "desired.rs",
        "policy.rs",
        "notification.rs",
        "record.rs",
        "identity.rs",
        "arn.rs",
        "observed.rs",
    ];
    let handler = sources("handler/src")?.into_iter().filter(|(path, _)| {
        pure.iter().any(|name| path.file_name().is_some_and(|file| file == *name))
    });
    let decides = ["onboarding.rs", "progress.rs", "links.rs", "email.rs", "token.rs", "words.rs"];
    let is_pure = |path: &Path| {
        let folders = [
            "hints",
            "permissions",
            "load_balancers",
            "customer_form",
            "import",
            "pages",
            "publish",
        ];
        let own = path.strip_prefix(root().join("onboarding-web/src")).unwrap_or(path);
        let first = own.components().next().map(|part| part.as_os_str().to_owned());
        let first = first.unwrap_or_default().to_string_lossy().into_owned();
        decides.contains(&first.as_str()) || folders.contains(&first.trim_end_matches(".rs"))
    };
    let site = sources("onboarding-web/src")?.into_iter().filter(|(path, _)| is_pure(path));
    for (path, text) in handler.chain(sources("templates/src")?).chain(site) {
        assert!(!text.contains("async fn"), "{}", path.display());
    }
    Ok(())
}

#[test]
fn only_the_store_talks_to_the_database() -> Result<()> {
    for (path, text) in sources("onboarding-web/src")? {
        let inside = path.components().any(|part| part.as_os_str() == "store");
        assert!(
            inside || path.ends_with("store.rs") || !text.contains("sqlx"),
            "{}",
            path.display()
        );
    }
    Ok(())
}

#[test]
fn the_templates_crate_depends_on_no_other_of_ours() -> Result<()> {
    let manifest = fs::read_to_string(root().join("templates/Cargo.toml"))?;
    assert!(!manifest.contains("handler") && !manifest.contains("path ="));
    let site = fs::read_to_string(root().join("onboarding-web/Cargo.toml"))?;
    assert!(!site.contains("handler"));
    Ok(())
}

/// A panic has to become an answer, and a cold start is not to be thrown away.
#[test]
fn the_release_is_built_as_it_was_measured() -> Result<()> {
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    let release = manifest.split("[profile.release]").nth(1).unwrap_or_default();
    for setting in ["opt-level = \"z\"", "lto = \"fat\"", "codegen-units = 1", "strip = true"] {
        assert!(release.contains(setting), "{setting}");
    }
    assert!(release.contains("panic = \"unwind\""), "a panic could not be answered");
    let config = fs::read_to_string(root().join(".cargo/config.toml"))?;
    assert!(config.contains("AWS_LC_SYS_NO_JITTER_ENTROPY = \"1\""));
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    for old in
        ["name = \"openssl\"", "name = \"native-tls\"", "name = \"rustls\"\nversion = \"0.21"]
    {
        assert!(!lock.contains(old), "{old} came in");
    }
    Ok(())
}

#[test]
fn no_test_is_left_out_and_no_code_unfinished() -> Result<()> {
    let marks = [
        concat!("#[", "ignore"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("FIX", "ME"),
    ];
    for folder in ["templates", "handler", "onboarding-web", "tests"] {
        for (path, text) in sources(folder)? {
            for mark in marks {
                assert!(!text.contains(mark), "{mark} in {}", path.display());
            }
        }
    }
    Ok(())
}

#[test]
fn no_file_is_too_long_to_be_one_idea() -> Result<()> {
    let programs = ["templates/src", "handler/src", "onboarding-web/src"];
    let tests = ["tests/harness", "tests/demo", "tests/load", "tests/bench-peers"];
    for folder in programs.into_iter().chain(tests) {
        for (path, text) in sources(folder)? {
            if is_test(&path) {
                continue;
            }
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines = code.lines().count();
            assert!(lines <= 400, "{} has {lines} lines", path.display());
        }
    }
    Ok(())
}
