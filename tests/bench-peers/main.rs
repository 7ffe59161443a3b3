//! `cargo bench-peers`: the handler and the site beside programs that do the same in other languages, in
//! one run, with the ratios.
//!
//! Everything that is measured is a release build, made here. The programs take turns, so that what else
//! the machine does meets all of them alike.

mod far_side;
mod handler;
mod machine;
mod network;
mod programs;
mod report;
mod runtime;
mod share;
mod statistics;

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use clap::Parser;
use harness::root;

use crate::{
    far_side::FarSide,
    handler::{Measured, Setup},
    programs::Program,
};

/// Measures the handler beside its peers.
#[derive(Debug, Parser)]
#[command(name = "cargo bench-peers")]
struct Options {
    /// How often each program is measured in each setup.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(3..))]
    rounds: u16,
    /// Where the report goes, as benchmarks.md and benchmarks.json.
    #[arg(long, default_value = "docs")]
    report: PathBuf,
}

/// One setup, and what was measured in it, program by program.
#[derive(Debug)]
struct Comparison {
    setup: Setup,
    programs: Vec<(Program, Measured)>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(options.rounds >= 3, "--rounds: three at least");
    let folder = root().join("target/bench-peers");
    fs::create_dir_all(&folder)?;
    // Outside, since inside there is no way to a registry; inside this finds everything built.
    let programs = programs::all(&folder)?;
    if !network::is_inside() {
        let status = network::run_inside()?;
        ensure!(status.success(), "the measurement ended with {status}");
        return Ok(());
    }
    network::set_up(&folder)?;
    let mut far = FarSide::start(&folder).await?;
    let mut results = Vec::new();
    for setup in setups() {
        results.push(measure(&options, &programs, &mut far, setup).await?);
    }
    report::write(&options.report, options.rounds, &results)
}

/// What a real account looks like lies between 20 and 80 ms a call.
fn setups() -> Vec<Setup> {
    let plain = Setup { latency: Duration::ZERO, load_balancers: 1, small: false };
    let slow = |ms: u64| Setup { latency: Duration::from_millis(ms), ..plain };
    vec![
        plain,
        Setup { small: true, ..plain },
        slow(20),
        slow(80),
        Setup { load_balancers: 3, ..slow(80) },
        Setup { load_balancers: 25, ..slow(80) },
    ]
}

async fn measure(
    options: &Options,
    programs: &[Program],
    far: &mut FarSide,
    setup: Setup,
) -> Result<Comparison> {
    let mut all: Vec<(Program, Measured)> =
        programs.iter().map(|one| (one.clone(), Measured::default())).collect();
    // The first round warms what all of them read, and does not count.
    for round in 0..=options.rounds {
        for (program, measured) in &mut all {
            let mut first = Measured::default();
            let into = if round == 0 { &mut first } else { &mut *measured };
            handler::round(program, far, setup, into).await?;
        }
    }
    Ok(Comparison { setup, programs: all })
}
