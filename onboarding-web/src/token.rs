//! Tokens for customers' pages and stacks.
//!
//! A token is the HMAC of what it is for, under a key that is kept beside the database and not in it.
//! So a link can be shown again at any time, while the database holds digests only.

use std::{fs, io, path::Path};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use templates::digest::{hex, sha256};

/// The key that tokens are made with, and the audit log's chain.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Why the key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("the key file {0} cannot be used: {1}")]
    File(String, io::Error),
    /// Something else is in it.
    #[error(
        "the key file {0} does not hold a key. It should hold 43 letters, digits, - and _, as this \
         program wrote it; restore it from your backup, because links made with the old key cannot be \
         shown or checked without it"
    )]
    Content(String),
}

impl Key {
    /// Reads the key, or makes one where there is none yet.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let failed = |error| KeyError::File(path.display().to_string(), error);
        match fs::read_to_string(path) {
            Ok(text) => {
                let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok();
                let key = bytes.and_then(|bytes| bytes.try_into().ok());
                key.map(Self).ok_or_else(|| KeyError::Content(path.display().to_string()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self(rand::random());
                match write_private(path, &URL_SAFE_NO_PAD.encode(key.0)) {
                    Ok(()) => Ok(key),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
                    Err(error) => Err(failed(error)),
                }
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// A key of known bytes, for tests.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The HMAC-SHA256 of some parts, each with its length before it, so that no two lists of parts
    /// give the same text.
    fn mac(&self, parts: &[&str]) -> [u8; 32] {
        // A key of any length is taken.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; 32] };
        for part in parts {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }

    /// What the address of a customer's page ends with: 43 characters, 256 bits.
    pub fn page_token(&self, customer: &str, generation: i64) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(&["page", customer, &generation.to_string()]))
    }

    /// What a customer's stack in one region reports with: 43 characters, 256 bits.
    pub fn stack_token(&self, customer: &str, region: &str, generation: i64) -> String {
        let parts = ["stack", customer, region, &generation.to_string()];
        URL_SAFE_NO_PAD.encode(self.mac(&parts))
    }

    /// What deliveries to a webhook are signed with, as Standard Webhooks writes it.
    pub fn webhook_secret(&self, webhook: &str) -> String {
        format!("whsec_{}", STANDARD.encode(self.webhook_key(webhook)))
    }

    /// The same as bytes.
    fn webhook_key(&self, webhook: &str) -> [u8; 32] {
        self.mac(&["webhook", webhook])
    }

    /// The signature of a delivery (Standard Webhooks 1.0: HMAC-SHA256 of `id.timestamp.body`).
    pub fn sign_delivery(&self, webhook: &str, id: &str, timestamp: i64, body: &str) -> String {
        let key = self.webhook_key(webhook);
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// Says which key this is without giving it away, so that two copies of the service with two
    /// keys on one database are found out.
    pub fn fingerprint(&self) -> String {
        hex(&self.mac(&["fingerprint"])[..8])
    }

    /// One link of the audit log's chain, 64 hexadecimal digits.
    pub fn chain(&self, before: &str, entry: &str) -> String {
        hex(&self.mac(&["audit", before, entry]))
    }
}

/// What the database keeps of a token: 64 hexadecimal digits. Finding a token by its digest gives
/// nothing away by how long it takes: who asks does not know the digest.
pub fn digest(token: &str) -> String {
    sha256(token)
}

/// A random name for a record: 32 characters.
pub fn random_id() -> String {
    let bytes: [u8; 16] = rand::random();
    hex(&bytes)
}

/// A secret for a program: 43 characters, 256 bits, and a mark that scanners of source code find.
pub fn random_token() -> String {
    let bytes: [u8; 32] = rand::random();
    format!("onb_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// A password that a person can type: 20 characters, 100 bits.
pub fn random_password() -> String {
    // 32 characters without those that look alike.
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes: [u8; 20] = rand::random();
    let letters = bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte % 32)]));
    let text: String = letters.collect();
    format!("{}-{}-{}-{}", &text[..5], &text[5..10], &text[10..15], &text[15..])
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    // Under another name first, so that there is never half a key.
    let unfinished = path.with_extension(format!("{}.new", random_id()));
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    // Not renamed: another copy of the service may have made one meanwhile.
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_by_everything_they_are_for() {
        let (key, other) = (Key::from_bytes([7; 32]), Key::from_bytes([8; 32]));
        let tokens = [
            key.page_token("a", 1),
            key.page_token("a", 2),
            key.page_token("b", 1),
            key.stack_token("a", "eu-west-1", 1),
            key.stack_token("a", "eu-west-1", 2),
            key.stack_token("ae", "u-west-1", 1),
            other.page_token("a", 1),
        ];
        let different: std::collections::BTreeSet<_> = tokens.iter().collect();
        assert_eq!(different.len(), tokens.len());
        assert!(tokens.iter().all(|token| token.len() == 43));
        assert_eq!(key.page_token("a", 1), tokens[0]);
    }

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(random_id());
        fs::create_dir(&folder).unwrap();
        let path = folder.join("key");
        let made = Key::load(&path).unwrap();
        assert_eq!(Key::load(&path).unwrap().fingerprint(), made.fingerprint());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "not a key").unwrap();
        let refused = Key::load(&path).unwrap_err().to_string();
        assert!(refused.contains("does not hold a key"), "{refused}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_key_does_not_show() {
        assert_eq!(format!("{:?}", Key::from_bytes([7; 32])), "Key(…)");
    }
}
