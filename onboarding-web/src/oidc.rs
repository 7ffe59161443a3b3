//! Asks a company's sign-in who somebody is: OpenID Connect's authorization code flow with PKCE, state
//! and nonce, any provider by discovery.
//!
//! [`SingleSignOn::begin`] says where to send the browser and what to remember meanwhile;
//! [`SingleSignOn::finish`] turns what the browser brought back into a [`Person`]. What that person may
//! do here follows from their groups alone.

mod http;
mod person;
mod provider;

use std::{fs, sync::RwLock, time::Duration};

use openidconnect::{
    AccessToken, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, TokenResponse, core::CoreAuthenticationFlow,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};

pub use self::person::Person;
use self::{
    http::Http,
    person::{Claims, Expected, Reading},
    provider::{Client, Known, Tokens},
};
use crate::{
    clock::{MINUTE, Millis},
    settings::{SignInWays, Switch},
    store::Role,
};

/// Whoever takes longer at the provider begins again.
pub const SIGN_IN_WITHIN: Millis = 10 * MINUTE;
/// All that is asked of the provider at once takes no longer; a page may take 30 seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why somebody could not be found out about. No code, token or secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The provider is down, slow, or no provider.
    #[error("the provider does not answer as it should: {0}")]
    Provider(String),
    /// The provider does not give a token for the code.
    #[error("the provider did not take the code: {0}")]
    Code(String),
    /// What the provider said is not to be believed.
    #[error("the provider's answer is not good: {0}")]
    Token(String),
    /// The provider knows no address that is somebody's own.
    #[error(
        "the provider's answer has no e-mail address that was checked (email_verified). If all its \
         addresses can be believed, start the service with --oidc-trust-email on"
    )]
    Email,
}

/// The settings of single sign-on do not make sense.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// One of them, and why.
    #[error("{0}: {1}")]
    Wrong(&'static str, String),
}

/// What is remembered of somebody who was sent to the provider.
#[derive(Serialize, Deserialize)]
pub struct Pending {
    /// What comes back with them.
    pub state: String,
    /// Where they wanted to go.
    pub next: String,
    /// When they were sent.
    pub begun: Millis,
    nonce: String,
    verifier: String,
}

/// A provider, and what its people may do here.
#[derive(Debug)]
pub struct SingleSignOn {
    /// What the button says after "Sign in with".
    pub name: String,
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: Option<ClientSecret>,
    scopes: Vec<Scope>,
    groups_claim: String,
    trusts_email: bool,
    groups: [(Role, Vec<String>); 3],
    return_url: RedirectUrl,
    http: Http,
    known: RwLock<Option<(Known, Instant)>>,
}

impl SingleSignOn {
    /// From what the program was started with; nothing if there is no provider. Nothing is asked of it
    /// yet: the site starts without it.
    pub fn new(settings: &SignInWays, public_url: &str) -> Result<Option<Self>, SettingsError> {
        let wrong = SettingsError::Wrong;
        let Some(issuer) = settings.oidc_issuer.clone() else {
            if settings.local_sign_in == Switch::Off {
                let why = "nobody could sign in; set --oidc-issuer, or leave it on".to_owned();
                return Err(wrong("--local-sign-in", why));
            }
            return Ok(None);
        };
        let plain = issuer.starts_with("http://");
        let not_a_url = |error: url::ParseError| wrong("--oidc-issuer", error.to_string());
        let issuer = IssuerUrl::new(issuer).map_err(not_a_url)?;
        let return_url = RedirectUrl::new(format!("{public_url}/sign-in/oidc/return"));
        let return_url = return_url.map_err(|error| wrong("--public-url", error.to_string()))?;
        let scopes = settings.oidc_scopes.split_whitespace().filter(|scope| *scope != "openid");
        Ok(Some(Self {
            name: settings.oidc_name.clone(),
            issuer,
            client_id: ClientId::new(settings.oidc_client_id.clone().unwrap_or_default()),
            secret: secret(settings)?,
            scopes: scopes.map(|scope| Scope::new(scope.to_owned())).collect(),
            groups_claim: settings.oidc_groups_claim.clone(),
            trusts_email: settings.oidc_trust_email == Switch::On,
            groups: groups(settings)?,
            return_url,
            http: Http::new(plain).map_err(|error| wrong("--oidc-issuer", error.to_string()))?,
            known: RwLock::default(),
        }))
    }

    /// The provider, as tokens name it.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// What members of these groups may do: the highest role of any; nothing if they are in none that
    /// counts here.
    pub fn role(&self, groups: &[String]) -> Option<Role> {
        let member = |names: &[String]| names.iter().any(|name| groups.contains(name));
        let roles = self.groups.iter().filter(|(_, names)| member(names));
        roles.map(|(role, _)| *role).max()
    }

    /// Where to send the browser of somebody who wants to go to `next`, and what to remember.
    pub async fn begin(&self, next: &str, now: Millis) -> Result<(String, Pending), Failure> {
        let client = self.client(&in_time(self.known()).await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let request = request.add_scopes(self.scopes.clone()).set_pkce_challenge(challenge);
        let (url, state, nonce) = request.url();
        let pending = Pending {
            state: state.into_secret(),
            next: next.to_owned(),
            begun: now,
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        };
        Ok((url.into(), pending))
    }

    /// Who came back with a code.
    pub async fn finish(
        &self,
        code: String,
        pending: &Pending,
        now: Millis,
    ) -> Result<Person, Failure> {
        in_time(self.ask(code, pending, now)).await
    }

    async fn ask(&self, code: String, pending: &Pending, now: Millis) -> Result<Person, Failure> {
        let mut known = self.known().await?;
        let tokens = self.tokens(&self.client(&known), code, pending).await?;
        let id_token =
            tokens.id_token().ok_or_else(|| Failure::Token("there is no ID token".to_owned()))?;
        let expected = |known: &Known| Expected {
            client_id: self.client_id.clone(),
            issuer: self.issuer.clone(),
            keys: known.jwks().clone(),
            nonce: Nonce::new(pending.nonce.clone()),
            now,
        };
        let claims = match expected(&known).verified(id_token, tokens.access_token()) {
            // Keys change: those that are known may be old.
            Err(person::Refused::Key(_)) => {
                known = self.discover().await?;
                expected(&known).verified(id_token, tokens.access_token())
            }
            verified => verified,
        };
        let claims = claims.map_err(|refused| Failure::Token(refused.to_string()))?;
        let reading = Reading { groups_claim: &self.groups_claim, trusts_email: self.trusts_email };
        let mut answer = reading.token(&claims);
        if !answer.is_complete() {
            let more = self.user_info(&self.client(&known), tokens.access_token(), &claims).await?;
            if let Some(more) = more {
                answer.add(reading.user_info(&more));
            }
        }
        answer.person(self.issuer(), claims.subject().as_str())
    }

    async fn tokens(
        &self,
        client: &Client,
        code: String,
        pending: &Pending,
    ) -> Result<Tokens, Failure> {
        let request = client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|error| Failure::Provider(error.to_string()))?;
        let verifier = PkceCodeVerifier::new(pending.verifier.clone());
        let tokens = request.set_pkce_verifier(verifier).request_async(&self.http).await;
        tokens.map_err(|error| match error {
            // Its description is the provider's own free text: only the error's name is kept.
            RequestTokenError::ServerResponse(answer) => Failure::Code(answer.error().to_string()),
            RequestTokenError::Request(error) => Failure::Provider(error.to_string()),
            RequestTokenError::Parse(..) => Failure::Token("its tokens cannot be read".to_owned()),
            RequestTokenError::Other(words) => Failure::Provider(words),
        })
    }

    /// What the provider says elsewhere about the same person; many keep groups out of the token.
    async fn user_info(
        &self,
        client: &Client,
        token: &AccessToken,
        claims: &Claims,
    ) -> Result<Option<person::UserInfo>, Failure> {
        // It becomes a header.
        let sound = token.secret().bytes().all(|byte| byte.is_ascii_graphic());
        if client.user_info_url().is_none() || !sound {
            return Ok(None);
        }
        let request = client.user_info(token.clone(), Some(claims.subject().clone()));
        let request = request.map_err(|error| Failure::Provider(error.to_string()))?;
        let answer = request.request_async(&self.http).await;
        Ok(Some(answer.map_err(|error| match error {
            openidconnect::UserInfoError::ClaimsVerification(why) => {
                Failure::Token(format!("what it says about the person: {why}"))
            }
            openidconnect::UserInfoError::Request(why) => Failure::Provider(why.to_string()),
            why => Failure::Provider(why.to_string()),
        })?))
    }
}

async fn in_time<T>(asking: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let slow = || Failure::Provider("it takes too long".to_owned());
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| Err(slow()))
}

fn secret(settings: &SignInWays) -> Result<Option<ClientSecret>, SettingsError> {
    let Some(path) = &settings.oidc_client_secret_file else { return Ok(None) };
    let wrong = |why: String| {
        SettingsError::Wrong("--oidc-client-secret-file", format!("{} {why}", path.display()))
    };
    let text =
        fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    match text.trim() {
        "" => Err(wrong("is empty".to_owned())),
        text => Ok(Some(ClientSecret::new(text.to_owned()))),
    }
}

fn groups(settings: &SignInWays) -> Result<[(Role, Vec<String>); 3], SettingsError> {
    let all = [
        (Role::Viewer, &settings.oidc_viewer_groups),
        (Role::Editor, &settings.oidc_editor_groups),
        (Role::Admin, &settings.oidc_admin_groups),
    ];
    let names = |texts: &Vec<String>| -> Vec<String> {
        let texts = texts.iter().map(|text| text.trim().to_owned());
        texts.filter(|text| !text.is_empty()).collect()
    };
    let all = all.map(|(role, texts)| (role, names(texts)));
    if all.iter().all(|(_, names)| names.is_empty()) {
        let why = "nobody could sign in; name the groups of viewers, editors or admins, as in \
                   --oidc-admin-groups"
            .to_owned();
        return Err(SettingsError::Wrong("--oidc-issuer", why));
    }
    Ok(all)
}
