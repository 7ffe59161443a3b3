//! A network of the measurement's own: AWS's names lead to this machine, and nothing leads out of it.
//!
//! The programs are the released ones, which answer to S3's hosts only and know no other endpoints. So the
//! whole measurement runs once more in namespaces of the kernel, with a list of hosts that is mounted over
//! the machine's.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::{Command, ExitStatus},
};

use anyhow::{Context, Result, ensure};

use crate::far_side::{HOSTS, S3};

/// Set for the program that runs inside.
const INSIDE: &str = "BENCH_PEERS_INSIDE";
const LIST: &str = "/etc/hosts";

/// Whether this program runs inside.
pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs this program once more, inside, with the same arguments.
pub(crate) fn run_inside() -> Result<ExitStatus> {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "--mount", "--"]);
    command.arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(INSIDE, "1");
    command.status().context("unshare (of util-linux) could not be started")
}

/// Brings the network up, and mounts a list of hosts from a folder.
pub(crate) fn set_up(folder: &Path) -> Result<()> {
    run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    let list = folder.join("hosts");
    let mut text = "127.0.0.1 localhost\n".to_owned();
    for (host, address) in HOSTS {
        let _ = writeln!(text, "{address} {host}");
    }
    fs::write(&list, text)?;
    run(Command::new("mount").arg("--bind").arg(&list).arg(LIST))
}

/// Gives buckets a host each.
pub(crate) fn add_buckets(names: &[String]) -> Result<()> {
    let address = HOSTS.iter().find(|(host, _)| *host == S3).map(|(_, address)| *address);
    let mut list = File::options().append(true).open(LIST)?;
    for name in names {
        writeln!(list, "{} {name}.{S3}", address.unwrap_or_default())?;
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
