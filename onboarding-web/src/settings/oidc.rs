//! How staff sign in: with their company's accounts, with local ones, or with both.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use url::Url;

/// Single sign-on with OpenID Connect, and whether passwords are taken beside it.
#[derive(Debug, Clone, Args)]
pub struct SignInWays {
    /// Where your company's sign-in is: an address that has /.well-known/openid-configuration below it.
    #[arg(
        long,
        env = "ONBOARDING_OIDC_ISSUER",
        value_name = "URL",
        requires = "oidc_client_id",
        value_parser = issuer
    )]
    pub oidc_issuer: Option<String>,
    /// What the provider knows this site as. The address to register there is
    /// PUBLIC-URL/sign-in/oidc/return.
    #[arg(
        long,
        env = "ONBOARDING_OIDC_CLIENT_ID",
        value_name = "ID",
        requires = "oidc_issuer",
        value_parser = some_text
    )]
    pub oidc_client_id: Option<String>,
    /// A file with the client's secret. Not set: the client is a public one and proves itself by PKCE
    /// alone.
    #[arg(
        long,
        env = "ONBOARDING_OIDC_CLIENT_SECRET_FILE",
        value_name = "FILE",
        requires = "oidc_issuer"
    )]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// What is asked of the provider, separated by blanks.
    #[arg(long, env = "ONBOARDING_OIDC_SCOPES", default_value = "openid email profile")]
    pub oidc_scopes: String,
    /// The claim that lists somebody's groups.
    #[arg(
        long,
        env = "ONBOARDING_OIDC_GROUPS_CLAIM",
        default_value = "groups",
        value_parser = some_text
    )]
    pub oidc_groups_claim: String,
    /// The groups whose members may look, separated by commas. Who is in several has the highest role;
    /// who is in none does not get in.
    #[arg(
        long,
        env = "ONBOARDING_OIDC_VIEWER_GROUPS",
        value_delimiter = ',',
        requires = "oidc_issuer"
    )]
    pub oidc_viewer_groups: Vec<String>,
    /// The groups whose members may add and change customers.
    #[arg(
        long,
        env = "ONBOARDING_OIDC_EDITOR_GROUPS",
        value_delimiter = ',',
        requires = "oidc_issuer"
    )]
    pub oidc_editor_groups: Vec<String>,
    /// The groups whose members may also change staff and settings.
    #[arg(
        long,
        env = "ONBOARDING_OIDC_ADMIN_GROUPS",
        value_delimiter = ',',
        requires = "oidc_issuer"
    )]
    pub oidc_admin_groups: Vec<String>,
    /// Whether the provider's e-mail addresses are believed where it does not say (`email_verified`) that
    /// it checked them. For a provider whose people cannot choose their addresses, such as a company's
    /// own directory. What it says it did not check is never believed.
    #[arg(
        long,
        env = "ONBOARDING_OIDC_TRUST_EMAIL",
        default_value = "off",
        value_name = "on|off",
        hide_possible_values = true
    )]
    pub oidc_trust_email: Switch,
    /// What the button says after "Sign in with".
    #[arg(
        long,
        env = "ONBOARDING_OIDC_NAME",
        default_value = "your company account",
        value_parser = some_text
    )]
    pub oidc_name: String,
    /// Whether local accounts sign in with their passwords. With off, only the provider's do; start
    /// with on again should it be lost.
    #[arg(long, env = "ONBOARDING_LOCAL_SIGN_IN", default_value = "on")]
    pub local_sign_in: Switch,
}

/// What is so or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is so.
    On,
    /// It is not.
    Off,
}

/// Also used by the command line.
pub(crate) fn some_text(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// Kept as it was written: a provider and its tokens name it letter by letter, slash at the end or not.
pub(crate) fn issuer(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("not a URL: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    let here = url.scheme() == "http" && ["127.0.0.1", "localhost", "[::1]"].contains(&host);
    if url.scheme() != "https" && !here {
        return Err("must begin with https://, because it says who may come in".to_owned());
    }
    let plain = url.username().is_empty() && url.password().is_none();
    if !plain || url.query().is_some() || url.fragment().is_some() {
        return Err("must be an address without user, ? or #".to_owned());
    }
    if url.path().contains("/.well-known/") {
        return Err("must end before /.well-known/, which is looked for below it".to_owned());
    }
    Ok(text.trim().to_owned())
}
