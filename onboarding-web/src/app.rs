//! What every request reaches: the store, the site's settings, who is looking, limits.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, PoisonError, RwLock},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use templates::vendor::Constants;

use crate::{
    assets,
    catalogue::Catalogue,
    clock::Millis,
    intake::Intake,
    live::Live,
    oidc::SingleSignOn,
    pages::{
        errors::Contact,
        frame::{Frame, Signed},
    },
    settings::{Serve, Switch, Vendor},
    store::{Chain, Role, Staff, Store},
};

/// The state of the site; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The database.
    pub store: Store,
    /// Settings that do not change while the program runs.
    pub site: Arc<Site>,
    /// Who is looking.
    pub live: Live,
    /// The templates, read.
    pub catalogue: Catalogue,
    /// What may be tried how often.
    pub limits: Arc<Limits>,
    /// Where staff sign in with their company's accounts, if anywhere.
    pub single_sign_on: Option<Arc<SingleSignOn>>,
    /// Whether local accounts sign in with their passwords.
    pub local_sign_in: bool,
    /// Where SNS brings news of logs, if it does so here.
    pub intake: Option<Arc<Intake>>,
    /// What the last check of the audit log found, and when.
    pub chain: Arc<RwLock<Option<(Chain, Millis)>>>,
}

/// Settings that do not change while the program runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Without a slash at its end.
    pub public_url: String,
    /// Whether browsers reach it by https.
    pub secure: bool,
    /// What customers know the vendor as.
    pub vendor: String,
    /// Where customers ask for help.
    pub contact: String,
    /// What is filled into templates.
    pub constants: Constants,
    /// The regions with templates and code; empty for every one.
    pub regions: Vec<String>,
    /// Hosts of this network that webhooks may lead to.
    pub webhook_hosts: Vec<String>,
    /// How many proxies in front add to X-Forwarded-For.
    pub trusted_proxies: usize,
}

/// What may be tried how often, by one address or with one token.
#[derive(Debug)]
pub struct Limits {
    /// Tokens that are not known.
    pub unknown_tokens: DefaultKeyedRateLimiter<IpAddr>,
    /// Reports with one token.
    pub reports: DefaultKeyedRateLimiter<String>,
    /// Calls of the API with one token.
    pub api: DefaultKeyedRateLimiter<String>,
    /// Ways to the company's sign-in and back.
    pub single_sign_on: DefaultKeyedRateLimiter<IpAddr>,
    /// Messages of the topics of one account.
    pub intake: DefaultKeyedRateLimiter<String>,
}

impl Default for Limits {
    fn default() -> Self {
        let per_minute =
            |count: u32| Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        Self {
            unknown_tokens: RateLimiter::keyed(per_minute(30)),
            // A Create sends about ten within seconds, and a stack may be retried.
            reports: RateLimiter::keyed(per_minute(120)),
            api: RateLimiter::keyed(per_minute(600)),
            // A whole office may come from one address, and each takes two.
            single_sign_on: RateLimiter::keyed(per_minute(60)),
            // A load balancer's node writes a log every five minutes; this is 15,000 of them.
            intake: RateLimiter::keyed(per_minute(3000)),
        }
    }
}

impl Site {
    /// From what the program was started with.
    pub fn new(settings: &Vendor) -> Self {
        let public_url = settings.public_url.as_str().trim_end_matches('/').to_owned();
        Self {
            secure: settings.public_url.scheme() == "https",
            vendor: settings.vendor_name.clone(),
            contact: settings.contact_email.clone(),
            constants: Constants {
                account_id: settings.vendor_account_id.clone(),
                notification_endpoint: settings.notification_endpoint.clone(),
                report_url: format!("{public_url}/reports"),
                code_bucket_prefix: settings.code_bucket_prefix.clone(),
            },
            regions: settings.regions.clone(),
            webhook_hosts: Vec::new(),
            trusted_proxies: 0,
            public_url,
        }
    }

    /// Whether links can be made for a region: the templates know its partition, and there is a
    /// bucket with templates and code.
    pub fn offers(&self, region: &str) -> bool {
        let known = templates::partition::Partition::of_region(region).is_some();
        known && (self.regions.is_empty() || self.regions.iter().any(|one| one == region))
    }

    /// The contact as an address that opens a mail program.
    pub fn contact_url(&self) -> String {
        format!("mailto:{}", self.contact)
    }

    /// For error pages.
    pub fn contact_way(&self) -> Contact {
        Contact { name: self.contact.clone(), url: self.contact_url() }
    }

    /// The page of a customer.
    pub fn page_url(&self, token: &str) -> String {
        format!("{}/c/{token}", self.public_url)
    }

    /// The frame of a page that nobody has signed in to.
    pub fn frame(&self, title: &str) -> Frame {
        Frame {
            title: title.to_owned(),
            product: "Log analysis onboarding".to_owned(),
            vendor: self.vendor.clone(),
            help_url: "/help".to_owned(),
            theme: "auto",
            css: assets::url("style.css"),
            js: assets::url("site.js"),
            ..Frame::default()
        }
    }

    /// The frame of a page for staff.
    pub fn staff_frame(&self, staff: &Staff, title: &str, current: &'static str) -> Frame {
        let role = staff.role();
        let signed = Signed {
            name: staff.name.clone(),
            role: role.name(),
            can_edit: role >= Role::Editor,
            is_admin: role >= Role::Admin,
        };
        let theme = match staff.theme.as_str() {
            "light" => "light",
            "dark" => "dark",
            _ => "auto",
        };
        Frame {
            theme,
            current,
            staff: Some(signed),
            shortcuts: staff.shortcuts != 0,
            ..self.frame(title)
        }
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(store: Store, settings: &Serve) -> anyhow::Result<Self> {
        let site = Site {
            trusted_proxies: settings.trusted_proxies,
            webhook_hosts: settings.webhook_hosts.clone(),
            ..Site::new(&settings.vendor)
        };
        let single_sign_on = SingleSignOn::new(&settings.sign_in, &site.public_url)?.map(Arc::new);
        let local_sign_in = settings.sign_in.local_sign_in == Switch::On;
        let intake = Intake::new(&store, &settings.take_in)?;
        Ok(Self { single_sign_on, local_sign_in, intake, ..Self::of_site(store, site) })
    }

    /// The same without a way to sign in, with settings that are known from before.
    pub fn of_site(store: Store, site: Site) -> Self {
        Self {
            catalogue: Catalogue::new(store.clone()),
            store,
            site: Arc::new(site),
            live: Live::default(),
            limits: Arc::default(),
            single_sign_on: None,
            local_sign_in: false,
            intake: None,
            chain: Arc::default(),
        }
    }

    /// Whether somebody may sign in the way that this account does.
    pub fn takes(&self, staff: &Staff) -> bool {
        match &self.single_sign_on {
            _ if !staff.is_managed() => self.local_sign_in,
            Some(provider) => provider.issuer() == staff.issuer,
            None => false,
        }
    }

    /// Checks the audit log and remembers what came of it.
    pub async fn check_audit(&self) -> crate::store::Result<()> {
        let found = self.store.verify_audit().await?;
        if let Chain::Broken { seq, why } = &found {
            tracing::error!(entry = seq, why, "the audit log does not hold");
        }
        let now = self.store.now();
        *self.chain.write().unwrap_or_else(PoisonError::into_inner) = Some((found, now));
        Ok(())
    }
}
