//! Tells others of changes, as Standard Webhooks 1.0 writes it: signed, tried again, never within the
//! network that this service is in.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use url::{Host, Url};

use crate::{
    app::App,
    clock::{HOUR, MINUTE, Millis},
    store::Due,
};

/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many deliveries one receiver gets at once.
const AT_ONCE: i64 = 8;
/// After each attempt that failed, so long until the next; after the last one, no more.
const WAITS: [Millis; 8] =
    [5_000, 30_000, 2 * MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 12 * HOUR];

/// Whether an address is reached from anywhere.
///
/// It is none of those that IANA set aside for a network's own use, for this machine, for documentation,
/// or for nothing (IPv4 and IPv6 Special-Purpose Address Registries).
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_public_v4(ip),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let reserved = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // shared by providers (RFC 6598)
        || (a == 192 && b == 0 && c == 0) // protocols (RFC 6890)
        || (a == 192 && b == 88 && c == 99) // 6to4 (RFC 7526)
        || (a == 198 && (18..20).contains(&b)); // benchmarks (RFC 2544)
    !reserved
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Only 2000::/3 is given out; of that, not what carries IPv4 addresses or is set aside.
    let given_out = first & 0xe000 == 0x2000;
    let aside = (first == 0x2001 && (second < 0x200 || second == 0x0db8)) // Teredo and other protocols
        || first == 0x2002 // 6to4
        || first & 0xfff0 == 0x3ff0; // documentation
    given_out && !aside
}

/// Whether deliveries may go to an address, in words if not. `own` are hosts of this network that
/// whoever runs the service named.
pub fn check_url(text: &str, own: &[String]) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("This is no address: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    if text.len() > 1000 {
        return Err("The address may have 1,000 characters at most".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("Leave user, password and # out of the address".to_owned());
    }
    if own.iter().any(|one| one == host) {
        return Ok(url);
    }
    if url.scheme() != "https" {
        return Err("The address must begin with https://".to_owned());
    }
    let public = match url.host() {
        Some(Host::Ipv4(ip)) => is_public(ip.into()),
        Some(Host::Ipv6(ip)) => is_public(ip.into()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.contains('.') && !name.ends_with(".localhost")
        }
        None => false,
    };
    let why = "The address must be one that is reached from anywhere, not one of this network";
    if public { Ok(url) } else { Err(why.to_owned()) }
}

/// Looks names up, and keeps what is reached from anywhere only. It is asked at every connection, so
/// a name that leads elsewhere later leads nowhere.
#[derive(Debug, Default)]
pub(crate) struct PublicOnly {
    own: Vec<String>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let own = self.own.iter().any(|one| one == name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|at| own || is_public(at.ip())).collect();
            if allowed.is_empty() {
                return Err("the name leads to no address that is reached from anywhere".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// What deliveries are made with.
pub fn client(own: Vec<String>) -> reqwest::Result<Client> {
    Client::builder()
        .timeout(TIMEOUT)
        .redirect(Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(PublicOnly { own }))
        .user_agent(concat!("onboarding-web/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Tells whoever is to be told, each by a task of its own: one that does not answer holds up nobody
/// else.
#[derive(Debug, Clone)]
pub struct Messenger {
    app: App,
    client: Client,
    busy: Arc<Mutex<HashSet<String>>>,
}

impl Messenger {
    /// Who tells.
    pub fn new(app: App) -> reqwest::Result<Self> {
        let client = client(app.site.webhook_hosts.clone())?;
        Ok(Self { app, client, busy: Arc::default() })
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<String>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to tell everybody for whom something is due and who is not being told already.
    pub async fn begin(&self) -> crate::store::Result<()> {
        for webhook in self.app.store.webhooks_with_due().await? {
            if !self.busy().insert(webhook.clone()) {
                continue;
            }
            let messenger = self.clone();
            tokio::spawn(async move {
                if let Err(error) = messenger.tell(&webhook).await {
                    tracing::error!(%error, "a webhook could not be told");
                }
                messenger.busy().remove(&webhook);
            });
        }
        Ok(())
    }

    async fn tell(&self, webhook: &str) -> crate::store::Result<()> {
        loop {
            // Whoever takes some in hand and dies leaves them to the others a little later.
            let until = self.app.store.now() + 2 * MINUTE;
            let due = self.app.store.take_due_deliveries(webhook, until, AT_ONCE).await?;
            if due.is_empty() {
                return Ok(());
            }
            let all = due.iter().map(|one| attempt(&self.app, &self.client, one));
            for outcome in futures_util::future::join_all(all).await {
                outcome?;
            }
        }
    }
}

async fn attempt(app: &App, client: &Client, due: &Due) -> crate::store::Result<()> {
    let outcome = send(app, client, due).await;
    let now = app.store.now();
    let tried = usize::try_from(due.attempts).unwrap_or(usize::MAX);
    let (status, words, next_at) = match (outcome, WAITS.get(tried)) {
        (Ok(words), _) => ("delivered", words, 0),
        (Err(words), Some(wait)) => ("waiting", words, now + wait),
        (Err(words), None) => ("failed", words, 0),
    };
    metrics::counter!("onboarding_webhook_attempts_total", "outcome" => status).increment(1);
    app.store.delivery_tried(&due.id, (status, &words), next_at).await
}

/// What came of it, in words.
async fn send(app: &App, client: &Client, due: &Due) -> Result<String, String> {
    let url = check_url(&due.url, &app.site.webhook_hosts)?;
    let timestamp = app.store.now() / 1000;
    let signature = app.store.key().sign_delivery(&due.webhook_id, &due.id, timestamp, &due.body);
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("webhook-id", &due.id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signature)
        .body(due.body.clone());
    match request.send().await {
        Ok(answer) if answer.status().is_success() => Ok(format!("answered {}", answer.status())),
        Ok(answer) => Err(format!("answered {}", answer.status())),
        Err(error) if error.is_timeout() => Err("did not answer within 10 seconds".to_owned()),
        Err(error) => Err(format!("could not be reached: {}", innermost(&error))),
    }
}

/// The reason at the root: what stands around it names the address again.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_everybody_are_public() {
        for public in
            ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "172.32.0.1"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for own in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!is_public(own.parse().unwrap()), "{own}");
        }
    }

    #[test]
    fn an_ipv6_address_of_a_network_or_of_an_ipv4_address_within_it_is_not_public() {
        for own in [
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff:ffff::1",
            "febf::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "2002:a9fe:a9fe::",
            "2001::1",
            "64:ff9b::7f00:1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "::ffff:192.168.1.1",
            "::ffff:0:10.0.0.1",
            "::127.0.0.1",
            "3fff::1",
            "5f00::1",
            "100::1",
        ] {
            assert!(!is_public(own.parse().unwrap()), "{own}");
        }
    }

    #[test]
    fn deliveries_go_to_the_world_by_https() {
        let check = |text: &str| check_url(text, &["receiver.internal".to_owned()]);
        for good in
            ["https://crm.example.com/hook?x=1", "https://1.1.1.1/", "http://receiver.internal:1/x"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "nonsense",
            "http://crm.example.com/",
            "ftp://crm.example.com/",
            "https://localhost/",
            "https://intranet/",
            "https://a.localhost/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://127.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://user:pw@crm.example.com/",
            "https://[::ffff:7f00:1]/",
            "https://[fd00:ec2::254]/latest/meta-data",
            "https://[64:ff9b::a9fe:a9fe]/",
            "https://crm.example.com/#x",
            "file:///etc/passwd",
            "https://127.0.0.2/",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
