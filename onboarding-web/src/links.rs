//! What a customer launches with: for each region the console's link and the same for other tools.

use std::sync::Arc;

use templates::{
    catalog::STACK_LAUNCH_ROLE,
    commands,
    parameters::{
        EXISTING_BUCKET_NAME, LAUNCH_ROLE_STACK_NAME, LOAD_BALANCERS, LOG_RETENTION_DAYS,
        ONBOARDING_TOKEN,
    },
    quick_create::{self, Launch, LinkError},
};

use crate::{
    app::Site,
    catalogue::Template,
    store::{Customer, NewCustomer, Region},
    token::Key,
};

/// Onboarding stacks' names begin with this, which is what the launch role lets through.
pub const STACK_NAME_PREFIX: &str = "logs-analysis";

/// One stack to launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackLaunch {
    /// For instance `eu-west-1`.
    pub region: String,
    /// What it is to be called.
    pub stack_name: String,
    /// Where the template is.
    pub template_url: String,
    /// What is filled in.
    pub parameters: Vec<(String, String)>,
    /// The console's link.
    pub url: String,
    /// For a shell.
    pub cli: String,
    /// For Terraform.
    pub terraform: String,
    /// For an organisation.
    pub stack_set: String,
    /// For a shell: looks what it would change, before it is launched.
    pub preflight: String,
    /// For a shell: deletes it again.
    pub delete: String,
    /// For a shell: changes the stack that is there to this template and these parameters.
    pub update: String,
}

fn of(
    template: &Template,
    (region, stack_name, bound): (&str, &str, Option<&str>),
    template_url: &str,
    values: &[(&'static str, String)],
) -> Result<StackLaunch, LinkError> {
    let parameters: Vec<(&str, &str)> =
        values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let launch = Launch { region, template_url, stack_name, parameters: &parameters };
    // Stacks of a StackSet run in accounts that the token does not belong to: they report to nobody.
    // And a bucket of one account is of no use to the others.
    let of_one_account = [ONBOARDING_TOKEN, EXISTING_BUCKET_NAME];
    let common: Vec<(&str, &str)> =
        parameters.iter().filter(|(name, _)| !of_one_account.contains(name)).copied().collect();
    let organisation = Launch { parameters: &common, ..launch };
    // People may have changed the name; the stack that is there is called by its ARN.
    let there = Launch { stack_name: bound.unwrap_or(stack_name), ..launch };
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Ok(StackLaunch {
        region: region.to_owned(),
        stack_name: stack_name.to_owned(),
        template_url: template_url.to_owned(),
        url: quick_create::link(&launch, &template.declared)?,
        cli: commands::aws_cli(&launch, false),
        terraform: commands::terraform(&launch),
        stack_set: commands::stack_set(&organisation, &[]),
        preflight: commands::preflight(&launch),
        delete: commands::delete(&there),
        update: commands::aws_cli_update(&there),
        parameters: parameters.iter().map(owned).collect(),
    })
}

/// The onboarding stack of one region of a customer.
pub fn onboarding(
    site: &Site,
    key: &Key,
    template: &Template,
    customer: &Customer,
    region: &Region,
) -> Result<StackLaunch, LinkError> {
    let row = &template.row;
    let prefix = &site.constants.code_bucket_prefix;
    let url = quick_create::template_url(prefix, &region.region, &row.template_id, &row.version)?;
    let token = key.stack_token(&customer.id, &region.region, customer.generation);
    let mut values = vec![(LOAD_BALANCERS, region.selectors.clone()), (ONBOARDING_TOKEN, token)];
    if !customer.existing_bucket.is_empty() {
        values.push((EXISTING_BUCKET_NAME, customer.existing_bucket.clone()));
    }
    values.push((LOG_RETENTION_DAYS, customer.retention_days.to_string()));
    let stack = region.onboarding.stack.as_ref().filter(|stack| !stack.is_over());
    let bound = stack.map(|stack| stack.id.as_str());
    of(template, (&region.region, &region.stack_name, bound), &url, &values)
}

/// Makes the links of a customer that is not kept yet, so that nobody is kept who cannot have one.
pub fn check(
    site: &Site,
    key: &Key,
    template: &Template,
    new: &NewCustomer,
) -> Result<(), LinkError> {
    let customer = Customer {
        id: "0".repeat(32),
        existing_bucket: new.existing_bucket.clone(),
        retention_days: new.retention_days,
        ..Customer::default()
    };
    new.regions.iter().try_for_each(|(region, selectors, _)| {
        let region = Region {
            region: region.clone(),
            selectors: selectors.clone(),
            stack_name: quick_create::stack_name(&new.name, "000000"),
            ..Region::default()
        };
        onboarding(site, key, template, &customer, &region).map(drop)
    })
}

/// Refuses regions where the version was not published: the link would lead to a template that is not
/// there. `published` has the regions where it was; `None` if nothing was ever published from here.
pub fn check_published(new: &NewCustomer, published: Option<&[String]>) -> Result<(), String> {
    let all = new.regions.iter().map(|(region, _, _)| region.as_str());
    let without: Vec<&str> = all.filter(|region| !is_published(region, published)).collect();
    if without.is_empty() {
        return Ok(());
    }
    let published = published.unwrap_or_default();
    let there = if published.is_empty() { "no region".to_owned() } else { published.join(", ") };
    Err(format!(
        "Template version {} is not published in {}, so there can be no link for load balancers there. \
         It is published in {there}. Leave these load balancers out, or have it published there first",
        new.template_version,
        without.join(", ")
    ))
}

/// Whether a link for this region leads to a template that is there.
pub fn is_published(region: &str, published: Option<&[String]>) -> bool {
    published.is_none_or(|all| all.iter().any(|one| one == region))
}

/// The role that may launch onboarding stacks; IAM is global, so one region will do.
pub fn launch_role(
    site: &Site,
    template: &Template,
    region: &str,
) -> Result<StackLaunch, LinkError> {
    let row = &template.row;
    let prefix = &site.constants.code_bucket_prefix;
    let url = quick_create::template_url(prefix, region, &row.template_id, &row.version)?;
    let values = [(LAUNCH_ROLE_STACK_NAME, STACK_NAME_PREFIX.to_owned())];
    // Its own name begins otherwise, so that it can never change itself.
    of(template, (region, "launch-role-for-logs-analysis", None), &url, &values)
}

/// Where people of this customer download a template of the vendor's.
pub fn download_path(token: &str, template: &Arc<Template>) -> String {
    let kind = if template.row.template_id == STACK_LAUNCH_ROLE.id {
        "launch-role.yaml"
    } else {
        "template.yaml"
    };
    format!("/c/{token}/{kind}")
}
