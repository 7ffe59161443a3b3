//! An account in which the roles were launched, on an emulator that enforces IAM and signatures.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::types::{Capability, Parameter, StackStatus};
use aws_sdk_iam::types::PolicyScopeType;
use aws_sdk_s3::config::Credentials;
use aws_sigv4::{
    http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use harness::{
    cloudformation::fresh_account,
    customer::{Clients, Keys},
    emulators::{Emulator, Kind},
};
use serde_json::Value;
use templates::catalog::AWS_ROLES;
use tokio::time::{Instant, sleep};

pub(super) const REGION: &str = "eu-west-1";
const KIND: Kind = Kind::Ministack { auth: true };

/// What a stack put out.
pub(super) type Outputs = BTreeMap<String, String>;

pub(super) struct Account {
    /// 12 digits.
    pub(super) id: String,
    /// They act as the account's root.
    pub(super) root: Clients,
    pub(super) keys: Keys,
    /// Where the emulator listens.
    pub(super) port: u16,
    http: reqwest::Client,
}

/// A request, signed for its service; the body says which operation, or the target or path does.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) service: &'static str,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

/// What IAM holds of a role.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Role {
    /// Their ARNs.
    pub(super) policies: BTreeSet<String>,
    pub(super) trust: Value,
    pub(super) boundary: Option<String>,
}

/// One emulator for these stories: who may do what is a matter of the account.
fn emulator() -> &'static Emulator {
    static EMULATOR: OnceLock<Emulator> = OnceLock::new();
    EMULATOR.get_or_init(|| Emulator::start(KIND).expect("the emulator starts"))
}

impl Account {
    /// An account with nothing in it.
    pub(super) async fn new() -> Result<Self> {
        let id = fresh_account();
        let keys = harness::customer::keys(emulator().port, KIND, &id).await?;
        let root = Clients::with_keys(emulator().port, &keys, REGION);
        Ok(Self {
            id,
            root,
            keys,
            port: emulator().port,
            http: reqwest::Client::builder().build()?,
        })
    }

    /// Launches the template.
    pub(super) async fn launch(&self, stack: &str, given: &[(&str, &str)]) -> Result<Outputs> {
        self.launch_text(stack, AWS_ROLES.body, given).await
    }

    /// Launches some text.
    pub(super) async fn launch_text(
        &self,
        stack: &str,
        text: &str,
        given: &[(&str, &str)],
    ) -> Result<Outputs> {
        let parameter = |(name, value): &(&str, &str)| {
            Parameter::builder().parameter_key(*name).parameter_value(*value).build()
        };
        let request = self.root.cloudformation.create_stack().stack_name(stack);
        request
            .template_body(text)
            .capabilities(Capability::CapabilityNamedIam)
            .set_parameters(Some(given.iter().map(parameter).collect()))
            .send()
            .await?;
        self.rest(stack, "CREATE_COMPLETE").await
    }

    /// Deletes a stack.
    pub(super) async fn delete(&self, stack: &str) -> Result<()> {
        let cloudformation = &self.root.cloudformation;
        let stacks = cloudformation.describe_stacks().stack_name(stack).send().await?;
        let id = stacks.stacks().first().and_then(|one| one.stack_id()).context("no such stack")?;
        cloudformation.delete_stack().stack_name(stack).send().await?;
        self.rest(id, "DELETE_COMPLETE").await.map(drop)
    }

    async fn rest(&self, stack: &str, wanted: &str) -> Result<Outputs> {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let described = self.root.cloudformation.describe_stacks().stack_name(stack);
            let described = described.send().await?;
            let state = described.stacks().first().context("the stack is gone")?;
            let status = state.stack_status().map(StackStatus::as_str).unwrap_or_default();
            if status == wanted {
                let outputs = state.outputs().iter();
                let output = outputs.filter_map(|one| {
                    Some((one.output_key()?.to_owned(), one.output_value()?.to_owned()))
                });
                return Ok(output.collect());
            }
            if !status.ends_with("IN_PROGRESS") || Instant::now() > until {
                bail!("{stack} is {status}: {:?}", state.stack_status_reason());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Every role of the account, as IAM holds it.
    pub(super) async fn roles(&self) -> Result<BTreeMap<String, Role>> {
        let iam = &self.root.iam;
        let mut roles = BTreeMap::new();
        for listed in iam.list_roles().send().await?.roles() {
            let name = listed.role_name();
            let inline = iam.list_role_policies().role_name(name).send().await?;
            anyhow::ensure!(inline.policy_names().is_empty(), "{name} has inline policies");
            let attached = iam.list_attached_role_policies().role_name(name).send().await?;
            let attached = attached.attached_policies().iter();
            let got = iam.get_role().role_name(name).send().await?;
            let role = got.role().context("no role")?;
            let boundary = role.permissions_boundary();
            let boundary = boundary.and_then(|one| one.permissions_boundary_arn());
            let one = Role {
                policies: attached.filter_map(|one| one.policy_arn()).map(str::to_owned).collect(),
                trust: decoded(role.assume_role_policy_document().unwrap_or_default())?,
                boundary: boundary.map(str::to_owned),
            };
            roles.insert(name.to_owned(), one);
        }
        Ok(roles)
    }

    /// Every policy of the customer's own, in its default version, which is the only one.
    pub(super) async fn policies(&self) -> Result<BTreeMap<String, Value>> {
        let iam = &self.root.iam;
        let mut policies = BTreeMap::new();
        let listed = iam.list_policies().scope(PolicyScopeType::Local).send().await?;
        for policy in listed.policies() {
            let arn = policy.arn().context("no ARN")?;
            let versions = iam.list_policy_versions().policy_arn(arn).send().await?;
            let [only] = versions.versions() else { bail!("{arn} has several versions") };
            anyhow::ensure!(only.is_default_version(), "{arn} has no default version");
            let id = policy.default_version_id().context("no default version")?;
            let got = iam.get_policy_version().policy_arn(arn).version_id(id).send().await?;
            let document = got.policy_version().and_then(|one| one.document());
            let name = policy.policy_name().unwrap_or_default().to_owned();
            policies.insert(name, decoded(document.unwrap_or_default())?);
        }
        Ok(policies)
    }

    /// Sends a request in the name of whoever holds the keys; status and body.
    pub(super) async fn send(&self, keys: &Keys, request: &Request) -> Result<(u16, String)> {
        let (key, secret, token) = keys.clone();
        let identity = Credentials::new(key, secret, token, None, "test").into();
        let mut settings = SigningSettings::default();
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        #[expect(
            clippy::disallowed_methods,
            reason = "a signature is good for the time it is made at"
        )]
        let now = SystemTime::now();
        let signing = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(request.service)
            .time(now)
            .settings(settings)
            .build()?
            .into();
        let url = format!("{}{}", emulator().url(), request.path);
        let headers = request.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(request.body.as_bytes());
        let signable = SignableRequest::new(request.method, &url, headers, body)?;
        let (signed, _) = sign(signable, &signing)?.into_parts();
        let mut call = self.http.request(request.method.parse()?, &url);
        for (name, value) in &request.headers {
            call = call.header(*name, value);
        }
        for (name, value) in signed.headers() {
            call = call.header(name, value);
        }
        let answer = call.body(request.body.clone()).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}

/// A document as IAM hands it out: percent-encoded.
fn decoded(text: &str) -> Result<Value> {
    let query = format!("document={text}");
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let (_, document) = pairs.next().context("no document")?;
    Ok(serde_json::from_str(&document)?)
}
