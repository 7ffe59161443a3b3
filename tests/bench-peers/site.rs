//! The site against its peers, and how it grows.
//!
//! Everything that serves runs on one core: the site or a peer, and PostgreSQL. What sends runs on another.

mod customers;
mod endpoints;
mod pages;
mod servers;
mod wrk;

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use harness::{
    postgres::Postgres,
    process,
    site::{self, Site, Visitor},
};
use onboarding_web::customer_form::grouped;
use serde::{Deserialize, Serialize};

pub(crate) use self::servers::{FASTAPI, FASTIFY};
use self::{
    customers::{Customer, FIRST},
    servers::{Given, Peer},
    wrk::{Load, Request, Seen, Wrk},
};
use crate::{
    commands, machine,
    statistics::{Series, Summary},
};

/// What our own is called in the tables.
pub(crate) const OURS: &str = "onboarding-web";
/// The page that customers see.
pub(crate) const CUSTOMER_PAGE: &str = "customer page";
/// The list that staff see.
pub(crate) const STAFF_LIST: &str = "staff list";

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SitePart {
    /// What it ran on.
    pub(crate) machine: String,
    /// How often each server had its turn with each page.
    pub(crate) rounds: u16,
    /// What the servers are.
    pub(crate) servers: BTreeMap<String, String>,
    /// The same page of each server.
    pub(crate) compared: Vec<Compared>,
    /// How the time of a view grows with the customers.
    pub(crate) growth: Vec<Growth>,
    /// What takes in, without peers.
    pub(crate) endpoints: Vec<Endpoint>,
}

/// One page on one database, from each server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Compared {
    /// Which page.
    pub(crate) page: String,
    /// Which database.
    pub(crate) engine: Engine,
    /// The page's size in bytes.
    pub(crate) bytes: usize,
    /// What was measured, by server.
    pub(crate) servers: BTreeMap<String, Served>,
}

/// How a server served.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Served {
    /// Requests a second with 32 at once.
    pub(crate) rate: Summary,
    /// Milliseconds that 99 of 100 took at most.
    pub(crate) p99: Summary,
    /// Microseconds of the server's processor time for a request.
    pub(crate) cpu: Summary,
    /// The most memory that the server had meanwhile, in MB.
    pub(crate) memory: f64,
}

/// A view with so many customers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Growth {
    /// Which view.
    pub(crate) view: String,
    /// Which database.
    pub(crate) engine: Engine,
    /// How many customers there are.
    pub(crate) customers: usize,
    /// Milliseconds until the answer, one request after the other.
    pub(crate) time: Summary,
}

/// Something that takes in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    /// What.
    pub(crate) name: String,
    /// Which database.
    pub(crate) engine: Engine,
    /// How it served.
    pub(crate) served: Served,
}

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Engine {
    /// In the server's own process.
    SQLite,
    /// Another process, on the same core.
    PostgreSQL,
}

/// Longer than any page takes.
const PATIENCE: Duration = Duration::from_secs(20);
const SIZES: [usize; 3] = [FIRST, 10_000, 100_000];

/// Builds the site, installs the peers, and measures all.
pub(crate) async fn measure(folder: &Path, rounds: u16) -> Result<SitePart> {
    site::build_release()?;
    let (wrk, machine) = (Wrk::find(folder)?, machine::describe());
    // Everything that is started from here on stays on this core.
    let own = std::process::id().to_string();
    commands::run(Command::new("taskset").args(["-acp", "0", &own]).stdout(Stdio::null()))?;
    let mut part = SitePart {
        machine,
        rounds,
        servers: BTreeMap::new(),
        compared: Vec::new(),
        growth: Vec::new(),
        endpoints: Vec::new(),
    };
    for engine in [Engine::SQLite, Engine::PostgreSQL] {
        let server = match engine {
            Engine::SQLite => None,
            Engine::PostgreSQL => Some(Postgres::start().await?),
        };
        let database = async || match &server {
            None => Ok(String::new()),
            Some(server) => server.new_database().await,
        };
        for size in SIZES {
            let bench = Bench::new(&wrk, engine, &database().await?).await?;
            if size == FIRST {
                bench.compare(folder, rounds, &mut part).await?;
            } else {
                customers::multiply(&bench.site.database(), size).await?;
            }
            part.growth.extend(bench.grow(size, rounds)?);
        }
        part.endpoints.push(endpoints::reports(&wrk, engine, &database().await?, rounds).await?);
        part.endpoints.push(endpoints::intake(&wrk, engine, &database().await?, rounds).await?);
    }
    Ok(part)
}

/// A site with a thousand customers.
struct Bench<'a> {
    wrk: &'a Wrk,
    engine: Engine,
    site: Site,
    staff: Visitor,
    customers: Vec<Customer>,
}

fn get(path: &str) -> Request {
    (path.to_owned(), String::new(), String::new())
}

impl<'a> Bench<'a> {
    async fn new(wrk: &'a Wrk, engine: Engine, database: &str) -> Result<Self> {
        let site = Site::on(database, &["--log=error"]).await?;
        let customers = customers::add(&site).await?;
        let staff = site.admin().await?;
        let pages: Vec<Request> =
            customers.iter().map(|one| get(&format!("/c/{}", one.page_token))).collect();
        wrk.keep(CUSTOMER_PAGE, &pages)?;
        wrk.keep(STAFF_LIST, &[get("/customers")])?;
        wrk.keep("search", &[get("/customers?q=customer+000777")])?;
        wrk.keep("region", &[get("/customers?region=eu-west-1")])?;
        Ok(Self { wrk, engine, site, staff, customers })
    }

    fn load<'b>(&'b self, url: &'b str, requests: &'b str) -> Load<'b> {
        let cookie = self.staff.cookie();
        Load { url, requests, first: 0, cookie, connections: 32, seconds: 1 }
    }

    /// The same pages from each server, in turns.
    async fn compare(&self, folder: &Path, rounds: u16, part: &mut SitePart) -> Result<()> {
        let headers = self.write_templates(folder).await?;
        let key = self.site.folder().join("onboarding.key");
        let database = self.site.database();
        let given = Given {
            folder,
            database: database.strip_prefix("sqlite://").unwrap_or(&database),
            key: &key,
            headers: &headers,
        };
        let peers = [Peer::fastapi(given).await?, Peer::fastify(given).await?];
        let mut servers = vec![(OURS, self.site.url.as_str(), self.site.pid())];
        for peer in &peers {
            part.servers.insert(peer.name.to_owned(), peer.about.clone());
            servers.push((peer.name, &peer.url, peer.pid()));
        }
        let customer = format!("/c/{}", self.customers[1].page_token);
        for (page, path) in [(CUSTOMER_PAGE, customer.as_str()), (STAFF_LIST, "/customers")] {
            let bytes = self.same(path, &peers).await?;
            let mut all = vec![Measured::default(); servers.len()];
            for (_, _, pid) in &servers {
                process::forget_peak(*pid)?;
            }
            for round in 0..=rounds {
                for ((_, url, pid), measured) in servers.iter().zip(&mut all) {
                    let load = self.load(url, page);
                    let first = round == 0;
                    let seen = measured.take(self.wrk, load, *pid, first)?;
                    #[expect(clippy::cast_precision_loss, reason = "bytes of a page")]
                    let whole = seen.bytes() >= bytes as f64;
                    ensure!(
                        whole,
                        "{page}: an answer has {} bytes, the page {bytes}",
                        seen.bytes()
                    );
                }
            }
            let mut served = BTreeMap::new();
            for ((name, _, pid), measured) in servers.iter().zip(all) {
                served.insert((*name).to_owned(), measured.served(*pid)?);
            }
            let page = page.to_owned();
            part.compared.push(Compared { page, engine: self.engine, bytes, servers: served });
        }
        Ok(())
    }

    /// Makes the peers' templates out of our pages; our headers as JSON.
    async fn write_templates(&self, folder: &Path) -> Result<String> {
        let (customer, pages) = (&self.customers[0], folder.join("pages"));
        let path = format!("/c/{}", customer.page_token);
        let answer = self.site.anyone().get(&path).await?;
        let text = &answer.text;
        let stack_name = pages::between(text, "Stack name</dt><dd><code>logs-analysis", "</code>")?;
        let stack_name = format!("logs-analysis{stack_name}");
        let expires = pages::between(text, "This page works until</dt><dd>", "</dd>")?;
        let updated = pages::between(text, "Last update: ", "</p>")?;
        let values = vec![
            ("page_token", customer.page_token.clone()),
            ("stack_token", customer.stack_token.clone()),
            ("stack_name", stack_name.clone()),
            ("terraform_name", stack_name.replace('-', "_")),
            ("name", customer.name.clone()),
            ("grouped", grouped(&customer.account)),
            ("expires", expires.to_owned()),
            ("updated", updated.to_owned()),
        ];
        pages::write(&pages, "customer", text, &values)?;
        self.write_list_template(&pages).await?;
        let kept = |name: &str| !["date", "content-length", "content-type", "vary"].contains(&name);
        let headers: BTreeMap<&str, &str> = answer
            .headers
            .iter()
            .filter(|(name, _)| kept(name.as_str()))
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        Ok(serde_json::to_string(&headers)?)
    }

    async fn write_list_template(&self, pages: &Path) -> Result<()> {
        // The first page after signing in says so.
        self.staff.get("/customers").await?;
        let list = self.staff.get("/customers").await?.text;
        let rows = pages::between(&list, "<tbody>", "</tbody>")?;
        let first = rows.find("<tr").context("the list has no row")?;
        let second = rows[first + 1..].find("<tr").context("the list has one row")? + first + 1;
        let (row, rows) = (&rows[first..second], &rows[first..]);
        let id = pages::between(row, "href=\"/customers/", "\"")?;
        let customer = self.customers.iter().find(|one| one.id == id).context("a stranger")?;
        let row_values = vec![
            ("page_token", customer.page_token.clone()),
            ("id", id.to_owned()),
            ("name", customer.name.clone()),
            ("grouped", grouped(&customer.account)),
            ("changed", pages::between(row, "<time datetime=\"", "\"")?.to_owned()),
            ("left", pages::between(row, "expires in ", "</span>")?.to_owned()),
        ];
        // Short words, which could stand elsewhere too.
        let ago = pages::between(row, "Z\">", "</time>")?;
        let number = "link-1\"";
        let owner = pages::between(row, "Owner\">", "</td>")?;
        let row = row
            .replace(&format!("\">{ago}</time>"), "\">\u{1}ago\u{2}</time>")
            .replace(number, "link-\u{1}number\u{2}\"")
            .replace(&format!("Owner\">{owner}<"), "Owner\">\u{1}owner\u{2}<");
        let values =
            vec![("total", format!("{FIRST} customers")), ("staff", "First admin".to_owned())];
        pages::write_with_rows(pages, "customers", (&list, &values), (rows, &row, &row_values))
    }

    /// Whether the peers show what we show; how many bytes that is.
    async fn same(&self, path: &str, peers: &[Peer]) -> Result<usize> {
        let ours = self.staff.get(path).await?;
        ensure!(ours.status.is_success(), "{path}: {}", ours.status);
        for peer in peers {
            let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
            let request = http.get(format!("{}{path}", peer.url));
            let answer = request.header("cookie", self.staff.cookie()).send().await?;
            let (status, theirs) = (answer.status(), answer.text().await?);
            ensure!(status.is_success(), "{}{path}: {status} {theirs}", peer.name);
            let lines = without_time(&ours.text).zip(without_time(&theirs));
            for (ours, theirs) in lines.clone() {
                ensure!(ours == theirs, "{} shows\n{theirs}\ninstead of\n{ours}", peer.name);
            }
            let (one, other) = (ours.text.lines().count(), theirs.lines().count());
            ensure!(one == other, "{} shows {other} lines instead of {one}", peer.name);
        }
        Ok(ours.text.len())
    }

    /// How long each view takes, one request after the other.
    fn grow(&self, customers: usize, rounds: u16) -> Result<Vec<Growth>> {
        let views = [STAFF_LIST, "search", "region", CUSTOMER_PAGE];
        let mut all = vec![Series::default(); views.len()];
        for round in 0..=rounds.min(7) {
            for (view, times) in views.iter().zip(&mut all) {
                let load = self.load(&self.site.url, view);
                let seen = self.wrk.send(Load { connections: 1, seconds: 1, ..load })?;
                if round > 0 {
                    times.push(seen.p50());
                }
            }
        }
        let grown = |(view, times): (&&str, Series)| {
            let time = times.summary().context("no times")?;
            Ok(Growth { view: (*view).to_owned(), engine: self.engine, customers, time })
        };
        views.iter().zip(all).map(grown).collect()
    }
}

/// Lines without what tells the moment at which a page was made.
fn without_time(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.lines().map(|line| line.split("Last update: ").next().unwrap_or_default())
}

/// What was measured of one server.
#[derive(Debug, Clone, Default)]
struct Measured {
    rate: Series,
    p99: Series,
    cpu: Series,
}

impl Measured {
    fn take(&mut self, wrk: &Wrk, load: Load<'_>, pid: u32, first: bool) -> Result<Seen> {
        let before = process::cpu(pid)?;
        let seen = wrk.send(load)?;
        let cpu = process::cpu(pid)? - before;
        // The first round warms what is measured, and does not count.
        if !first {
            self.rate.push(seen.rate());
            self.p99.push(seen.p99());
            self.cpu.push(cpu * 1e6 / seen.requests);
        }
        Ok(seen)
    }

    /// Load, round after round, that goes on with the requests where the round before ended; how many
    /// were sent.
    fn go_on(wrk: &Wrk, load: Load<'_>, pid: u32, rounds: u16) -> Result<(Served, f64)> {
        process::forget_peak(pid)?;
        let (mut measured, mut sent) = (Self::default(), 0.0);
        for round in 0..=rounds {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "requests")]
            let load = Load { first: sent as usize, ..load };
            sent += measured.take(wrk, load, pid, round == 0)?.requests;
        }
        Ok((measured.served(pid)?, sent))
    }

    fn served(&self, pid: u32) -> Result<Served> {
        let summary = |series: &Series| series.summary().context("nothing was measured");
        Ok(Served {
            rate: self.rate.summary_of_rates().context("nothing was measured")?,
            p99: summary(&self.p99)?,
            cpu: summary(&self.cpu)?,
            memory: process::memory(pid)?,
        })
    }
}
