//! A vendor with an account on the emulator, and the program that publishes.

use std::{
    fs,
    io::{Cursor, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context, Result, ensure};
use harness::{
    cloudformation::{bootstrap, fresh_account},
    customer::Clients,
    emulators::{Emulator, Kind},
    site, target,
};
use serde_json::Value;
use templates::vendor::Constants;
use uuid::Uuid;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::gate::Gate;

pub(super) const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "ap-southeast-2"];
pub(super) const KIND: Kind = Kind::Ministack { auth: true };
pub(super) const ENDPOINT: &str = "https://intake.vendor.test/sns";

/// The emulator with IAM and bucket policies enforced.
fn emulator() -> &'static Emulator {
    static ONE: OnceLock<Emulator> = OnceLock::new();
    ONE.get_or_init(|| Emulator::start(KIND).expect("the emulator starts"))
}

/// The vendor.
pub(super) struct Bench {
    pub(super) account: String,
    pub(super) gate: Gate,
    /// Where the database, its key and the zip are.
    pub(super) folder: PathBuf,
    /// Where customers reach the site.
    pub(super) public_url: String,
    pub(super) database: String,
    key_file: String,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A run that ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ran {
    /// Its JSON document.
    pub(super) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.out).with_context(|| format!("{self:?}"))
    }
}

impl Bench {
    pub(super) async fn new() -> Result<Self> {
        bootstrap()?;
        let folder = target().join("stories/publish").join(Uuid::new_v4().to_string());
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("bootstrap.zip"), zip("bootstrap", "first"))?;
        fs::write(folder.join("preflight.zip"), zip("preflight", "first"))?;
        Ok(Self {
            account: fresh_account(),
            gate: Gate::start(emulator().port, true).await?,
            public_url: "http://127.0.0.1:8080".to_owned(),
            database: format!("sqlite://{}", folder.join("onboarding.db").display()),
            key_file: folder.join("onboarding.key").display().to_string(),
            folder,
        })
    }

    /// From now on it works on the database of a site.
    pub(super) fn beside(&mut self, site: &site::Site) {
        self.public_url.clone_from(&site.url);
        self.database = format!("sqlite://{}", site.folder().join("onboarding.db").display());
        self.key_file = site.folder().join("onboarding.key").display().to_string();
    }

    /// The flags that say who the vendor is.
    pub(super) fn vendor(&self) -> Vec<String> {
        let constants = self.constants();
        vec![
            format!("--vendor-account-id={}", constants.account_id),
            format!("--notification-endpoint={}", constants.notification_endpoint),
            format!("--code-bucket-prefix={}", constants.code_bucket_prefix),
        ]
    }

    pub(super) fn constants(&self) -> Constants {
        Constants {
            account_id: self.account.clone(),
            notification_endpoint: ENDPOINT.to_owned(),
            report_url: format!("{}/reports", self.public_url),
            code_bucket_prefix: format!("code-of-{}", self.account),
        }
    }

    pub(super) fn bucket(&self, region: &str) -> String {
        format!("code-of-{}-{region}", self.account)
    }

    /// Clients of an account, without the program in between, as over TLS.
    pub(super) async fn clients(&self, account: &str, region: &str) -> Result<Clients> {
        Clients::new(Gate::start(emulator().port, true).await?.port, KIND, account, region).await
    }

    /// Clients of somebody in the vendor's account who may do what a policy says, as over TLS.
    pub(super) async fn user(&self, region: &str, policy: &Value) -> Result<Clients> {
        let iam = self.clients(&self.account, region).await?.iam;
        let name = "colleague";
        iam.create_user().user_name(name).send().await?;
        let put = iam.put_user_policy().user_name(name).policy_name("all");
        put.policy_document(policy.to_string()).send().await?;
        let made = iam.create_access_key().user_name(name).send().await?;
        let key = made.access_key().context("no access key")?;
        let keys = (key.access_key_id().to_owned(), key.secret_access_key().to_owned(), None);
        let port = Gate::start(emulator().port, true).await?.port;
        Ok(Clients::with_keys(port, &keys, region))
    }

    /// Clients of an account, as over plain http.
    pub(super) async fn plain(&self, account: &str, region: &str) -> Result<Clients> {
        Clients::new(emulator().port, KIND, account, region).await
    }

    /// The object of the vendor's bucket.
    pub(super) async fn object(&self, region: &str, key: &str) -> Result<Vec<u8>> {
        let aws = self.clients(&self.account, region).await?;
        let answer = aws.s3.get_object().bucket(self.bucket(region)).key(key).send().await?;
        Ok(answer.body.collect().await?.to_vec())
    }

    /// Whether anything is in the vendor's account.
    pub(super) async fn buckets(&self) -> Result<Vec<String>> {
        let aws = self.clients(&self.account, "us-east-1").await?;
        let answer = aws.s3.list_buckets().send().await?;
        let names = answer.buckets().iter().filter_map(|one| one.name());
        Ok(names.map(str::to_owned).collect())
    }

    /// The program, ready to start; `extra` goes after what every run has.
    pub(super) fn command(&self, regions: &[&str], extra: &[&str]) -> Result<Command> {
        let mut command = Command::new(site::program()?);
        command
            .arg(format!("--database-url={}", self.database))
            .arg(format!("--key-file={}", self.key_file))
            .arg("publish")
            .args(self.vendor())
            .arg(format!("--public-url={}", self.public_url))
            .arg(format!("--handler-zip={}", self.folder.join("bootstrap.zip").display()))
            .arg(format!("--preflight-zip={}", self.folder.join("preflight.zip").display()))
            .args(extra)
            .env_clear()
            .envs([("AWS_ACCESS_KEY_ID", self.account.as_str()), ("AWS_SECRET_ACCESS_KEY", "x")])
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.gate.port))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", &self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !regions.is_empty() {
            command.arg(format!("--regions={}", regions.join(",")));
        }
        Ok(command)
    }

    /// Runs the program to its end.
    pub(super) async fn publish(&self, regions: &[&str], extra: &[&str]) -> Result<Ran> {
        let command = self.command(regions, extra)?;
        run(command).await
    }

    /// Runs the program, which has to succeed.
    pub(super) async fn published(&self, regions: &[&str]) -> Result<Ran> {
        let ran = self.publish(regions, &[]).await?;
        ensure!(ran.code == 0, "{ran:?}");
        assert_eq!(self.gate.violations(), Vec::<String>::new());
        Ok(ran)
    }

    pub(super) fn start(&self, regions: &[&str]) -> Result<Child> {
        Ok(self.command(regions, &[])?.spawn()?)
    }
}

/// Runs a command to its end.
pub(super) async fn run(mut command: Command) -> Result<Ran> {
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    Ok(Ran { code, out: text(&output.stdout), err: text(&output.stderr) })
}

/// A zip as Lambda would take it; `mark` makes it another one.
pub(super) fn zip(name: &str, mark: &str) -> Vec<u8> {
    let mut program = vec![0; 4096];
    program[..4].copy_from_slice(b"\x7fELF");
    program[18] = 62;
    program.extend(mark.as_bytes());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().unix_permissions(0o755);
    writer.start_file(name, options).expect("a file in a zip");
    writer.write_all(&program).expect("its bytes");
    writer.finish().expect("a zip").into_inner()
}
