//! The share of a processor that Lambda gives a small function, by a control group of the kernel.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// A function of 1,769 MB has one processor; one of 128 MB has so many thousandths.
const THOUSANDTHS: u64 = 72;
/// The kernel shares out time in pieces of so many microseconds: short ones, so that what is done quickly
/// does not get by without having waited.
const PERIOD: u64 = 20_000;

/// A group of processes with a small share.
#[derive(Debug)]
pub(crate) struct Share(PathBuf);

impl Share {
    /// Makes the group; why not, if the kernel or the rights for it are missing.
    pub(crate) fn new() -> Result<Self> {
        let name = format!("bench-peers-{}", std::process::id());
        let quota = PERIOD * THOUSANDTHS / 1000;
        let old = Path::new("/sys/fs/cgroup/cpu");
        if old.exists() {
            let group = old.join(name);
            fs::create_dir(&group).context("no control group could be made")?;
            fs::write(group.join("cpu.cfs_period_us"), PERIOD.to_string())?;
            fs::write(group.join("cpu.cfs_quota_us"), quota.to_string())?;
            return Ok(Self(group));
        }
        let group = Path::new("/sys/fs/cgroup").join(name);
        fs::create_dir(&group).context("no control group could be made")?;
        fs::write(group.join("cpu.max"), format!("{quota} {PERIOD}"))?;
        Ok(Self(group))
    }

    /// From now on a process has this share.
    pub(crate) fn limit(&self, pid: u32) -> Result<()> {
        fs::write(self.0.join("cgroup.procs"), pid.to_string()).context("the group takes nobody")
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}
