//! `cargo bench-peers`: the handler and the site beside programs that do the same in other languages, and
//! what the builds take; in one run, with the ratios.
//!
//! Everything that is measured is a release build, made here. The programs take turns, so that what else
//! the machine does meets all of them alike.

mod builds;
mod commands;
mod handler;
mod machine;
mod peers;
mod report;
mod site;
mod statistics;

use std::{fs, path::PathBuf};

use anyhow::{Result, ensure};
use clap::{Parser, ValueEnum};
use harness::root;

/// Measures handler and site beside their peers.
#[derive(Debug, Parser)]
#[command(name = "cargo bench-peers")]
struct Options {
    /// What to measure; what is left out stays in the report as it was.
    #[arg(value_enum, default_values = ["handler", "site", "builds"])]
    parts: Vec<Part>,
    /// How often each program is measured in each setup.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(3..))]
    rounds: u16,
    /// Where the report goes, as benchmarks.md, benchmarks.json and plots.
    #[arg(long, default_value = "docs")]
    report: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The function beside Python, Node and bare Rust.
    Handler,
    /// The service beside `FastAPI` and Fastify.
    Site,
    /// How long the builds take, and what is in them.
    Builds,
    /// Nothing: the report is written anew from what was measured before.
    Report,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(
        !cfg!(debug_assertions),
        "this is a debug build, whose figures say nothing: use `cargo bench-peers`"
    );
    let folder = root().join("target/bench-peers");
    fs::create_dir_all(&folder)?;
    if handler::is_inside() {
        return handler::measure_inside(&folder, options.rounds).await;
    }
    let report_folder = root().join(&options.report);
    let mut report = report::Benchmarks::read(&report_folder)?;
    if options.parts.contains(&Part::Builds) {
        report.builds = Some(builds::measure(&folder)?);
        report.write(&report_folder)?;
    }
    if options.parts.contains(&Part::Handler) {
        report.handler = Some(handler::measure(&folder)?);
        report.write(&report_folder)?;
    }
    if options.parts.contains(&Part::Site) {
        report.site = Some(site::measure(&folder, options.rounds).await?);
    }
    report.write(&report_folder)
}
