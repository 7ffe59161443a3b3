//! Packages for what runs in Node.js.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use templates::digest::sha256;

use crate::{root, target};

/// The folder that has the packages that `tests/NAME` pins, installed once per lock file by whichever
/// process comes first.
pub(crate) fn packages(name: &str) -> Result<PathBuf> {
    let from = root().join("tests").join(name);
    let lock = from.join("package-lock.json");
    let text = fs::read(&lock).with_context(|| format!("{} is missing", lock.display()))?;
    let mut digest = sha256(&text);
    digest.truncate(12);
    let folder = target().join(name).join(&digest);
    fs::create_dir_all(&folder)?;
    let turn = File::create(target().join(name).join(format!("{digest}.lock")))?;
    turn.lock()?;
    if !folder.join("ready").exists() {
        for name in ["package.json", "package-lock.json"] {
            fs::copy(from.join(name), folder.join(name))?;
        }
        let output = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .output()
            .context("npm could not be started. Install Debian's packages nodejs and npm.")?;
        if !output.status.success() {
            bail!("npm ci failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        fs::write(folder.join("ready"), "")?;
    }
    Ok(folder)
}
