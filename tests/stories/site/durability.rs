//! What was acknowledged is there, whatever was killed in the middle of it.
//!
//! Stacks report and staff add customers as fast as they can; then the service, or the database's
//! server, is killed as a power cut would. What was answered before must be there afterwards, and what
//! was never sent must not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
use harness::{
    postgres::Postgres,
    site::{Site, Visitor},
};
use http::StatusCode;
use onboarding_web::{
    clock::Clock,
    store::{AuditFilter, Chain, ListFilter, Sort, Store},
    token::{Key, digest},
};
use sqlx::AnyPool;
use templates::report::{Phase, Report};
use tokio::time::{Instant, sleep};

const CUSTOMERS: u64 = 4;
const REGION: &str = "eu-west-1";
/// Of a stack's requests, the service remembers some two dozen; the timeline has all.
const RECENT: usize = 10;
/// For everything that should come at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// A customer whose stack reports.
#[derive(Debug, Clone)]
struct Reporter {
    customer: String,
    token: String,
    stack_id: String,
}

/// One report, as far as it matters here: `Create` is the first request, all others are `Update`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    request: u64,
    ended: bool,
}

/// What a writer sent, and what of it was answered.
#[derive(Debug, Clone, Default)]
struct Told<T: Ord> {
    sent: BTreeSet<T>,
    answered: BTreeSet<T>,
    /// Answers that were neither yes nor a cut connection.
    odd: Vec<String>,
}

impl<T: Ord> Told<T> {
    fn extend(&mut self, more: Self) {
        self.sent.extend(more.sent);
        self.answered.extend(more.answered);
        self.odd.extend(more.odd);
    }
}

impl Said {
    fn kind(self) -> &'static str {
        if self.request == 0 { "Create" } else { "Update" }
    }

    fn id(self) -> String {
        format!("request-{}", self.request)
    }

    /// What the timeline calls it.
    fn event(self, stack_id: &str) -> String {
        let how = if self.ended { "succeeded" } else { "began" };
        let what = format!("Stack in {REGION}: {} {how}", self.kind());
        digest(&[stack_id, &self.id(), &what].join("\n"))
    }
}

impl Reporter {
    fn body(&self, said: Said, begun: u64) -> Result<String> {
        Ok(serde_json::to_string(&Report {
            stack_id: self.stack_id.clone(),
            request_id: said.id(),
            request_type: said.kind().to_owned(),
            phase: if said.ended { Phase::Succeeded } else { Phase::Started },
            step: None,
            reason: String::new(),
            begun: begun + said.request,
            version: "0.1.0".to_owned(),
            configuration: String::new(),
            outputs: Vec::new(),
        })?)
    }
}

/// What writers share: who writes to, when to stop, and numbers that never come twice.
#[derive(Clone)]
struct Work {
    visitor: Visitor,
    stop: Arc<AtomicBool>,
    next: Arc<AtomicU64>,
    begun: u64,
    /// How many reports were answered, ever.
    answered: Arc<AtomicU64>,
    /// Whether to go on after a failure, because the service itself lives.
    stubborn: bool,
}

impl Work {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::SeqCst)
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// Waits until the writing is in full swing, and then for some milliseconds more.
    async fn some_time(&self, more: Duration) -> Result<()> {
        let (before, until) = (self.answered.load(Ordering::SeqCst), Instant::now() + PATIENCE);
        while self.answered.load(Ordering::SeqCst) == before {
            ensure!(Instant::now() < until, "no report was answered");
            sleep(Duration::from_millis(1)).await;
        }
        sleep(more).await;
        Ok(())
    }

    /// Reports requests one after the other, each from its beginning to its end.
    async fn report(self, by: Reporter, first: u64) -> Result<Told<Said>> {
        let mut told = Told::default();
        let mut request = first;
        while self.goes_on() {
            for ended in [false, true] {
                let said = Said { request, ended };
                let body = by.body(said, self.begun)?;
                told.sent.insert(said);
                match self.visitor.report(&by.token, &body).await {
                    Ok(answer) if answer.status == StatusCode::NO_CONTENT => {
                        told.answered.insert(said);
                        self.answered.fetch_add(1, Ordering::SeqCst);
                    }
                    Ok(answer) => told.odd.push(format!("{}: {}", answer.status, answer.text)),
                    Err(_) if !self.stubborn => return Ok(told),
                    Err(_) => {}
                }
            }
            request += 1;
        }
        Ok(told)
    }

    /// Adds customers one after the other.
    async fn add(self) -> Result<Told<(String, String)>> {
        let mut told = Told::default();
        while self.goes_on() {
            let account = format!("{:012}", self.number());
            let name = format!("Customer {account}");
            told.sent.insert((account.clone(), name.clone()));
            match self.visitor.post("/customers/new", &form(&name, &account)).await {
                Ok(answer) if answer.status == StatusCode::SEE_OTHER => {
                    let id = answer.location.strip_prefix("/customers/");
                    let id = id.with_context(|| format!("sent to {}", answer.location))?;
                    told.answered.insert((id.to_owned(), name));
                }
                Ok(answer) => told.odd.push(format!("{}: {}", answer.status, answer.text)),
                Err(_) if !self.stubborn => return Ok(told),
                Err(_) => {}
            }
        }
        Ok(told)
    }
}

fn form<'a>(name: &'a str, account: &'a str) -> [(&'a str, &'a str); 4] {
    let lines = "eu-west-1 all";
    [("name", name), ("email", "ops@acme.test"), ("account", account), ("load_balancers", lines)]
}

/// A site with writers, and everything they were answered.
struct Story {
    site: Site,
    database: String,
    staff: Visitor,
    reporters: Vec<Reporter>,
    reports: Vec<Told<Said>>,
    added: Told<(String, String)>,
    work: Work,
}

impl Story {
    async fn new(database: &str, stubborn: bool) -> Result<Self> {
        let site = Site::on(database, &[]).await?;
        let staff = site.admin().await?;
        let database = if database.is_empty() {
            format!("sqlite://{}", site.folder().join("onboarding.db").display())
        } else {
            database.to_owned()
        };
        let key = Key::load(&site.folder().join("onboarding.key"))?;
        let mut reporters = Vec::new();
        for number in 0..CUSTOMERS {
            let account = format!("9{number:011}");
            let customer = staff.add_customer(&form("Reporter", &account)).await?;
            let token = key.stack_token(&customer, REGION, 1);
            let stack_id =
                format!("arn:aws:cloudformation:{REGION}:{account}:stack/logs-analysis/1");
            reporters.push(Reporter { customer, token, stack_id });
        }
        let work = Work {
            visitor: site.anyone(),
            stop: Arc::default(),
            next: Arc::default(),
            begun: u64::try_from(Clock::system().now())?,
            answered: Arc::default(),
            stubborn,
        };
        let reports = reporters.iter().map(|_| Told::default()).collect();
        Ok(Self { site, database, staff, reporters, reports, added: Told::default(), work })
    }

    /// Everybody writes until `cut` has done its work.
    async fn write_while(&mut self, cut: impl AsyncFnOnce(&mut Site) -> Result<()>) -> Result<()> {
        self.work.stop = Arc::default();
        let reporting = self.reporters.iter().zip(&self.reports).map(|(by, told)| {
            let first = told.sent.last().map_or(0, |last| last.request + 1);
            self.work.clone().report(by.clone(), first)
        });
        let adding = Work { visitor: self.staff.clone(), ..self.work.clone() }.add();
        let (site, stop) = (&mut self.site, Arc::clone(&self.work.stop));
        let cutting = async {
            let done = cut(site).await;
            stop.store(true, Ordering::SeqCst);
            done
        };
        let (done, reported, added) = tokio::join!(cutting, join_all(reporting), adding);
        done?;
        for (told, more) in self.reports.iter_mut().zip(reported) {
            told.extend(more?);
        }
        self.added.extend(added?);
        Ok(())
    }

    /// How much was answered so far.
    fn answered(&self) -> usize {
        self.reports.iter().map(|one| one.answered.len()).sum::<usize>() + self.added.answered.len()
    }

    /// Everything that was answered is there, and nothing that was not sent. `whole` looks at all of
    /// it, and otherwise at what came last.
    async fn holds(&self, whole: bool) -> Result<()> {
        let key = Key::load(&self.site.folder().join("onboarding.key"))?;
        let store = Store::open(&self.database, key, Clock::system()).await?;
        for (by, told) in self.reporters.iter().zip(&self.reports) {
            let limit = if whole { 1_000_000 } else { 200 };
            timeline_has(&store, by, told, limit).await.context("timeline")?;
            status_has(&store, by, told).await.context("status")?;
        }
        self.customers_are_there(&store).await?;
        let chain = store.verify_audit().await?;
        ensure!(matches!(chain, Chain::Whole { .. }), "{chain:?}");
        store.close().await;
        if self.database.starts_with("sqlite:") {
            let direct = AnyPool::connect(&self.database).await?;
            let found: String =
                sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&direct).await?;
            direct.close().await;
            ensure!(found == "ok", "integrity_check: {found}");
        }
        Ok(())
    }

    /// Each with its audit entry, or not at all.
    async fn customers_are_there(&self, store: &Store) -> Result<()> {
        let all = store.list(&ListFilter::default(), Sort::Changed, 1_000_000, 0).await?;
        let names: BTreeMap<&str, &str> =
            all.rows.iter().map(|row| (row.id.as_str(), row.name.as_str())).collect();
        for (id, name) in &self.added.answered {
            let found = names.get(id.as_str()).copied();
            ensure!(found == Some(name.as_str()), "{name} was added as {id} and is not there");
        }
        let sent: BTreeSet<&str> = self.added.sent.iter().map(|(_, name)| name.as_str()).collect();
        let unknown = names.values().find(|name| **name != "Reporter" && !sent.contains(**name));
        ensure!(unknown.is_none(), "nobody added {unknown:?}");
        let half = all.rows.iter().find(|row| row.regions != format!("{REGION} · 1"));
        ensure!(half.is_none(), "only a half is there: {half:?}");
        let entries = AuditFilter { action: "add customer".to_owned(), ..AuditFilter::default() };
        let (_, entries) = store.audit_rows(&entries, 1, 0).await?;
        ensure!(entries == all.total, "{entries} entries for {} customers", all.total);
        Ok(())
    }
}

/// The timeline has every report that was answered, at least of those that came last.
async fn timeline_has(store: &Store, by: &Reporter, told: &Told<Said>, limit: i64) -> Result<()> {
    let events = store.events(&by.customer, limit).await?;
    let there: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    let last = usize::try_from(limit)? / 4;
    for said in told.answered.iter().rev().take(last) {
        ensure!(there.contains(said.event(&by.stack_id).as_str()), "{said:?} was answered");
    }
    let sent: BTreeSet<String> = told.sent.iter().map(|said| said.event(&by.stack_id)).collect();
    let unknown = events.iter().find(|event| event.who == "AWS" && !sent.contains(&event.id));
    ensure!(unknown.is_none(), "nobody sent {unknown:?}");
    Ok(())
}

/// The status has the requests that were answered last, and knows which of them ended.
async fn status_has(store: &Store, by: &Reporter, told: &Told<Said>) -> Result<()> {
    let customer = store.customer(&by.customer).await?.context("the customer is not there")?;
    let stack = customer.regions[0].onboarding.stack.as_ref();
    for said in told.answered.iter().rev().take(RECENT) {
        let found = stack.and_then(|stack| stack.requests.get(&said.id()));
        let found = found.with_context(|| format!("{said:?} was answered"))?;
        let ended = found.ended.as_ref().is_some_and(|ended| !ended.failed);
        ensure!(!said.ended || ended, "{said:?} was answered: {found:?}");
    }
    Ok(())
}

fn moment() -> Duration {
    Duration::from_millis(fastrand::u64(5..=60))
}

#[tokio::test]
async fn a_service_that_is_killed_a_hundred_times_keeps_all_it_acknowledged() -> Result<()> {
    let mut story = Story::new("", false).await?;
    for round in 0..100 {
        let (wait, work) = (moment(), story.work.clone());
        story
            .write_while(async |site| {
                work.some_time(wait).await?;
                site.kill();
                Ok(())
            })
            .await?;
        let said = || format!("round {round}, killed after {wait:?}");
        // What lies there, and what the service makes of it when it starts again.
        if round % 2 == 0 {
            story.holds(false).await.with_context(said)?;
        }
        story.site.restart().await.with_context(said)?;
        if round % 2 == 1 {
            story.holds(false).await.with_context(said)?;
        }
    }
    story.holds(true).await?;
    let odd: Vec<&String> = story.reports.iter().flat_map(|one| &one.odd).collect();
    assert!(odd.is_empty() && story.added.odd.is_empty(), "{odd:?} {:?}", story.added.odd);
    // Enough was answered, and enough was cut off, for this to mean something.
    let sent: usize = story.reports.iter().map(|one| one.sent.len()).sum();
    assert!(story.answered() > 200, "{} answers", story.answered());
    assert!(!story.added.answered.is_empty());
    assert!(sent + story.added.sent.len() > story.answered() + 100, "hardly anything was cut off");
    Ok(())
}

/// The server starts again, and the service, which lives, finds it by itself.
async fn back_again(server: &Postgres, anyone: &Visitor) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    // Its processes take a moment to go.
    while let Err(error) = server.restart().await {
        ensure!(Instant::now() < until, "{error:#}");
        sleep(Duration::from_millis(50)).await;
    }
    while !anyone.get("/readyz").await.is_ok_and(|one| one.status == StatusCode::OK) {
        ensure!(Instant::now() < until, "the service did not find its database again");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_database_server_that_is_killed_ten_times_keeps_all_that_was_acknowledged() -> Result<()>
{
    let server = Postgres::start().await?;
    let database = server.new_database().await?;
    let mut story = Story::new(&database, true).await?;
    for round in 0..10 {
        let (wait, work, anyone) = (moment(), story.work.clone(), story.site.anyone());
        story
            .write_while(async |_| {
                work.some_time(wait).await?;
                server.kill().await?;
                back_again(&server, &anyone).await?;
                work.some_time(Duration::ZERO).await
            })
            .await
            .with_context(|| format!("round {round}: {}", story.site.log()))?;
        story.holds(false).await.with_context(|| format!("round {round}, after {wait:?}"))?;
    }
    story.holds(true).await?;
    let odd = story.reports.iter().flat_map(|one| &one.odd).chain(&story.added.odd);
    let not_told = odd.filter(|one| !one.starts_with("50")).collect::<Vec<_>>();
    assert!(not_told.is_empty(), "{not_told:?}");
    Ok(())
}
