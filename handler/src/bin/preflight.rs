//! `preflight`: what the onboarding stack would change, before it is launched. Changes nothing.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use handler::{
    aws::Readers,
    preflight::{
        findings::{Findings, Trouble},
        look::look,
        options::Options,
    },
};
use serde_json::json;

/// Something would be refused, or a permission is missing.
const WOULD_FAIL: u8 = 1;
/// Wrong use, or nothing could be looked at.
const COULD_NOT_LOOK: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let told = match run(&options).await {
        Ok(findings) => tell(&options, &findings),
        Err(trouble) => complain(&options, &trouble),
    };
    told.unwrap_or(ExitCode::from(COULD_NOT_LOOK))
}

async fn run(options: &Options) -> Result<Findings, Trouble> {
    let template = options.template.as_ref().map(|path| {
        std::fs::read_to_string(path).map_err(|error| {
            Trouble::Usage(format!("The template {} cannot be read: {error}", path.display()))
        })
    });
    let template = template.transpose()?;
    let readers = Readers::from_env(options.region_hint()).await;
    look(&readers, options, template.as_deref()).await
}

fn tell(options: &Options, findings: &Findings) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, findings)?;
        writeln!(out)?;
    } else {
        write!(out, "{findings}")?;
    }
    Ok(if findings.would_work { ExitCode::SUCCESS } else { ExitCode::from(WOULD_FAIL) })
}

fn complain(options: &Options, trouble: &Trouble) -> io::Result<ExitCode> {
    if options.json {
        writeln!(io::stdout(), "{}", json!({"error": trouble.to_string()}))?;
    } else {
        writeln!(io::stderr(), "{trouble}.")?;
    }
    Ok(ExitCode::from(COULD_NOT_LOOK))
}
