//! What is given on the command line: the stack's own values, and where to look.

use std::path::PathBuf;

use clap::Parser;

/// Shows what the onboarding stack would change in this account, and what would stop it. Changes
/// nothing.
///
/// Uses the credentials of the AWS CLI: environment, profile, or the shell of the AWS console. With single sign-on, run
/// first: eval "$(aws configure export-credentials --format env)". Exit status: 0 the stack would work,
/// 1 it would be refused or permissions are missing, 2 wrong use, or nothing could be looked at.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "preflight", version)]
pub struct Options {
    /// As the stack takes them: ARNs separated by commas, tag:Key=Value, or all.
    #[arg(long, value_name = "LIST")]
    pub load_balancers: String,
    /// The bucket to keep the logs in; blank: one that is in use, or a new one.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub existing_bucket: String,
    /// After how many days logs expire in a new bucket.
    #[arg(long, value_name = "DAYS", default_value = "365")]
    pub log_retention_days: String,
    /// The region of the load balancers; left out: that of the ARNs, else that of the AWS CLI.
    #[arg(long)]
    pub region: Option<String>,
    /// What the stack is to be called; the launch role goes by it.
    #[arg(long, value_name = "NAME", default_value = "logs-analysis")]
    pub stack_name: String,
    /// The template that will be launched; its constants say who the vendor is. Left out: the one in
    /// this program, which knows no vendor.
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// Who may read the logs, where the template does not say so.
    #[arg(long, value_name = "ACCOUNT")]
    pub vendor_account_id: Option<String>,
    /// Who is told of new logs, where the template does not say so.
    #[arg(long, value_name = "ADDRESS")]
    pub notification_endpoint: Option<String>,
    /// The role that CloudFormation is to use; its permissions are checked instead of yours.
    #[arg(long, value_name = "ARN")]
    pub launch_role: Option<String>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
}

impl Options {
    /// Where to look: what was asked for, else where the first ARN points.
    pub fn region_hint(&self) -> Option<String> {
        let first = || self.entries().find_map(|entry| entry.split(':').nth(3).map(str::to_owned));
        self.region.clone().or_else(first).filter(|region| !region.is_empty())
    }

    /// The single entries of the list of load balancers.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.load_balancers.split(',').map(str::trim).filter(|entry| !entry.is_empty())
    }
}
