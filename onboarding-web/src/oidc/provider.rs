//! What the provider says of itself, remembered for a while.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use openidconnect::{
    AuthType, DiscoveryError, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IdTokenFields, StandardErrorResponse, StandardTokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use tokio::time::Instant;

use super::{Failure, SingleSignOn, person::OtherClaims};

/// After so long, the provider is asked anew what it is like.
const GOOD_FOR: Duration = Duration::from_hours(1);

/// The provider's description and keys.
pub(super) type Known = Arc<CoreProviderMetadata>;

/// What the provider gives for a code.
pub(super) type Tokens = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// This site, as the provider knows it.
pub(super) type Client = openidconnect::Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl SingleSignOn {
    /// What is known of the provider; asked for where it is not, or not any more.
    pub(super) async fn known(&self) -> Result<Known, Failure> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some((known, since)) if since.elapsed() < GOOD_FOR => Ok(known),
            // Several may ask at once: nobody waits for somebody else's question.
            _ => self.discover().await,
        }
    }

    /// Asks the provider what it is like.
    pub(super) async fn discover(&self) -> Result<Known, Failure> {
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await;
        let found = found.map_err(|error| {
            Failure::Provider(match error {
                DiscoveryError::Request(why) => why.to_string(),
                DiscoveryError::Parse(_) => "its description cannot be read".to_owned(),
                why => why.to_string(),
            })
        })?;
        let scheme = found.authorization_endpoint().url().scheme();
        if !(scheme == "https" || scheme == self.issuer.url().scheme()) {
            return Err(Failure::Provider("it signs people in without https".to_owned()));
        }
        let found = Arc::new(found);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some((Arc::clone(&found), Instant::now()));
        Ok(found)
    }

    /// This site, as the provider knows it.
    pub(super) fn client(&self, known: &Known) -> Client {
        let (id, secret) = (self.client_id.clone(), self.secret.clone());
        let client = Client::from_provider_metadata(known.as_ref().clone(), id, secret);
        let ways = known.token_endpoint_auth_methods_supported();
        let has = |way| ways.is_some_and(|ways| ways.contains(&way));
        // Where nothing is said, HTTP's own way is the rule.
        let in_body = has(CoreClientAuthMethod::ClientSecretPost)
            && !has(CoreClientAuthMethod::ClientSecretBasic);
        let way = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        client.set_auth_type(way).set_redirect_uri(self.return_url.clone())
    }
}
