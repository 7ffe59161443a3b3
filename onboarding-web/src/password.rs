//! Passwords of local accounts: argon2id, and how long to wait after wrong ones.

use std::sync::LazyLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

use tokio::sync::Semaphore;

use crate::{
    clock::{HOUR, MINUTE, Millis},
    token::random_password,
};

/// A password has at least this many characters (NIST SP 800-63B-4: 15 where it is the only factor).
pub const SHORTEST: usize = 15;
/// Longer ones are refused: hashing takes time that grows with them.
pub const LONGEST: usize = 1000;
/// Wrong passwords for one account before one has to wait.
pub const FREE_TRIES: i64 = 5;
/// Wrong passwords from one address before it has to wait; many people can share one.
pub const FREE_TRIES_OF_ADDRESS: i64 = 30;
/// Wrong passwords for one account from everywhere that it was never signed in from.
pub const FREE_TRIES_FROM_EVERYWHERE: i64 = 50;
/// Passwords that are hashed at once: each takes 19 MiB.
static AT_ONCE: Semaphore = Semaphore::const_new(3);
/// After so long without a wrong one, counting starts anew.
pub const FORGOTTEN_AFTER: Millis = HOUR;

/// A hash of a password that nobody has, so that an account that does not exist takes as long to turn
/// away as one that does.
static NOBODYS: LazyLock<String> =
    LazyLock::new(|| hash_now(&random_password()).unwrap_or_default());

/// Why a password was not hashed.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(String);

fn hash_now(password: &str) -> Result<String, HashError> {
    // The defaults are OWASP's recommendation: argon2id, 19 MiB, 2 passes.
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| HashError(error.to_string()))
}

/// Hashes a password, away from the threads that serve pages.
pub async fn hash(password: String) -> Result<String, HashError> {
    let _permit = AT_ONCE.acquire().await;
    let hashed = tokio::task::spawn_blocking(move || hash_now(&password)).await;
    hashed.map_err(|error| HashError(error.to_string()))?
}

/// Whether a password fits a hash; without a hash it takes as long and never fits.
pub async fn fits(password: String, hash: Option<String>) -> bool {
    let _permit = AT_ONCE.acquire().await;
    let checked = tokio::task::spawn_blocking(move || {
        let text = hash.as_deref().unwrap_or(&NOBODYS);
        let fits = PasswordHash::new(text).is_ok_and(|parsed| {
            Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
        });
        fits && hash.is_some()
    });
    checked.await.unwrap_or(false)
}

/// How long to wait after so many wrong passwords, from the last one on: a minute, doubling up to an
/// hour.
pub fn wait_after(failures: i64, free: i64) -> Millis {
    if failures < free {
        return 0;
    }
    let doublings = u32::try_from(failures - free).unwrap_or(0).min(6);
    (MINUTE << doublings).min(HOUR)
}

/// What is wrong with a new password, if anything.
pub fn too_weak(password: &str, email: &str) -> Option<String> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Some(format!("Choose a password of at least {SHORTEST} characters"));
    }
    if length > LONGEST {
        return Some(format!("Choose a password of at most {LONGEST} characters"));
    }
    let lower = password.to_lowercase();
    let first = lower.chars().next();
    if lower.chars().all(|letter| Some(letter) == first) || lower.contains(&email.to_lowercase()) {
        return Some("Choose a password that is harder to guess".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let password = random_password();
        let hash = hash(password.clone()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(fits(password.clone(), Some(hash.clone())).await);
        assert!(!fits(format!("{password}x"), Some(hash)).await);
        assert!(!fits(password, None).await);
    }

    #[test]
    fn one_waits_longer_after_each_wrong_password() {
        let waits: Vec<Millis> =
            (4..14).map(|count| wait_after(count, FREE_TRIES) / MINUTE).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in ["short", "aaaaaaaaaaaaaaaaaaaa", "rosa@example.com-1"] {
            assert!(too_weak(weak, "rosa@example.com").is_some(), "{weak}");
        }
        assert_eq!(too_weak("correct horse battery", "rosa@example.com"), None);
    }
}
