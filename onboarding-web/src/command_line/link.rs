//! `link`: what a customer is sent, and nothing else, so that it can be piped.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use super::{find, json_or, open, refused};
use crate::{customers, settings::Storage};

/// What to print.
#[derive(Debug, Args)]
pub struct Link {
    /// The customer's id, account or name.
    customer: String,
    /// Instead of the address of the customer's page: the AWS console's link for this region.
    #[arg(long, value_name = "REGION", conflicts_with_all = ["cli", "terraform", "email"])]
    quick_create: Option<String>,
    /// Instead: the AWS CLI command for this region.
    #[arg(long, value_name = "REGION", conflicts_with_all = ["terraform", "email"])]
    cli: Option<String>,
    /// Instead: Terraform for this region.
    #[arg(long, value_name = "REGION", conflicts_with = "email")]
    terraform: Option<String>,
    /// Instead: the e-mail to the customer.
    #[arg(long)]
    email: bool,
    /// For programs: one JSON object with all of it.
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub async fn run(storage: &Storage, wanted: Link) -> Result<ExitCode> {
    let app = open(storage).await?;
    let customer = find(&app, &wanted.customer).await?;
    if !customer.link_is_valid(app.store.now()) {
        bail!(
            "the link of {} expired or was revoked; make a new one with: onboarding-web customers \
             rotate {}",
            customer.name,
            customer.id
        );
    }
    let template = customers::pinned(&app, &customer).await.map_err(refused)?;
    let launches = customers::launches(&app, &customer, &template).map_err(refused)?;
    let (subject, body) = customers::email(&app, &customer).await.map_err(refused)?;
    let page = customers::page_url(&app, &customer);
    let regions: Vec<&str> = launches.iter().map(|one| one.region.as_str()).collect();
    let of = |region: &String| {
        launches.iter().find(|one| one.region == *region).with_context(|| {
            format!("{} has nothing in {region}, but in {}", customer.name, regions.join(", "))
        })
    };
    let text = match &wanted {
        Link { quick_create: Some(region), .. } => of(region)?.url.clone(),
        Link { cli: Some(region), .. } => of(region)?.cli.clone(),
        Link { terraform: Some(region), .. } => of(region)?.terraform.clone(),
        Link { email: true, .. } => format!("Subject: {subject}\n\n{body}"),
        _ => page.clone(),
    };
    let stack = |one: &crate::links::StackLaunch| {
        json!({
            "region": one.region, "stack_name": one.stack_name, "template_url": one.template_url,
            "quick_create_url": one.url, "aws_cli": one.cli, "terraform": one.terraform,
        })
    };
    let object = json!({
        "page_url": page,
        "stacks": launches.iter().map(stack).collect::<Vec<_>>(),
        "email": { "to": customer.email, "subject": subject, "body": body },
    });
    json_or(wanted.json, &object, || text)?;
    Ok(ExitCode::SUCCESS)
}
