//! What building takes, and what is in the programs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use anyhow::Result;
use harness::{cargo, package, process::cpu_of_children, root};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    commands::{run, said},
    machine,
};

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BuildsPart {
    /// What it ran on.
    pub(crate) machine: String,
    /// The compiler.
    pub(crate) compiler: String,
    /// The programs.
    pub(crate) programs: Vec<Built>,
}

/// A program, built for a release.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Built {
    /// Its name.
    pub(crate) name: String,
    /// From nothing.
    pub(crate) clean: Took,
    /// After a change of one file.
    pub(crate) changed: Took,
    /// The finished program, in MB.
    pub(crate) program_mb: f64,
    /// What is uploaded of it, in MB; nothing of the site.
    pub(crate) zip_mb: Option<f64>,
    /// Packages that it depends on, those that only run at build time left out.
    pub(crate) packages: usize,
    /// Packages with the most code in it, in MB.
    pub(crate) largest: Vec<(String, f64)>,
}

/// What a build took, in seconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Took {
    /// On the clock.
    pub(crate) seconds: f64,
    /// Of all processors.
    pub(crate) cpu: f64,
}

/// Package, program, and a file of it that is changed.
const PROGRAMS: [(&str, &str, &str); 2] = [
    ("handler", "bootstrap", "handler/src/work.rs"),
    ("onboarding-web", "onboarding-web", "onboarding-web/src/launch.rs"),
];

/// Builds each program from nothing, and once more.
pub(crate) fn measure(folder: &Path) -> Result<BuildsPart> {
    let programs = PROGRAMS.into_iter().map(|one| built(folder, one)).collect::<Result<_>>()?;
    let compiler = said(Command::new("rustc").arg("--version"))?;
    Ok(BuildsPart { machine: machine::describe(), compiler, programs })
}

fn built(folder: &Path, (package, program, file): (&str, &str, &str)) -> Result<Built> {
    let target = folder.join("clean");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    let clean = build(&target, package, program)?;
    let symbols = target.join("release").join(program);
    let largest = largest(&symbols)?;
    // Only the time of the change: nothing is written.
    #[expect(clippy::disallowed_methods, reason = "the time of a file")]
    fs::File::options().append(true).open(root().join(file))?.set_modified(SystemTime::now())?;
    let changed = build(&target, package, program)?;
    let stripped = target.join("stripped");
    run(Command::new("strip").arg("-o").arg(&stripped).arg(&symbols))?;
    let zip = if package == "handler" { Some(package::build()?.zip_bytes) } else { None };
    let tree = [
        "tree",
        "--package",
        package,
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--locked",
    ];
    let tree = said(cargo().args(tree))?;
    let packages: std::collections::BTreeSet<&str> =
        tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    let built = Built {
        name: program.to_owned(),
        clean,
        changed,
        program_mb: megabytes(fs::metadata(&stripped)?.len()),
        zip_mb: zip.map(megabytes),
        packages: packages.len(),
        largest,
    };
    fs::remove_dir_all(&target)?;
    Ok(built)
}

#[expect(clippy::cast_precision_loss, reason = "megabytes")]
fn megabytes(bytes: u64) -> f64 {
    (bytes as f64 / 1e4).round() / 100.0
}

fn build(target: &PathBuf, package: &str, program: &str) -> Result<Took> {
    let (begun, before) = (Instant::now(), cpu_of_children()?);
    run(cargo()
        .args(["build", "--quiet", "--release", "--locked", "--package", package])
        .args(["--bin", program, "--target-dir"])
        .arg(target)
        // The names of what is in it are counted below.
        .env("CARGO_PROFILE_RELEASE_STRIP", "false"))?;
    let tenths = |seconds: f64| (seconds * 10.0).round() / 10.0;
    let cpu = tenths(cpu_of_children()? - before);
    Ok(Took { seconds: tenths(begun.elapsed().as_secs_f64()), cpu })
}

/// The packages with the most code, by the names of symbols.
fn largest(program: &Path) -> Result<Vec<(String, f64)>> {
    let symbols = said(Command::new("nm").args(["--demangle", "--print-size"]).arg(program))?;
    let mut bytes: BTreeMap<String, u64> = BTreeMap::new();
    for line in symbols.lines() {
        let mut fields = line.splitn(4, ' ');
        let (_, size, kind, name) = (fields.next(), fields.next(), fields.next(), fields.next());
        let (Some(size), Some("t" | "T"), Some(name)) = (size, kind, name) else { continue };
        let size = u64::from_str_radix(size, 16).unwrap_or_default();
        *bytes.entry(owner(name)).or_default() += size;
    }
    let mut all: Vec<(String, u64)> = bytes.into_iter().collect();
    all.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    all.truncate(8);
    Ok(all.into_iter().map(|(name, bytes)| (name, megabytes(bytes))).collect())
}

/// The package that a symbol is of: the first name of its path.
fn owner(symbol: &str) -> String {
    let path = symbol.trim_start_matches(['<', '&', '*', '(', '[', ' ']);
    let path = path.trim_start_matches("mut ").trim_start_matches("dyn ");
    match path.split_once("::") {
        Some((package, _)) if !package.contains(['<', ' ']) => package.to_owned(),
        _ => "C, and others without a path".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_of_the_first_name_of_its_path() {
        let of_sdk = "<aws_sdk_s3::client::Client as core::clone::Clone>::clone";
        assert_eq!(owner(of_sdk), "aws_sdk_s3");
        assert_eq!(owner("tokio::runtime::Builder::new"), "tokio");
        assert_eq!(owner("<&mut dyn core::fmt::Write>::x"), "core");
        assert_eq!(owner("aes_gcm_enc_update"), "C, and others without a path");
    }
}
