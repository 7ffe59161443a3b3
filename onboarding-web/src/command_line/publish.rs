//! `publish`: a version of the templates and of the handler, put where customers launch it from.

mod catalogue;
mod screen;

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use clap::{Args, CommandFactory, error::ErrorKind};

use self::screen::Screen;
use super::Cli;
use crate::{
    app::Site,
    aws,
    publish::{
        Bucket,
        artefacts::{self, Artefact},
        buckets, placeholders,
        plan::{Step, plan},
        report::{InBucket, Report},
    },
    settings::{Storage, Vendor, account_id},
};

/// What is published, and where.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER)]
pub struct Publish {
    /// Who the vendor is; his values are filled into the templates.
    #[command(flatten)]
    pub vendor: Vendor,
    /// The handler's zip, as `cargo package-handler` makes it.
    #[arg(long, value_name = "FILE")]
    pub handler_zip: PathBuf,
    /// The zip of the preflight, from the same place; customers' pages name it.
    #[arg(long, value_name = "FILE")]
    pub preflight_zip: PathBuf,
    /// The account that the buckets belong to, if it is not the one that reads the logs: 12 digits.
    #[arg(
        long,
        env = "ONBOARDING_BUCKET_OWNER",
        value_name = "ACCOUNT",
        value_parser = account_id
    )]
    pub bucket_owner: Option<String>,
    /// Says what it would do, and changes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Prints one JSON document at the end instead of lines.
    #[arg(long)]
    pub json: bool,
}

const AFTER: &str = "Buckets are named PREFIX-REGION and made where they are missing. Any AWS account may \
     read the templates and the zip there by their keys, and do nothing else. A version that was \
     published is never overwritten; a run that was interrupted is taken up by the next one. Credentials \
     come from where AWS's own tools have them.\n\nExit codes: 0 published, or nothing to do; 1 failed, \
     or another text is published under this version; 2 wrong use.";

/// Everything that is known before the first look.
struct Job {
    config: SdkConfig,
    buckets: Vec<Bucket>,
    artefacts: Vec<Artefact>,
    site: Site,
}

/// Publishes, or says what that would do.
pub async fn run(storage: &Storage, command: &Publish) -> Result<ExitCode> {
    let owner = command.bucket_owner.as_ref().unwrap_or(&command.vendor.vendor_account_id);
    let buckets = match buckets(&command.vendor, owner) {
        Ok(buckets) => buckets,
        Err(words) => return wrong_use(&words),
    };
    let config = aws::from_environment(&buckets[0].region).await;
    let missing = placeholders(&command.vendor, config.endpoint_url().is_some());
    if !missing.is_empty() {
        return wrong_use(&format!(
            "set {} first: these values stay in the version for ever",
            missing.join(", ")
        ));
    }
    let site = Site::new(&command.vendor);
    let read = |flag: &str, path: &PathBuf| {
        fs::read(path).with_context(|| format!("{flag}: {}", path.display()))
    };
    let zips = [
        read("--handler-zip", &command.handler_zip)?,
        read("--preflight-zip", &command.preflight_zip)?,
    ];
    let artefacts = artefacts::all(&site.constants, zips).map_err(anyhow::Error::msg)?;
    let job = Job { config, buckets, artefacts, site };
    let screen = Screen::new(command.json);
    let report = job.run(storage, command.dry_run, &screen).await?;
    screen.end(&report)
}

fn wrong_use(words: &str) -> Result<ExitCode> {
    Cli::command().error(ErrorKind::ValueValidation, words).print()?;
    Ok(ExitCode::from(2))
}

impl Job {
    async fn run(&self, storage: &Storage, dry_run: bool, screen: &Screen) -> Result<Report> {
        self.check_account().await?;
        let store = catalogue::open(storage, dry_run).await?;
        let mut report = Report { dry_run, ..Report::default() };
        if let Some(store) = &store {
            report.problems = catalogue::conflicts(store, &self.artefacts).await?;
        }
        report.templates = catalogue::changes(store.as_ref(), &self.artefacts).await?;
        let plans = self.look(&mut report).await;
        screen.planned(&report);
        if !dry_run && report.problems.is_empty() {
            self.act(&plans, &mut report, screen).await;
            if let Some(store) = &store {
                catalogue::record(store, &self.site.constants, &self.artefacts, &report).await?;
            }
        }
        Ok(report)
    }

    /// Buckets are made in the account of the credentials, whichever that is.
    async fn check_account(&self) -> Result<()> {
        let account = aws::sts::account(&self.config).await;
        let account = account.map_err(|error| anyhow::Error::msg(error.words()))?;
        let owner = &self.buckets[0].owner;
        if account != *owner {
            bail!(
                "these credentials belong to the account {account}, and the buckets to {owner}. Use \
                 credentials of that account, or say whose the buckets are with --bucket-owner"
            );
        }
        Ok(())
    }

    /// Looks at every bucket, so that nothing is written anywhere if something speaks against it.
    async fn look(&self, report: &mut Report) -> Vec<Vec<Step>> {
        let found = aws::publish::look(&self.config, &self.buckets, &self.artefacts).await;
        let mut plans = Vec::new();
        for (bucket, found) in self.buckets.iter().zip(found) {
            let outcome = found
                .map_err(|error| vec![error.words()])
                .and_then(|found| plan(bucket, &found, &self.artefacts));
            match outcome {
                Ok(steps) => {
                    report.buckets.push(InBucket::planned(bucket, &steps, &self.artefacts));
                    plans.push(steps);
                }
                Err(problems) => {
                    let named = |words| format!("{}: {words}", bucket.region);
                    report.problems.extend(problems.into_iter().map(named));
                }
            }
        }
        plans
    }

    async fn act(&self, plans: &[Vec<Step>], report: &mut Report, screen: &Screen) {
        let work: Vec<(&Bucket, &[Step])> =
            self.buckets.iter().zip(plans).map(|(bucket, steps)| (bucket, &steps[..])).collect();
        screen.begin(plans.iter().map(Vec::len).sum());
        let told = |bucket: &Bucket, words: &str| screen.step(&bucket.region, words);
        let done = aws::publish::act(&self.config, &work, &self.artefacts, &told).await;
        for (bucket, outcome) in report.buckets.iter_mut().zip(done) {
            match outcome {
                Ok(()) => bucket.complete(),
                Err(words) => report.problems.push(format!("{}: {words}", bucket.region)),
            }
        }
    }
}
