//! A strict CloudFormation: plays the sequences that the real one plays to the real handler, over the
//! Lambda Runtime API, and holds every answer against the contract.

mod answers;
mod lambda;

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use anyhow::{Result, bail};
use serde_json::{Map, Value, json};
use templates::{
    catalog::LOGS_ANALYSIS_ONBOARDING,
    vendor::{Constants, render},
};
use uuid::Uuid;

pub use self::answers::{Answer, AnswerFault};
use self::{answers::Answers, lambda::Lambda};
use crate::{
    customer::{Customer, keys},
    emulators::{self, Emulator, Kind},
    proxy::{Held, Proxy},
    template::Template,
};

/// The vendor's account in all stories.
pub const VENDOR: &str = "222233334444";
/// The vendor's endpoint in all stories.
pub const ENDPOINT: &str = "https://intake.vendor.test/sns";
/// The name of the custom resource.
pub const RESOURCE: &str = "InvokeLambdaFunction";

/// One story's world: an account of its own, the handler, and CloudFormation.
#[derive(Debug)]
pub struct Lab {
    /// The customer's account.
    pub customer: Customer,
    /// What the handler's calls go through.
    pub proxy: Proxy,
    lambda: Lambda,
    answers: Answers,
}

/// What a stack is launched with.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    /// `LoadBalancers`.
    pub load_balancers: Vec<String>,
    /// `ExistingBucketName`.
    pub existing_bucket: String,
    /// `LogRetentionDays`; blank for the default.
    pub retention: String,
    /// `LogPrefix` of the vendor's release.
    pub prefix: String,
    /// `LogKinds` of the vendor's release; blank for what is shipped.
    pub kinds: String,
    /// The vendor's endpoint; blank for the usual one.
    pub endpoint: String,
    /// Where the stack reports and with which token; blank for nowhere.
    pub reports: (String, String),
}

impl Launch {
    /// Of these load balancers.
    pub fn of(load_balancers: &[&str]) -> Self {
        let load_balancers = load_balancers.iter().map(|&one| one.to_owned()).collect();
        Self { load_balancers, ..Self::default() }
    }

    /// With a bucket of the customer's.
    #[must_use]
    pub fn into_bucket(mut self, bucket: &str) -> Self {
        bucket.clone_into(&mut self.existing_bucket);
        self
    }

    /// With a prefix.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// With only these kinds of logs.
    #[must_use]
    pub fn only(mut self, kinds: &str) -> Self {
        kinds.clone_into(&mut self.kinds);
        self
    }

    /// Reporting to the onboarding service.
    #[must_use]
    pub fn reporting(mut self, url: &str, token: &str) -> Self {
        self.reports = (url.to_owned(), token.to_owned());
        self
    }

    /// The text of the template as the vendor publishes it.
    pub fn template_text(&self) -> Result<String> {
        let endpoint = if self.endpoint.is_empty() { ENDPOINT } else { &self.endpoint };
        let constants = Constants {
            account_id: VENDOR.to_owned(),
            notification_endpoint: endpoint.to_owned(),
            report_url: if self.reports.0.is_empty() { "-" } else { &self.reports.0 }.to_owned(),
            code_bucket_prefix: "vendor-code".to_owned(),
        };
        let mut text = render(LOGS_ANALYSIS_ONBOARDING.body, &constants)?;
        text = text.replace("LogPrefix: \"\"", &format!("LogPrefix: \"{}\"", self.prefix));
        if !self.kinds.is_empty() {
            let shipped = "LogKinds: \"access,connection,health-check\"";
            text = text.replace(shipped, &format!("LogKinds: \"{}\"", self.kinds));
        }
        Ok(text)
    }

    /// The template as the vendor publishes it, for a stack.
    pub fn template(&self, stack_id: &str) -> Result<Template> {
        let load_balancers = self.load_balancers.join(",");
        let mut parameters = vec![
            ("LoadBalancers", load_balancers.as_str()),
            ("ExistingBucketName", self.existing_bucket.as_str()),
            ("OnboardingToken", self.reports.1.as_str()),
        ];
        if !self.retention.is_empty() {
            parameters.push(("LogRetentionDays", self.retention.as_str()));
        }
        Template::new(&self.template_text()?, stack_id, &parameters)
    }
}

/// A stack, as CloudFormation sees it.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its ARN.
    pub id: String,
    /// What CloudFormation calls the custom resource; `None` until it was answered.
    pub physical_id: Option<String>,
    properties: Map<String, Value>,
}

impl Lab {
    /// A world on ministack, in eu-west-1.
    pub async fn new() -> Result<Self> {
        Self::on(emulators::shared(Kind::Ministack { auth: false }), "eu-west-1").await
    }

    /// A world on an emulator, in a region.
    pub async fn on(emulator: &Emulator, region: &str) -> Result<Self> {
        Self::for_account(emulator, &fresh_account(), region).await
    }

    /// A world in an account.
    pub async fn for_account(emulator: &Emulator, account: &str, region: &str) -> Result<Self> {
        let proxy = Proxy::start(emulator.kind, emulator.port, account, region).await?;
        let customer = Customer::new(&proxy, emulator.kind, account, region).await?;
        let keys = keys(emulator.port, emulator.kind, account).await?;
        let answers = Answers::start().await?;
        let lambda = Lambda::start(account, region, &keys, proxy.handler_port).await?;
        Ok(Self { customer, proxy, lambda, answers })
    }

    /// One more instance of the function, so that two events are handled at once.
    pub fn scale_out(&mut self) -> Result<()> {
        self.lambda.spawn()
    }

    /// Sends an event to a function that is killed at the held call, and is never heard of again.
    pub async fn send_and_crash(&mut self, event: &Value, held: &mut Held) -> Result<()> {
        tokio::select! {
            answer = self.send(event) => bail!("the call was not reached: {answer:?}"),
            () = held.reached() => {}
        }
        self.lambda.crash()
    }

    /// A stack that was not launched yet.
    pub fn stack(&self, name: &str) -> Stack {
        let Customer { account, region, .. } = &self.customer;
        let guid = Uuid::new_v4();
        Stack {
            id: format!("arn:aws:cloudformation:{region}:{account}:stack/{name}/{guid}"),
            physical_id: None,
            properties: Map::new(),
        }
    }

    /// What happens to the next answers instead of being taken.
    pub fn spoil_answers(&self, faults: Vec<AnswerFault>) {
        self.answers.spoil(faults);
    }

    /// Everything the function has written to its log.
    pub fn logs(&self) -> String {
        self.lambda.logs()
    }

    /// Creates a stack. If the custom resource fails, CloudFormation rolls back: it sends Delete with
    /// the id of the failed answer.
    pub async fn create(&self, stack: &mut Stack, launch: &Launch) -> Result<Answer> {
        let answer = self.create_only(stack, launch).await?;
        if answer.failed() {
            let undone = self.delete(stack).await?;
            if undone.failed() {
                bail!("the rollback failed: {}", undone.reason);
            }
        }
        Ok(answer)
    }

    /// Creates a stack, and leaves the rollback to the story.
    pub async fn create_only(&self, stack: &mut Stack, launch: &Launch) -> Result<Answer> {
        let event = self.create_event(stack, launch)?;
        let answer = self.send(&event).await?;
        stack.physical_id = Some(answer.physical_id.clone());
        Ok(answer)
    }

    /// The Create event of a stack; the role of the template holds from now on.
    pub fn create_event(&self, stack: &mut Stack, launch: &Launch) -> Result<Value> {
        let template = launch.template(&stack.id)?;
        self.proxy.enforce(template.role_policy("DTLogsAnalysisLambdaExecutionRole")?);
        stack.properties = template.properties(RESOURCE)?;
        Ok(self.event("Create", stack, &[("ResourceProperties", json!(stack.properties))]))
    }

    /// Updates a stack. If the custom resource fails, CloudFormation rolls back: it sends Update with
    /// old and new properties swapped.
    pub async fn update(&self, stack: &mut Stack, launch: &Launch) -> Result<Answer> {
        let template = launch.template(&stack.id)?;
        self.proxy.enforce(template.role_policy("DTLogsAnalysisLambdaExecutionRole")?);
        let new = template.properties(RESOURCE)?;
        let answer = self.send_update(stack, &new, &stack.properties).await?;
        if answer.failed() {
            let undone = self.send_update(stack, &stack.properties, &new).await?;
            if undone.failed() {
                bail!("UPDATE_ROLLBACK_FAILED: {}", undone.reason);
            }
        } else {
            stack.properties = new;
        }
        Ok(answer)
    }

    async fn send_update(
        &self,
        stack: &Stack,
        new: &Map<String, Value>,
        old: &Map<String, Value>,
    ) -> Result<Answer> {
        let event = self.event(
            "Update",
            stack,
            &[
                ("PhysicalResourceId", json!(stack.physical_id)),
                ("ResourceProperties", json!(new)),
                ("OldResourceProperties", json!(old)),
            ],
        );
        let answer = self.send(&event).await?;
        if stack.physical_id.as_ref() != Some(&answer.physical_id) {
            bail!("the id changed on Update: CloudFormation would delete a live resource");
        }
        Ok(answer)
    }

    /// Deletes a stack.
    pub async fn delete(&self, stack: &Stack) -> Result<Answer> {
        let id = stack.physical_id.clone().unwrap_or_default();
        self.delete_as(stack, &id).await
    }

    /// Deletes a stack under an id that CloudFormation invented, since no Create answered.
    pub async fn delete_invented(&self, stack: &Stack) -> Result<Answer> {
        let name = stack.id.split('/').nth(1).unwrap_or_default();
        self.delete_as(stack, &format!("{name}-{RESOURCE}-1A2B3C4D5E6F7")).await
    }

    /// Deletes a stack under an id.
    pub async fn delete_as(&self, stack: &Stack, id: &str) -> Result<Answer> {
        self.send(&self.delete_event(stack, id)).await
    }

    /// The Delete event of a stack.
    pub fn delete_event(&self, stack: &Stack, id: &str) -> Value {
        let properties = json!(stack.properties);
        let fields = [("PhysicalResourceId", json!(id)), ("ResourceProperties", properties)];
        self.event("Delete", stack, &fields)
    }

    /// An event for a stack, with its own answer address.
    pub fn event(&self, request: &str, stack: &Stack, fields: &[(&str, Value)]) -> Value {
        let Customer { account, region, .. } = &self.customer;
        let request_id = Uuid::new_v4().to_string();
        let token = format!("arn:aws:lambda:{region}:{account}:function:handler");
        let mut event = json!({
            "RequestType": request,
            "ServiceToken": token,
            "ResponseURL": self.answers.url(&stack.id, &request_id),
            "StackId": stack.id,
            "RequestId": request_id,
            "LogicalResourceId": RESOURCE,
            "ResourceType": "Custom::LogsAnalysisOnboarding",
        });
        for (name, value) in fields {
            event[*name] = value.clone();
        }
        if event["ResourceProperties"].is_object() {
            event["ResourceProperties"]["ServiceToken"] = json!(token);
        }
        event
    }

    /// Sends an event and waits for its one answer.
    pub async fn send(&self, event: &Value) -> Result<Answer> {
        self.send_within(event, Duration::from_mins(4)).await
    }

    /// Sends an event to a function with less time.
    pub async fn send_within(&self, event: &Value, time: Duration) -> Result<Answer> {
        let outcome = self.lambda.invoke(event, time).await;
        let answers = self.answers.taken(event);
        match (outcome, answers.as_slice()) {
            (Ok(()), [only]) => Answer::check(&only.content_type, &only.body, event),
            (outcome, answers) => {
                bail!("{} answers were taken; the function ended with {outcome:?}", answers.len())
            }
        }
    }

    /// Sends an event that nobody may be answered for; the function's error.
    pub async fn send_unanswerable(&self, event: &Value) -> Result<String> {
        let outcome = self.lambda.invoke(event, Duration::from_mins(4)).await;
        let answers = self.answers.taken(event);
        match (outcome, answers.is_empty()) {
            (Err(error), true) => Ok(error),
            (outcome, _) => bail!("{} answers were taken, and {outcome:?}", answers.len()),
        }
    }
}

/// An account that no other story uses.
pub fn fresh_account() -> String {
    let number = Uuid::new_v4().as_u128() % 900_000_000_000 + 100_000_000_000;
    number.to_string()
}

/// The handler as `cargo test` builds it.
pub fn bootstrap() -> Result<PathBuf> {
    built("bootstrap")
}

/// A program of the handler's crate as `cargo test` builds it.
pub fn built(name: &str) -> Result<PathBuf> {
    static BUILT: OnceLock<bool> = OnceLock::new();
    let built = *BUILT.get_or_init(|| {
        crate::cargo()
            // All targets, as for the tests themselves, so that nothing is compiled twice.
            .args(["build", "--quiet", "--workspace", "--all-targets"])
            .status()
            .is_ok_and(|status| status.success())
    });
    if built { Ok(crate::target().join("debug").join(name)) } else { bail!("{name} was not built") }
}
