//! Fetches the certificates that SNS signs with, and remembers them.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use reqwest::{Client, StatusCode, dns::Resolve, redirect::Policy};
use url::Url;

use super::{certificate::Certificate, certificate_url, topic::Topic};
use crate::{
    clock::{MINUTE, Millis},
    webhooks::PublicOnly,
};

/// How long SNS may take to give a certificate.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A certificate has about 2,000 bytes.
const LARGEST: usize = 16 * 1024;
/// So many are remembered; SNS has one or two in a region at a time.
const MOST: usize = 256;
/// One that could not be had is not asked for again for so long.
const FAILED_FOR: Millis = MINUTE;

/// Why there is no certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoCertificate {
    /// There is none of SNS at that address.
    Refused(String),
    /// It may be had later.
    Later(String),
}

/// The certificates.
#[derive(Debug)]
pub struct Certificates {
    client: Client,
    instead: Option<Url>,
    known: Mutex<HashMap<String, Found>>,
    fetching: tokio::sync::Mutex<()>,
    fetches: DefaultKeyedRateLimiter<String>,
}

#[derive(Debug, Clone)]
enum Found {
    Certificate(Arc<Certificate>),
    Failed(Millis, NoCertificate),
}

impl Certificates {
    /// Certificates of SNS. `instead` is an emulator on this machine that has them in its place.
    pub fn new(instead: Option<Url>) -> reqwest::Result<Self> {
        Self::resolving(instead, Arc::new(PublicOnly::default()))
    }

    /// The same with a resolver of one's own, for whoever wants to see what is looked up.
    pub fn resolving<R: Resolve + 'static>(
        instead: Option<Url>,
        resolver: Arc<R>,
    ) -> reqwest::Result<Self> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .redirect(Policy::none())
            .no_proxy()
            .https_only(instead.is_none())
            .dns_resolver(resolver)
            .build()?;
        // Addresses that somebody makes up cost a call each; those of SNS hardly ever change.
        let quota = Quota::per_minute(NonZeroU32::new(20).unwrap_or(NonZeroU32::MIN));
        let fetches = RateLimiter::keyed(quota);
        let fetching = tokio::sync::Mutex::default();
        Ok(Self { client, instead, known: Mutex::default(), fetching, fetches })
    }

    /// The certificate at an address that a topic's message names. `asked_by` is who sent it.
    pub async fn get(
        &self,
        url: &str,
        topic: &Topic,
        asked_by: &str,
        now: Millis,
    ) -> Result<Arc<Certificate>, NoCertificate> {
        let Some(path) = certificate_url::path(url, topic) else {
            let why =
                "SigningCertURL is not where SNS keeps its certificates in the topic's region";
            return Err(NoCertificate::Refused(why.to_owned()));
        };
        if let Some(found) = self.known(url, now) {
            return found;
        }
        // One at a time: the others find what the first one brought.
        let _turn = self.fetching.lock().await;
        if let Some(found) = self.known(url, now) {
            return found;
        }
        if self.fetches.check_key(&asked_by.to_owned()).is_err() {
            let why = "too many certificates were asked for from there".to_owned();
            return Err(NoCertificate::Later(why));
        }
        let fetched = self.fetch(path, topic).await;
        let found = match &fetched {
            Ok(certificate) => Found::Certificate(Arc::clone(certificate)),
            Err(why) => Found::Failed(now + FAILED_FOR, why.clone()),
        };
        self.remember(url, found);
        fetched
    }

    /// Forgets senders that have not asked for long.
    pub fn retain_recent(&self) {
        self.fetches.retain_recent();
    }

    fn cache(&self) -> MutexGuard<'_, HashMap<String, Found>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, url: &str, now: Millis) -> Option<Result<Arc<Certificate>, NoCertificate>> {
        match self.cache().get(url)? {
            Found::Certificate(certificate) => Some(Ok(Arc::clone(certificate))),
            Found::Failed(until, why) if now < *until => Some(Err(why.clone())),
            Found::Failed(..) => None,
        }
    }

    fn remember(&self, url: &str, found: Found) {
        let mut known = self.cache();
        if known.len() >= MOST {
            // What was made up goes first; if all are good, they are fetched again.
            known.retain(|_, found| matches!(found, Found::Certificate(_)));
            if known.len() >= MOST {
                known.clear();
            }
        }
        known.insert(url.to_owned(), found);
    }

    async fn fetch(&self, path: &str, topic: &Topic) -> Result<Arc<Certificate>, NoCertificate> {
        let later = |why: String| NoCertificate::Later(why);
        let origin = match &self.instead {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => certificate_url::origin(topic),
        };
        let unreachable = |error: reqwest::Error| {
            later(format!("the certificate could not be fetched: {}", error.without_url()))
        };
        let mut answer =
            self.client.get(format!("{origin}{path}")).send().await.map_err(unreachable)?;
        let status = answer.status();
        if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&status) {
            return Err(NoCertificate::Refused(format!("there is no such certificate: {status}")));
        }
        // Whatever else stands in between: a message must not be lost for it.
        if !status.is_success() {
            return Err(later(format!("the certificate's host answered {status}")));
        }
        let mut pem = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            pem.extend_from_slice(&chunk);
            if pem.len() > LARGEST {
                return Err(NoCertificate::Refused("the certificate is too large".to_owned()));
            }
        }
        let read = Certificate::read(&pem, topic.partition.dns_suffix());
        read.map(Arc::new).map_err(NoCertificate::Refused)
    }
}
