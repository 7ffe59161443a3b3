//! Runs the program that looks before a stack is launched, as the customer would.

use std::{
    fs,
    process::{Command, Output},
};

use anyhow::{Context, Result};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    cloudformation::{Lab, Launch, built},
    customer::{Keys, keys},
    target,
};

/// What a preflight is run with.
#[derive(Debug, Clone)]
pub struct Preflight<'a> {
    lab: &'a Lab,
    launch: &'a Launch,
    template: bool,
    keys: Option<Keys>,
    more: Vec<String>,
}

/// What it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The exit status.
    pub status: i32,
    /// Standard output.
    pub text: String,
    /// Standard error.
    pub complaint: String,
}

impl<'a> Preflight<'a> {
    /// With the same values as the stack will get.
    pub fn of(lab: &'a Lab, launch: &'a Launch) -> Self {
        Self { lab, launch, template: true, keys: None, more: Vec::new() }
    }

    /// Without the template of the vendor.
    pub fn bare(lab: &'a Lab, launch: &'a Launch) -> Self {
        Self { template: false, ..Self::of(lab, launch) }
    }

    /// With one more option.
    #[must_use]
    pub fn with(mut self, option: &str, value: &str) -> Self {
        self.more.extend([option.to_owned(), value.to_owned()]);
        self
    }

    /// With somebody's own keys instead of the account's root.
    #[must_use]
    pub fn signed_in(mut self, keys: &Keys) -> Self {
        self.keys = Some(keys.clone());
        self
    }

    /// Runs it; what it prints for people.
    pub async fn text(&self) -> Result<Said> {
        self.run(false).await
    }

    /// Runs it; status and JSON document.
    pub async fn json(&self) -> Result<(i32, Value)> {
        let said = self.run(true).await?;
        let document = serde_json::from_str(&said.text);
        Ok((said.status, document.with_context(|| format!("{said:?}"))?))
    }

    async fn run(&self, json: bool) -> Result<Said> {
        let Lab { customer, proxy, .. } = self.lab;
        let (key, secret, token) = match &self.keys {
            Some(keys) => keys.clone(),
            None => keys(proxy.customer_port, customer.kind, &customer.account).await?,
        };
        let folder = target().join("stories");
        fs::create_dir_all(&folder)?;
        let template = folder.join(format!("{}.yaml", Uuid::new_v4()));
        fs::write(&template, self.launch.template_text()?)?;
        let mut command = Command::new(built("preflight")?);
        command
            .env_clear()
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", proxy.handler_port))
            .env("AWS_REGION", &customer.region)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .envs(token.iter().map(|token| ("AWS_SESSION_TOKEN", token)))
            .arg("--load-balancers")
            .arg(self.launch.load_balancers.join(","))
            .args(["--existing-bucket", &self.launch.existing_bucket])
            .args(&self.more);
        if self.template {
            command.arg("--template").arg(&template);
        }
        if !self.launch.retention.is_empty() {
            command.args(["--log-retention-days", &self.launch.retention]);
        }
        if json {
            command.arg("--json");
        }
        // The proxy answers on this thread's runtime, so the program is waited for beside it.
        let output: Output = tokio::task::spawn_blocking(move || command.output()).await??;
        let _ = fs::remove_file(&template);
        Ok(Said {
            status: output.status.code().unwrap_or(-1),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
