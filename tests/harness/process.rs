//! What a program has used of the machine, by proc(5).

use std::fs;

use anyhow::{Context, Result};

/// The processor's time of a program's threads that have not ended, in milliseconds: exact, for one that
/// has just begun.
pub fn cpu_of_threads(pid: u32) -> Result<f64> {
    let mut sum = 0.0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        // Nanoseconds.
        let run = text.split(' ').next().unwrap_or_default();
        sum += run.parse::<f64>()?;
    }
    Ok(sum / 1e6)
}

/// The processor's time of all of a program's threads, in seconds, to a hundredth.
pub fn cpu(pid: u32) -> Result<f64> {
    ticks(&pid.to_string(), 14)
}

/// The processor's time of all commands that this program ran and that ended, in seconds.
pub fn cpu_of_children() -> Result<f64> {
    ticks("self", 16)
}

/// The sum of two fields of `/proc/PID/stat`, counted from 1: the program's own time, and the kernel's.
fn ticks(pid: &str, first: usize) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is the name, which can hold anything, and is in brackets.
    let (_, rest) = stat.rsplit_once(") ").context("no name")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let (own, kernel) = (fields.get(first - 3), fields.get(first - 2));
    let (own, kernel) = (own.context("no times")?, kernel.context("no times")?);
    // Hundredths of a second.
    Ok((own.parse::<f64>()? + kernel.parse::<f64>()?) / 100.0)
}

/// The most memory that a program has had at once, in MB.
pub fn memory(pid: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()).context("no VmHWM")?;
    Ok(kilobytes.parse::<f64>()? / 1000.0)
}

/// Forgets how much memory a program has had.
pub fn forget_peak(pid: u32) -> Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("the peak of memory stays")
}
