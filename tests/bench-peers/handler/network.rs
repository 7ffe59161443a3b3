//! A network of the measurement's own: AWS's names lead to this machine, and nothing leads out of it.
//!
//! The programs are the released ones, which answer to S3's hosts only and know no other endpoints. So the
//! whole measurement runs once more in namespaces of the kernel, with a list of hosts that is mounted over
//! the machine's.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use anyhow::{Context, Result};

use super::far_side::{HOSTS, S3};
use crate::commands::run;

/// Set for the program that runs inside.
const INSIDE: &str = "BENCH_PEERS_INSIDE";
const LIST: &str = "/etc/hosts";

/// Whether this program runs inside.
pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs this program once more, inside, with the same arguments.
pub(crate) fn run_inside() -> Result<()> {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "--mount", "--"]);
    command.arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(INSIDE, "1");
    run(&mut command).context("unshare is of util-linux, and needs a kernel that lets users do so")
}

/// Brings the network up, and mounts a list of hosts from a folder.
pub(crate) fn set_up(folder: &Path) -> Result<()> {
    run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let list = folder.join("hosts");
    fs::write(&list, "")?;
    run(Command::new("mount").arg("--bind").arg(&list).arg(LIST))?;
    list_hosts(&[])
}

/// Gives buckets a host each, and takes those from others. In place, since another file would not be the
/// one that is mounted.
pub(crate) fn list_hosts(buckets: &[String]) -> Result<()> {
    let mut text = "127.0.0.1 localhost\n".to_owned();
    for (host, address) in HOSTS {
        let _ = writeln!(text, "{address} {host}");
        for name in buckets.iter().filter(|_| host == S3) {
            let _ = writeln!(text, "{address} {name}.{S3}");
        }
    }
    Ok(fs::write(LIST, text)?)
}
