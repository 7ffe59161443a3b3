//! A certificate that SNS signs with, read, and whether it signed a message.
//!
//! SNS gives out the certificate alone, without what it was signed with; that it is SNS's own is known
//! from where it was fetched, over TLS. What is held against it here is its time and its name.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use x509_parser::{
    extensions::GeneralName, pem::parse_x509_pem, prelude::X509Certificate, public_key::PublicKey,
};

use super::message::{Message, Version};
use crate::clock::Millis;

/// A certificate, as far as signatures need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The RSA key, as PKCS #1 has it.
    key: Vec<u8>,
    not_before: Millis,
    not_after: Millis,
}

impl Certificate {
    /// Reads a certificate of SNS; why it is none, in words. `suffix` is how the names of the
    /// partition's endpoints end.
    pub fn read(pem: &[u8], suffix: &str) -> Result<Self, String> {
        let failed =
            |error: &dyn std::fmt::Display| format!("the certificate cannot be read: {error}");
        let (_, pem) = parse_x509_pem(pem).map_err(|error| failed(&error))?;
        let certificate = pem.parse_x509().map_err(|error| failed(&error))?;
        if !names(&certificate).iter().any(|name| is_of_sns(name, suffix)) {
            return Err("the certificate is not made out to SNS".to_owned());
        }
        let key = certificate.public_key();
        if !matches!(key.parsed(), Ok(PublicKey::RSA(_))) {
            return Err("the certificate has no RSA key".to_owned());
        }
        let validity = certificate.validity();
        Ok(Self {
            key: key.subject_public_key.data.to_vec(),
            not_before: validity.not_before.timestamp() * 1000,
            not_after: validity.not_after.timestamp() * 1000,
        })
    }

    /// Whether it signed a message; if not, why, in words.
    pub fn verify(&self, message: &Message, now: Millis) -> Result<(), String> {
        if now < self.not_before || now > self.not_after {
            return Err("the certificate is not valid now".to_owned());
        }
        let algorithm: &'static RsaParameters = match message.version {
            Version::Sha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Version::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        };
        let signature = STANDARD.decode(&message.envelope.signature);
        let signature = signature.map_err(|_| "the signature is not Base64".to_owned())?;
        UnparsedPublicKey::new(algorithm, &self.key)
            .verify(message.signed_text().as_bytes(), &signature)
            .map_err(|_| "the signature is not SNS's".to_owned())
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let common = certificate.subject().iter_common_name();
    let common = common.filter_map(|name| name.as_str().ok()).map(str::to_owned);
    let others = certificate.subject_alternative_name().ok().flatten();
    let others = others.into_iter().flat_map(|extension| extension.value.general_names.iter());
    let others = others.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    common.chain(others).collect()
}

/// `sns.amazonaws.com`, `sns.REGION.amazonaws.com`, `sns-signing.REGION.amazonaws.com`,
/// `sns-us-gov-west-1.amazonaws.com`: which of them depends on the region and has changed.
fn is_of_sns(name: &str, suffix: &str) -> bool {
    let Some(front) = name.strip_suffix(suffix).and_then(|front| front.strip_suffix('.')) else {
        return false;
    };
    let first = front.split('.').next().unwrap_or_default();
    first == "sns" || first.starts_with("sns-")
}
