//! The peers' languages with their libraries, installed below `target/`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use harness::root;

use crate::commands::{run, said};

/// Python with the pinned libraries; its program and how it calls itself.
pub(crate) fn python(folder: &Path) -> Result<(PathBuf, String)> {
    let (venv, pins) = (folder.join("python"), source("python").join("requirements.txt"));
    let ready = venv.join("ready");
    let wanted = fs::read_to_string(&pins)?;
    if fs::read_to_string(&ready).ok().as_ref() != Some(&wanted) {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(Command::new(venv.join("bin/python")).args(pip).arg(&pins))?;
        fs::write(&ready, wanted)?;
    }
    let python = venv.join("bin/python");
    let version = said(Command::new(&python).arg("--version"))?;
    Ok((python, version))
}

/// Node with the pinned libraries, beside copies of the peers' sources; the folder, and what Node calls
/// itself.
pub(crate) fn node(folder: &Path) -> Result<(PathBuf, String)> {
    let (own, source) = (folder.join("node"), source("node"));
    fs::create_dir_all(&own)?;
    for file in ["package.json", "package-lock.json", "handler.mjs", "onboarding.mjs"] {
        fs::copy(source.join(file), own.join(file))?;
    }
    let (ready, wanted) = (own.join("ready"), fs::read_to_string(own.join("package-lock.json"))?);
    if fs::read_to_string(&ready).ok().as_ref() != Some(&wanted) {
        run(Command::new("npm").current_dir(&own).args(["ci", "--silent", "--no-audit"]))?;
        fs::write(&ready, wanted)?;
    }
    Ok((own, format!("Node {}", said(Command::new("node").arg("--version"))?)))
}

/// Where a peer's source is.
pub(crate) fn source(name: &str) -> PathBuf {
    root().join("tests/bench-peers/peers").join(name)
}
