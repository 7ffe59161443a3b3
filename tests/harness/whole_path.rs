//! The whole path, with nothing of ours in between.
//!
//! The customer launches the templates, the
//! emulator's CloudFormation makes role and function, Lambda runs the release zip with the role's
//! credentials, IAM is enforced, SNS and S3 do their part.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::types::{Capability, Parameter, StackEvent};
use templates::{catalog::Template, vendor::render};
use tokio::time::{Instant, sleep};

use crate::{
    cloudformation::fresh_account,
    console::Form,
    customer::{Clients, Customer},
    emulators::{Emulator, Kind, free_port},
    package::Package,
    proxy::Proxy,
    vendor::Vendor,
};

/// An emulator with a customer and a vendor on it.
#[derive(Debug)]
pub struct WholePath {
    /// The customer's account.
    pub customer: Customer,
    /// The vendor's account.
    pub vendor: Vendor,
    /// What the function's calls go through.
    pub proxy: Proxy,
    /// The emulator; it ends with this.
    pub emulator: Emulator,
    /// CloudFormation and IAM, asked without anything in between.
    pub direct: Clients,
}

/// A stack after an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackState {
    /// `CREATE_COMPLETE` and the like.
    pub status: String,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
}

impl WholePath {
    /// Starts everything and publishes the code.
    pub async fn start(package: &Package) -> Result<Self> {
        let (kind, region) = (Kind::Ministack { auth: true }, "eu-west-1");
        let (account, port) = (fresh_account(), free_port()?);
        let proxy = Proxy::start(kind, port, &account, region).await?;
        let emulator = Emulator::start_on(kind, port, proxy.handler_port)?;
        let customer = Customer::new(&proxy, kind, &account, region).await?;
        let vendor = Vendor::start(proxy.customer_port, &fresh_account(), region).await?;
        let direct = Clients::new(port, kind, &account, region).await?;
        vendor.publish(package, &direct).await?;
        Ok(Self { customer, vendor, proxy, emulator, direct })
    }

    /// Launches a template as the vendor publishes it, and waits. `told` gets every stack event.
    pub async fn launch(
        &self,
        name: &str,
        template: Template,
        parameters: &[(&str, &str)],
        role: Option<&str>,
        told: impl FnMut(&StackEvent),
    ) -> Result<StackState> {
        let body = render(template.body, &self.vendor.constants())?;
        let request = self
            .direct
            .cloudformation
            .create_stack()
            .stack_name(name)
            .template_body(body)
            .capabilities(Capability::CapabilityIam)
            .set_parameters(Some(with_values(parameters)))
            .set_role_arn(role.map(str::to_owned));
        let made = request.send().await?;
        come_to_rest(&self.direct.cloudformation, made.stack_id().context("no stack id")?, 0, told)
            .await
    }

    /// Launches what a console page was filled in with, and waits.
    pub async fn create(
        &self,
        form: &Form,
        role: Option<&str>,
        told: impl FnMut(&StackEvent),
    ) -> Result<StackState> {
        let parameters: Vec<(&str, &str)> =
            form.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let request = self
            .direct
            .cloudformation
            .create_stack()
            .stack_name(&form.stack_name)
            .template_body(&form.template)
            .capabilities(Capability::CapabilityIam)
            .set_parameters(Some(with_values(&parameters)))
            .set_role_arn(role.map(str::to_owned));
        let made = request.send().await?;
        come_to_rest(&self.direct.cloudformation, made.stack_id().context("no stack id")?, 0, told)
            .await
    }

    /// Updates a stack to what a console page was filled in with, and waits.
    pub async fn change(&self, form: &Form) -> Result<StackState> {
        let parameters: Vec<(&str, &str)> =
            form.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let cloudformation = &self.direct.cloudformation;
        let stacks = cloudformation.describe_stacks().stack_name(&form.stack_name).send().await?;
        let id = stacks.stacks().first().and_then(|one| one.stack_id()).context("no such stack")?;
        let request = cloudformation
            .update_stack()
            .stack_name(&form.stack_name)
            .template_body(&form.template)
            .capabilities(Capability::CapabilityIam)
            .set_parameters(Some(with_values(&parameters)));
        request.send().await?;
        come_to_rest(&self.direct.cloudformation, id, 0, |_| {}).await
    }

    /// Updates a stack's parameters, and waits.
    pub async fn update(
        &self,
        name: &str,
        template: Template,
        parameters: &[(&str, &str)],
    ) -> Result<StackState> {
        let body = render(template.body, &self.vendor.constants())?;
        let request = self
            .direct
            .cloudformation
            .update_stack()
            .stack_name(name)
            .template_body(body)
            .capabilities(Capability::CapabilityIam)
            .set_parameters(Some(with_values(parameters)));
        let made = request.send().await?;
        come_to_rest(
            &self.direct.cloudformation,
            made.stack_id().context("no stack id")?,
            0,
            |_| {},
        )
        .await
    }

    /// Deletes a stack, and waits.
    pub async fn delete(&self, name: &str, told: impl FnMut(&StackEvent)) -> Result<StackState> {
        let cloudformation = &self.direct.cloudformation;
        let stacks = cloudformation.describe_stacks().stack_name(name).send().await?;
        let stack = stacks.stacks().first().context("no such stack")?;
        let id = stack.stack_id().context("no stack id")?.to_owned();
        let events = cloudformation.describe_stack_events().stack_name(&id).send().await?;
        let old = events.stack_events().len();
        cloudformation.delete_stack().stack_name(name).send().await?;
        come_to_rest(&self.direct.cloudformation, &id, old, told).await
    }

    /// Names of the roles and functions of the customer's account.
    pub async fn roles(&self) -> Result<Vec<String>> {
        let answer = self.direct.iam.list_roles().send().await?;
        Ok(answer.roles().iter().map(|role| role.role_name().to_owned()).collect())
    }
}

/// Waits until a stack has come to rest. Events that were `seen` before are not told again.
pub async fn come_to_rest(
    cloudformation: &aws_sdk_cloudformation::Client,
    stack: &str,
    mut seen: usize,
    mut told: impl FnMut(&StackEvent),
) -> Result<StackState> {
    let until = Instant::now() + Duration::from_mins(2);
    loop {
        let events = cloudformation.describe_stack_events().stack_name(stack).send().await?;
        let events = events.stack_events();
        for event in events.iter().rev().skip(seen) {
            told(event);
        }
        seen = events.len();
        let stacks = cloudformation.describe_stacks().stack_name(stack).send().await?;
        let state = stacks.stacks().first().context("the stack is gone")?;
        let status = state.stack_status().map(|status| status.as_str().to_owned());
        let status = status.unwrap_or_default();
        if !status.ends_with("IN_PROGRESS") {
            let output = |one: &aws_sdk_cloudformation::types::Output| {
                Some((one.output_key()?.to_owned(), one.output_value()?.to_owned()))
            };
            let outputs = state.outputs().iter().filter_map(output).collect();
            return Ok(StackState { status, outputs });
        }
        if Instant::now() > until {
            bail!("the stack is still {status} after two minutes");
        }
        sleep(Duration::from_millis(100)).await;
    }
}

fn with_values(parameters: &[(&str, &str)]) -> Vec<Parameter> {
    let one = |(key, value): &(&str, &str)| {
        Parameter::builder().parameter_key(*key).parameter_value(*value).build()
    };
    parameters.iter().map(one).collect()
}
