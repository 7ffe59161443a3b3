//! Whether to believe an ID token, and whom it is about.

use std::time::{Duration, UNIX_EPOCH};

use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, ClaimsVerificationError, ClientId,
    EndUserEmail, EndUserName, IdToken, IdTokenClaims, IdTokenVerifier, IssuerUrl, LocalizedClaim,
    Nonce, SignatureVerificationError, StandardClaims, UserInfoClaims,
    core::{
        CoreGenderClaim, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Failure;
use crate::{
    clock::{MINUTE, Millis},
    settings::email as check_email,
};

/// Signatures with a key of which the provider publishes one half. Never one with a shared secret: with
/// it, whoever knows the secret could make tokens.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Clocks differ by so much at most.
const CLOCKS_DIFFER: Millis = 5 * MINUTE;

/// Claims beside the standard ones: groups among them, under a name that the vendor says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct OtherClaims(Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

/// What a token says, believed.
pub(super) type Claims = IdTokenClaims<OtherClaims, CoreGenderClaim>;
/// What the provider says elsewhere.
pub(super) type UserInfo = UserInfoClaims<OtherClaims, CoreGenderClaim>;
type Token = IdToken<
    OtherClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// Somebody whom the provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The provider.
    pub issuer: String,
    /// Whom the provider means; stays when name and e-mail change.
    pub subject: String,
    /// In lower case.
    pub email: String,
    /// For people.
    pub name: String,
    /// As the provider names them.
    pub groups: Vec<String>,
}

/// Why a token is not believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// The signature does not fit the keys that are known.
    #[error("signature: {0}")]
    Key(SignatureVerificationError),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// What a token has to be like.
pub(super) struct Expected {
    pub(super) client_id: ClientId,
    pub(super) issuer: IssuerUrl,
    pub(super) keys: CoreJsonWebKeySet,
    pub(super) nonce: Nonce,
    pub(super) now: Millis,
}

impl Expected {
    /// The token's claims, if all of it holds.
    pub(super) fn verified(self, token: &Token, access: &AccessToken) -> Result<Claims, Refused> {
        let now = self.now;
        let present = UNIX_EPOCH + Duration::from_millis(u64::try_from(now).unwrap_or_default());
        let verifier =
            IdTokenVerifier::new_public_client(self.client_id.clone(), self.issuer, self.keys)
                .set_allowed_algs(ALGORITHMS)
                .set_time_fn(move || present.into())
                .set_issue_time_verifier_fn(move |issued| {
                    let early = issued.timestamp_millis() > now + CLOCKS_DIFFER;
                    if early { Err("it was made in the future".to_owned()) } else { Ok(()) }
                });
        let claims = token.claims(&verifier, &self.nonce).map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(why) if may_be_an_old_key(&why) => {
                Refused::Key(why)
            }
            ClaimsVerificationError::SignatureVerification(why) => {
                Refused::Other(format!("signature: {why}"))
            }
            why => Refused::Other(why.to_string()),
        })?;
        // The library leaves this one to us.
        if claims.authorized_party().is_some_and(|party| *party != self.client_id) {
            return Err(Refused::Other("it was made for another client".to_owned()));
        }
        if let Some(expected) = claims.access_token_hash() {
            let failed = |error: &dyn std::fmt::Display| Refused::Other(error.to_string());
            let algorithm = token.signing_alg().map_err(|error| failed(&error))?;
            let key = token.signing_key(&verifier).map_err(|error| failed(&error))?;
            let found = AccessTokenHash::from_token(access, algorithm, key);
            if found.map_err(|error| failed(&error))? != *expected {
                return Err(Refused::Other("it belongs to another access token".to_owned()));
            }
        }
        Ok(claims.clone())
    }
}

fn may_be_an_old_key(why: &SignatureVerificationError) -> bool {
    use SignatureVerificationError::{AmbiguousKeyId, CryptoError, NoMatchingKey};
    matches!(why, NoMatchingKey | CryptoError(_) | AmbiguousKeyId(_))
}

/// What the provider says about somebody, as far as it was asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// With whether the provider checked that it is theirs, if that is known.
    email: Option<(String, Option<bool>)>,
    name: Option<String>,
    groups: Option<Vec<String>>,
}

/// How answers are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) groups_claim: &'a str,
    /// Addresses of which the provider does not say whether they were checked are believed.
    pub(super) trusts_email: bool,
}

impl Reading<'_> {
    /// An ID token.
    pub(super) fn token(self, claims: &Claims) -> Answer {
        Answer {
            email: self.email(claims.email(), claims.email_verified()),
            name: first(claims.name()),
            groups: groups(claims.additional_claims(), self.groups_claim),
        }
    }

    /// What the provider says elsewhere.
    pub(super) fn user_info(self, more: &UserInfo) -> Answer {
        let claims: &StandardClaims<CoreGenderClaim> = more.standard_claims();
        Answer {
            email: self.email(claims.email(), claims.email_verified()),
            name: first(claims.name()),
            groups: groups(more.additional_claims(), self.groups_claim),
        }
    }

    fn email(
        self,
        email: Option<&EndUserEmail>,
        checked: Option<bool>,
    ) -> Option<(String, Option<bool>)> {
        let checked = checked.or(self.trusts_email.then_some(true));
        email.map(|email| (email.to_string(), checked))
    }
}

impl Answer {
    /// Whether nothing more need be asked.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.email, Some((_, Some(_)))) && self.groups.is_some()
    }

    /// Takes over what was not known yet.
    pub(super) fn add(&mut self, more: Self) {
        match (&mut self.email, more.email) {
            (Some((mine, checked @ None)), Some((same, found))) if *mine == same => {
                *checked = found;
            }
            (email @ None, found) => *email = found,
            _ => {}
        }
        self.name = self.name.take().or(more.name);
        self.groups = self.groups.take().or(more.groups);
    }

    /// Whom it is about. An address that was not checked could be anybody's.
    pub(super) fn person(self, issuer: &str, subject: &str) -> Result<Person, Failure> {
        let email =
            self.email.filter(|(_, checked)| *checked == Some(true)).map(|(email, _)| email);
        let email = email.and_then(|email| check_email(&email).ok()).ok_or(Failure::Email)?;
        if subject.is_empty() || subject.len() > 255 || subject.contains(char::is_control) {
            return Err(Failure::Token("it does not say whom it is about".to_owned()));
        }
        let email = email.to_lowercase();
        let name: String = self.name.unwrap_or_default();
        let name: String = name.chars().filter(|c| !c.is_control()).take(120).collect();
        let name = match name.trim() {
            "" => email.split('@').next().unwrap_or_default().to_owned(),
            name => name.to_owned(),
        };
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        Ok(Person { issuer, subject, email, name, groups: self.groups.unwrap_or_default() })
    }
}

fn first(name: Option<&LocalizedClaim<EndUserName>>) -> Option<String> {
    let name = name?;
    let one = name.get(None).or_else(|| name.iter().next().map(|(_, name)| name))?;
    Some(one.to_string())
}

/// A list of names, or one name.
fn groups(claims: &OtherClaims, claim: &str) -> Option<Vec<String>> {
    match claims.0.get(claim)? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(all) => {
            Some(all.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => Some(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> OtherClaims {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn groups_are_a_list_of_names_or_one_name() {
        let all = claims(json!({"groups": ["a", 7, "b"], "one": "c", "odd": {"a": true}}));
        assert_eq!(groups(&all, "groups"), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(groups(&all, "one"), Some(vec!["c".to_owned()]));
        assert_eq!(groups(&all, "odd"), Some(vec![]));
        assert_eq!(groups(&all, "none"), None);
    }

    #[test]
    fn an_address_has_to_be_one_and_checked() {
        let answer = |email: &str, checked| Answer {
            email: Some((email.to_owned(), checked)),
            ..Answer::default()
        };
        let person = answer("Rosa@Vendor.test", Some(true)).person("https://id", "1").unwrap();
        assert_eq!((person.email.as_str(), person.name.as_str()), ("rosa@vendor.test", "rosa"));
        for (email, checked) in [
            ("rosa@vendor.test", Some(false)),
            ("rosa@vendor.test", None),
            ("rosa", Some(true)),
            ("a@b\nc", Some(true)),
        ] {
            assert_eq!(answer(email, checked).person("https://id", "1"), Err(Failure::Email));
        }
        assert_eq!(Answer::default().person("https://id", "1"), Err(Failure::Email));
        assert!(answer("rosa@vendor.test", Some(true)).person("https://id", "").is_err());
    }
}
