//! `customers`: what the pages for customers do.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{ACTOR, complain, find, json_or, open, refused, table};
use crate::{
    app::App,
    clock,
    customer_form::{RawCustomer, grouped},
    customers,
    settings::Storage,
    store::{Actor, Customer, ListFilter, ListRow, Sort},
    words,
};

/// What can be done with customers.
#[derive(Debug, Subcommand)]
pub enum Customers {
    /// Lists customers, those that need attention first.
    List(List),
    /// Shows one: its state in each region, and what happened.
    Show(One),
    /// Adds one and prints the link to its page.
    Add(Box<Add>),
    /// Makes a new link and prints it; the old one stops working at once.
    Rotate(One),
    /// Stops the link. Stacks that were launched with it go on reporting.
    Revoke(One),
    /// Begins to take a customer off: its page then says how to delete the stacks.
    Offboard(One),
    /// Takes a customer back who was being taken off.
    Reinstate(One),
}

/// Which customers.
#[derive(Debug, Args)]
pub struct List {
    /// A part of the name, account, contact or load balancers.
    #[arg(default_value = "")]
    query: String,
    /// sent, opened, running, waiting, active, silent, unreadable, failed, stale or removed.
    #[arg(long, default_value = "")]
    state: String,
    /// For instance eu-west-1.
    #[arg(long, default_value = "")]
    region: String,
    /// The version of the template that links pin.
    #[arg(long, default_value = "")]
    template: String,
    /// Who looks after them.
    #[arg(long, default_value = "")]
    owner: String,
    /// attention, name or changed.
    #[arg(long, default_value = "attention", value_parser = ["attention", "name", "changed"])]
    sort: String,
    /// For programs: one JSON list.
    #[arg(long)]
    json: bool,
}

/// One customer.
#[derive(Debug, Args)]
pub struct One {
    /// Its id, account or name.
    customer: String,
    /// For programs: one JSON object.
    #[arg(long)]
    json: bool,
}

/// A customer to add. The rules are those of the form on the site.
#[derive(Debug, Args)]
pub struct Add {
    /// What the customer is called.
    #[arg(long)]
    name: String,
    /// Whom to write to.
    #[arg(long)]
    email: String,
    /// The AWS account: 12 digits.
    #[arg(long)]
    account: String,
    /// An ARN, "eu-west-1 all" or "eu-west-1 tag:Team=shop"; may be given several times.
    #[arg(long = "load-balancer", required = true)]
    load_balancers: Vec<String>,
    /// A bucket of the customer's to keep the logs in.
    #[arg(long, default_value = "")]
    existing_bucket: String,
    /// Days after which logs expire in a new bucket. Not given: 365.
    #[arg(long, default_value = "")]
    retention_days: String,
    /// Days that the link works. Not given: as set on the site.
    #[arg(long, default_value = "")]
    expires_days: String,
    /// The version of the template. Not given: the newest.
    #[arg(long, default_value = "")]
    template: String,
    /// Who looks after the customer.
    #[arg(long, default_value = "")]
    owner: String,
    /// For staff only.
    #[arg(long, default_value = "")]
    notes: String,
    /// For programs: one JSON object.
    #[arg(long)]
    json: bool,
}

/// Does it.
pub async fn run(storage: &Storage, command: Customers) -> Result<ExitCode> {
    let app = open(storage).await?;
    let actor = Actor::of(ACTOR);
    match command {
        Customers::List(which) => list(&app, which).await,
        Customers::Show(one) => show(&app, &one).await,
        Customers::Add(fields) => add(&app, &actor, *fields).await,
        Customers::Rotate(one) => {
            let customer = find(&app, &one.customer).await?;
            app.store.rotate_link(&actor, &customer.id).await?;
            let customer = find(&app, &customer.id).await?;
            link(&app, &customer, one.json)
        }
        Customers::Revoke(one) => {
            let customer = find(&app, &one.customer).await?;
            app.store.revoke_link(&actor, &customer.id).await?;
            done(&customer, one.json, "The link does not work any more.")
        }
        Customers::Offboard(one) => {
            let customer = find(&app, &one.customer).await?;
            app.store.offboard(&actor, &customer.id).await?;
            done(&customer, one.json, "The customer's page now says how to delete the stack.")
        }
        Customers::Reinstate(one) => {
            let customer = find(&app, &one.customer).await?;
            app.store.reinstate(&actor, &customer.id).await?;
            done(&customer, one.json, "The customer's page shows how to launch again.")
        }
    }
}

fn done(customer: &Customer, json: bool, told: &str) -> Result<ExitCode> {
    json_or(json, &json!({ "id": customer.id }), || told.to_owned())?;
    Ok(ExitCode::SUCCESS)
}

fn link(app: &App, customer: &Customer, json: bool) -> Result<ExitCode> {
    let url = customers::page_url(app, customer);
    json_or(json, &json!({ "id": customer.id, "page_url": url }), || url.clone())?;
    Ok(ExitCode::SUCCESS)
}

/// So many are read at once.
const PART: i64 = 500;

async fn list(app: &App, which: List) -> Result<ExitCode> {
    let filter = ListFilter {
        query: which.query,
        state: which.state,
        region: which.region,
        version: which.template,
        owner: which.owner,
    };
    let sort = match which.sort.as_str() {
        "name" => Sort::Name,
        "changed" => Sort::Changed,
        _ => Sort::Attention,
    };
    let mut rows: Vec<ListRow> = Vec::new();
    loop {
        let offset = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let part = app.store.list(&filter, sort, PART, offset).await?;
        let last = part.rows.is_empty();
        rows.extend(part.rows);
        if last {
            break;
        }
    }
    let object = |one: &ListRow| {
        json!({
            "id": one.id, "name": one.name, "account": one.account, "state": one.state,
            "regions": one.regions, "template_version": one.template_version, "owner": one.owner,
            "changed_at": clock::rfc3339(one.changed_at),
        })
    };
    let all: Vec<_> = rows.iter().map(object).collect();
    json_or(which.json, &json!(all), || {
        let now = app.store.now();
        let line = |one: &ListRow| {
            let changed = clock::ago(one.changed_at, now);
            [
                one.name.clone(),
                grouped(&one.account),
                one.state.clone(),
                one.regions.clone(),
                changed,
            ]
        };
        let head = ["NAME", "ACCOUNT", "STATE", "LOAD BALANCERS", "LAST CHANGE"];
        table(head, rows.iter().map(line))
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn show(app: &App, one: &One) -> Result<ExitCode> {
    let customer = find(app, &one.customer).await?;
    let (now, events) = (app.store.now(), app.store.events(&customer.id, 20).await?);
    let region = |one: &crate::store::Region| {
        let stack = one.onboarding.stack.as_ref().map(|stack| stack.id.clone());
        json!({ "region": one.region, "state": one.onboarding.state(now).name(), "stack_id": stack })
    };
    let regions: Vec<_> = customer.regions.iter().map(region).collect();
    let object = json!({
        "id": customer.id, "name": customer.name, "email": customer.email,
        "account": customer.account, "state": customer.state(now).name(), "regions": regions,
        "template_version": customer.template_version, "owner": customer.owner,
        "link_expires_at": clock::rfc3339(customer.expires_at),
        "link_is_valid": customer.link_is_valid(now),
    });
    json_or(one.json, &object, || {
        let mut lines = vec![
            format!("{} ({})", customer.name, customer.state(now).name()),
            format!("Id       {}", customer.id),
            format!("Account  {}", grouped(&customer.account)),
            format!("Contact  {}", customer.email),
            format!("Template {}", customer.template_version),
            format!("Link     {}", link_words(&customer, now)),
        ];
        for region in &customer.regions {
            let all = words::load_balancers(&region.selectors).join(", ");
            lines.push(format!(
                "{}: {}: {all}",
                region.region,
                region.onboarding.state(now).name()
            ));
        }
        for event in &events {
            lines.push(format!("{}  {}: {}", clock::words(event.at), event.who, event.what));
        }
        lines.join("\n")
    })?;
    Ok(ExitCode::SUCCESS)
}

fn link_words(customer: &Customer, now: clock::Millis) -> String {
    match () {
        () if customer.revoked_at != 0 => "revoked".to_owned(),
        () if !customer.link_is_valid(now) => "expired".to_owned(),
        () => format!("works until {}", clock::day(customer.expires_at)),
    }
}

async fn add(app: &App, actor: &Actor, fields: Add) -> Result<ExitCode> {
    let raw = RawCustomer {
        name: fields.name,
        email: fields.email,
        account: fields.account,
        load_balancers: fields.load_balancers.join("\n"),
        existing_bucket: fields.existing_bucket,
        retention_days: fields.retention_days,
        expires_days: fields.expires_days,
        template_version: fields.template,
        owner: fields.owner,
        notes: fields.notes,
    };
    match customers::add(app, actor, &raw).await.map_err(refused)? {
        Ok(id) => {
            let customer = app.store.customer(&id).await?.context("the customer is gone")?;
            link(app, &customer, fields.json)
        }
        Err(errors) => {
            for error in &errors {
                complain(&format!("{}: {}", error.field, error.message));
            }
            bail!("nothing was added")
        }
    }
}
