//! Commands that are run, and what a process has used.

use std::{
    fs,
    process::{Child, Command},
};

use anyhow::{Context, Result, ensure};

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?} could not be started"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

/// Runs a command to its end; what it wrote.
pub(crate) fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?} could not be started"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} ended with {}: {errors}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A process that ends with this.
#[derive(Debug)]
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Milliseconds of processor time that a process has used so far.
pub(crate) fn cpu(pid: u32) -> Result<f64> {
    // Nanoseconds that each thread has run, those that ended left out: of a process that is young.
    let mut sum = 0.0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        let run = text.split(' ').next().unwrap_or_default();
        sum += run.parse::<f64>()?;
    }
    Ok(sum / 1e6)
}

/// The same of a process that runs for long, with the threads that ended, in hundredths of a second.
pub(crate) fn cpu_of_all(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split(' ').collect();
    // The 14th and 15th fields of all (proc(5)).
    let field =
        |at: usize| fields.get(at).context("no times").and_then(|one| Ok(one.parse::<f64>()?));
    Ok((field(12)? + field(13)?) * 10.0)
}

/// Forgets how much memory a process has had (proc(5), `clear_refs`).
pub(crate) fn forget_peak(pid: u32) -> Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("the peak of memory stays")
}

/// The most memory that a process has had so far, in MB.
pub(crate) fn memory(pid: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()).context("no VmHWM")?;
    Ok(kilobytes.parse::<f64>()? / 1000.0)
}
