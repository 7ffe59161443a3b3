//! The program's settings: flags, environment, file.
//!
//! A flag wins over the environment, the environment over the file, the file over the default. A file
//! holds the environment's names, one `NAME=value` a line.

mod oidc;
mod take_in;

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use templates::partition::Partition;
use url::Url;

pub(crate) use self::oidc::{issuer, some_text};
pub use self::{
    oidc::{SignInWays, Switch},
    take_in::{QueueUrl, TakeIn, Way},
};
use crate::command_line::Cli;

/// Where things are kept.
#[derive(Debug, Clone, Args)]
pub struct Storage {
    /// The database.
    #[arg(
        long,
        help = "sqlite://FILE for one copy of the service, or postgres://USER:PASSWORD@HOST/DATABASE \
                for several",
        global = true,
        env = "DATABASE_URL",
        default_value = "sqlite://onboarding.db",
        hide_env_values = true,
        value_parser = database_url
    )]
    pub database_url: String,
    /// The key that links are made with. Made at the first start; keep a copy: without it, no link works.
    #[arg(long, global = true, env = "ONBOARDING_KEY_FILE", default_value = "onboarding.key")]
    pub key_file: PathBuf,
}

/// Who the vendor is, and where things of his are.
#[derive(Debug, Clone, Args)]
pub struct Vendor {
    /// Where people and stacks reach the site; https, except on this machine.
    #[arg(
        long,
        env = "ONBOARDING_PUBLIC_URL",
        default_value = "http://127.0.0.1:8080",
        value_parser = public_url
    )]
    pub public_url: Url,
    /// What customers know you as.
    #[arg(long, env = "ONBOARDING_VENDOR_NAME", default_value = "Log Analysis Vendor")]
    pub vendor_name: String,
    /// Where customers ask for help.
    #[arg(
        long,
        env = "ONBOARDING_CONTACT_EMAIL",
        default_value = "support@example.com",
        value_parser = email
    )]
    pub contact_email: String,
    /// The AWS account that reads the logs: 12 digits.
    #[arg(
        long,
        env = "ONBOARDING_VENDOR_ACCOUNT_ID",
        default_value = "000000000000",
        value_parser = account_id
    )]
    pub vendor_account_id: String,
    /// Who is told of new logs: an https URL or the ARN of an SQS queue.
    #[arg(
        long,
        env = "ONBOARDING_NOTIFICATION_ENDPOINT",
        default_value = "https://logs-intake.example.com/sns",
        value_parser = endpoint
    )]
    pub notification_endpoint: String,
    /// Templates and code are in the buckets PREFIX-REGION.
    #[arg(
        long,
        env = "ONBOARDING_CODE_BUCKET_PREFIX",
        default_value = "example-log-analysis-code",
        value_parser = bucket_prefix
    )]
    pub code_bucket_prefix: String,
    /// The regions that have such a bucket, separated by commas. Not set: every region.
    #[arg(long, env = "ONBOARDING_REGIONS", value_delimiter = ',', value_parser = region)]
    pub regions: Vec<String>,
    /// Earlier or other published templates, as FOLDER/ID/VERSION.yaml, with your constants in them.
    #[arg(long, env = "ONBOARDING_TEMPLATE_FOLDER", value_name = "FOLDER")]
    pub template_folder: Option<PathBuf>,
}

/// The site's settings.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Who the vendor is.
    #[command(flatten)]
    pub vendor: Vendor,
    /// How staff sign in.
    #[command(flatten)]
    pub sign_in: SignInWays,
    /// How news of logs comes in.
    #[command(flatten)]
    pub take_in: TakeIn,
    /// Address and port to listen on. TLS is the business of a proxy in front.
    #[arg(long, env = "ONBOARDING_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where Prometheus may fetch metrics; nowhere if not set.
    #[arg(long, env = "ONBOARDING_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// How many proxies in front add to X-Forwarded-For. 0: the header is not believed.
    #[arg(long, env = "ONBOARDING_TRUSTED_PROXIES", default_value_t = 0)]
    pub trusted_proxies: usize,
    /// Hosts of your own network that webhooks may lead to, also by http, separated by commas.
    #[arg(long, env = "ONBOARDING_WEBHOOK_HOSTS", value_delimiter = ',', value_parser = host)]
    pub webhook_hosts: Vec<String>,
    /// How much is logged: error, warn, info, debug or trace.
    #[arg(
        long,
        env = "ONBOARDING_LOG",
        default_value = "info",
        value_parser = ["error", "warn", "info", "debug", "trace"]
    )]
    pub log: String,
    /// The account that is made at the first start.
    #[arg(
        long,
        env = "ONBOARDING_FIRST_ADMIN",
        default_value = "admin@localhost",
        value_parser = email
    )]
    pub first_admin: String,
}

fn database_url(text: &str) -> Result<String, String> {
    let known = ["sqlite://", "postgres://", "postgresql://"];
    if known.iter().any(|start| text.starts_with(start) && text.len() > start.len()) {
        Ok(text.to_owned())
    } else {
        Err("write sqlite://FILE or postgres://USER:PASSWORD@HOST/DATABASE".to_owned())
    }
}

/// Also used by the form for staff.
pub(crate) fn email(text: &str) -> Result<String, String> {
    let text = text.trim();
    let bad = |c: char| c.is_whitespace() || c.is_control();
    match text.split_once('@') {
        Some((user, host))
            if !user.is_empty()
                && !host.is_empty()
                && !host.contains('@')
                && text.len() <= 254
                && !text.contains(bad) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("write an e-mail address, such as rosa@example.com".to_owned()),
    }
}

fn public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    let here = ["127.0.0.1", "localhost", "[::1]"].contains(&host);
    if url.scheme() != "https" && !(url.scheme() == "http" && here) {
        return Err(
            "must begin with https://, because tokens and passwords travel to it".to_owned()
        );
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("must end after the host and port; the site wants a host of its own".to_owned());
    }
    Ok(url)
}

/// Also an option of `publish`.
pub(crate) fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("must be the 12 digits of an AWS account".to_owned())
    }
}

/// As the stack takes it; plain http for an emulator on this machine only.
fn endpoint(text: &str) -> Result<String, String> {
    let url = Url::parse(text).ok();
    let here = |url: &Url| url.scheme() == "http" && url.host_str() == Some("127.0.0.1");
    let https = url.is_some_and(|url| url.scheme() == "https" || here(&url));
    let parts: Vec<&str> = text.split(':').collect();
    let queue = matches!(parts.as_slice(), ["arn", _, "sqs", _, account, _] if account.len() == 12);
    if (https || queue) && !text.contains(['"', '\\']) && !text.contains(char::is_whitespace) {
        Ok(text.to_owned())
    } else {
        Err("must be an https URL or the ARN of an SQS queue".to_owned())
    }
}

fn host(text: &str) -> Result<String, String> {
    let text = text.trim().to_lowercase();
    match url::Host::parse(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err("must be a host, such as crm.internal".to_owned()),
    }
}

fn bucket_prefix(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (3..=45).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with('-') {
        Ok(text.to_owned())
    } else {
        Err("must be 3 to 45 small letters, digits and hyphens, as bucket names are".to_owned())
    }
}

fn region(text: &str) -> Result<String, String> {
    match Partition::of_region(text.trim()) {
        Some(_) => Ok(text.trim().to_owned()),
        None => Err("is not a region that templates are made for, such as eu-west-1".to_owned()),
    }
}

/// Reads the settings file that flags or environment name into the environment, where it does not
/// say otherwise. A name that is no setting is an error: it would be believed to have an effect.
pub fn read_file(arguments: &[String]) -> Result<(), String> {
    let flag = arguments.iter().enumerate().find_map(|(at, argument)| {
        let value = argument.strip_prefix("--settings=").map(str::to_owned);
        value.or_else(|| (argument == "--settings").then(|| arguments.get(at + 1).cloned())?)
    });
    #[expect(clippy::disallowed_methods, reason = "clap reads the rest of the environment")]
    let Some(path) = flag.or_else(|| std::env::var("ONBOARDING_SETTINGS").ok()) else {
        return Ok(());
    };
    let failed =
        |error: dotenvy::Error| format!("the settings file {path} cannot be read: {error}");
    let known = names();
    for line in dotenvy::from_path_iter(&path).map_err(failed)? {
        let (name, _) = line.map_err(failed)?;
        if !known.contains(&name) {
            return Err(format!(
                "the settings file {path} sets {name}, which is no setting. Settings are: {}",
                known.join(", ")
            ));
        }
    }
    dotenvy::from_path(&path).map_err(failed)
}

/// Every variable that the program reads.
fn names() -> Vec<String> {
    use clap::CommandFactory;
    fn all(command: &clap::Command) -> Vec<String> {
        let own = command.get_arguments().filter_map(|argument| argument.get_env());
        let own = own.map(|name| name.to_string_lossy().into_owned());
        own.chain(command.get_subcommands().flat_map(all)).collect()
    }
    let mut names = all(&Cli::command());
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(arguments: &[&str]) -> String {
        let all = ["onboarding-web", "serve"].iter().chain(arguments);
        <Cli as clap::Parser>::try_parse_from(all).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_with_a_setting_is_said_with_its_name() {
        let cases = [
            ("--public-url", "http://onboarding.example.com", "must begin with https://"),
            ("--public-url", "https://example.com/onboarding", "a host of its own"),
            ("--vendor-account-id", "1234", "12 digits"),
            ("--code-bucket-prefix", "Vendor_Code", "small letters"),
            ("--regions", "eu-west-1,atlantis-1", "is not a region"),
            ("--database-url", "mysql://db", "sqlite://FILE or postgres://"),
            ("--contact-email", "nobody", "write an e-mail address"),
            ("--listen", "8080", "invalid"),
            ("--notification-endpoint", "http://intake.example.com", "https URL or the ARN"),
            ("--log", "loud", "invalid value"),
            ("--oidc-issuer", "http://id.example.com", "must begin with https://"),
            ("--oidc-issuer", "id.example.com", "not a URL"),
            (
                "--oidc-issuer",
                "https://id.example.com/.well-known/openid-configuration",
                "must end before",
            ),
            ("--oidc-client-id", " ", "must not be empty"),
            ("--oidc-name", "", "must not be empty"),
            ("--local-sign-in", "maybe", "invalid value"),
            ("--intake", "ftp", "invalid value"),
            ("--intake-certificates", "http://10.0.0.1:1", "on this machine"),
            ("--intake-certificates", "http://localhost.evil.test", "on this machine"),
            ("--events-to", "https://queue.example.com/1/x", "the URL of a queue"),
            ("--intake-queue", "arn:aws:sqs:eu-west-1:111122223333:x", "the URL of a queue"),
            ("--silent-after-hours", "0", "not in 1..=720"),
        ];
        for (flag, value, words) in cases {
            let refused = refused(&[flag, value]);
            assert!(refused.contains(flag) && refused.contains(words), "{refused}");
        }
    }

    #[test]
    fn settings_of_single_sign_on_come_together() {
        let issuer = "--oidc-issuer=https://id.example.com";
        assert!(refused(&[issuer]).contains("--oidc-client-id"));
        for alone in ["--oidc-client-id=x", "--oidc-client-secret-file=x", "--oidc-admin-groups=x"]
        {
            assert!(refused(&[alone]).contains("--oidc-issuer"), "{alone}");
        }
    }

    #[test]
    fn a_file_may_hold_settings_and_nothing_else() {
        let path = std::env::temp_dir().join(crate::token::random_id());
        std::fs::write(&path, "ONBOARDING_LISTEM=127.0.0.1:1\n").unwrap();
        let flag = format!("--settings={}", path.display());
        let refused = read_file(&["serve".to_owned(), flag]).unwrap_err();
        assert!(refused.contains("sets ONBOARDING_LISTEM, which is no setting"), "{refused}");
        assert!(refused.contains("ONBOARDING_LISTEN"));
        std::fs::remove_file(path).unwrap();
    }
}
