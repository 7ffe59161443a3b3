//! `cargo load`: how much the intake takes in, and whether anything that it acknowledged is lost.
//!
//! Messages as SNS signs them, at a steady rate, for customers whose stacks are set up; in the middle the
//! service is killed as a power cut would, and started again. What was not acknowledged is brought again,
//! as SNS does. At the end every message that was acknowledged has to be in the database.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use harness::{
    log_bucket,
    messages::{self, Message},
    postgres::Postgres,
    process,
    site::{self, Site},
    sns::Sns,
};
use sqlx::AnyPool;
use tokio::{
    sync::Semaphore,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

/// Loads the intake, kills it in the middle, and looks for what is lost.
#[derive(Debug, Parser)]
#[command(name = "cargo load")]
struct Options {
    /// Messages a second.
    #[arg(long, default_value_t = 1000)]
    rate: usize,
    /// For how many seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// How many customers they are of.
    #[arg(long, default_value_t = 100)]
    customers: usize,
    /// What keeps them; one run with each, if it is given more than once.
    #[arg(long, value_enum, default_values = ["sqlite", "postgres", "postgres-shared"])]
    on: Vec<Setup>,
    /// The service's program; built for a release, if not given.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Do not kill the service in the middle.
    #[arg(long)]
    no_kill: bool,
}

/// What keeps the messages, and how many copies of the service do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Setup {
    Sqlite,
    Postgres,
    /// Two copies of the service share it.
    PostgresShared,
}

/// What came of sending.
#[derive(Debug, Default)]
struct Outcome {
    /// Milliseconds until a message was acknowledged, counted from its last attempt.
    took: Mutex<Vec<u128>>,
    acknowledged: Mutex<Vec<String>>,
    again: AtomicUsize,
    lost: AtomicUsize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    match &options.program {
        Some(path) => site::use_program(&path.canonicalize().context("--program")?),
        None => site::build_release()?,
    }
    let sns = Sns::start("eu-west-1").await?;
    let aws = log_bucket::start().await?;
    let count = options.rate * usize::try_from(options.seconds)?;
    say(&format!("signing {count} messages of {} customers", options.customers));
    let accounts = messages::accounts(options.customers);
    let all = Arc::new(messages::sign(&accounts, &sns, count).await?);
    for setup in &options.on {
        run(&options, *setup, (&sns, aws), (&accounts, &all)).await?;
    }
    Ok(())
}

async fn run(
    options: &Options,
    setup: Setup,
    (sns, aws): (&Sns, u16),
    (accounts, all): (&[String], &Arc<Vec<Message>>),
) -> Result<()> {
    let server = match setup {
        Setup::Sqlite => None,
        Setup::Postgres | Setup::PostgresShared => Some(Postgres::start().await?),
    };
    let database = match &server {
        Some(server) => server.new_database().await?,
        None => String::new(),
    };
    let certificates = format!("--intake-certificates={}", sns.url());
    let endpoint = format!("--notification-endpoint={}", sns.endpoint());
    let arguments = ["--intake=https", &endpoint, &certificates, "--log=error"];
    let mut sites = vec![Site::with_aws(&database, &arguments, (aws, "111122223333")).await?];
    if setup == Setup::PostgresShared {
        sites.push(sites[0].beside().await?);
    }
    let url = sites[0].database();
    messages::set_up(&sites[0], accounts).await?;
    let before = size(&sites[0], server.as_ref(), &database).await?;
    say(&format!("{setup:?}: {} a second for {} s", options.rate, options.seconds));
    let (outcome, took) = send(options, &mut sites, all).await?;
    report(&outcome, took, &sites)?;
    let left = settle(&url).await?;
    let after = size(&sites[0], server.as_ref(), &database).await?;
    say(&format!("  database: {} MB more", (after - before) / 1_000_000));
    let missing = missing(&url, &outcome).await?;
    ensure!(missing == 0, "{missing} messages were acknowledged and are not there");
    ensure!(left == 0, "{left} messages were not worked on");
    say("  nothing that was acknowledged is lost, and everything was worked on");
    Ok(())
}

/// Sends at the rate, and kills the service in the middle.
async fn send(
    options: &Options,
    sites: &mut Vec<Site>,
    all: &Arc<Vec<Message>>,
) -> Result<(Arc<Outcome>, Duration)> {
    let outcome = Arc::new(Outcome::default());
    let http = reqwest::Client::builder().timeout(Duration::from_secs(15)).build()?;
    let urls: Arc<Vec<String>> = Arc::new(sites.iter().map(|one| one.url.clone()).collect());
    let (turns, begun) = (Arc::new(Semaphore::new(2000)), Instant::now());
    let killer = (!options.no_kill).then(|| {
        let (mut first, middle) =
            (sites.remove(0), Duration::from_secs(u64::from(options.seconds)) / 2);
        tokio::spawn(async move {
            sleep(middle).await;
            first.kill();
            sleep(Duration::from_secs(1)).await;
            first.restart().await.map(|()| first)
        })
    });
    let mut ticks = interval(Duration::from_millis(10));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..all.len() {
        if number % (options.rate / 100).max(1) == 0 {
            ticks.tick().await;
        }
        let turn = Arc::clone(&turns).acquire_owned().await?;
        let (outcome, http, urls) = (Arc::clone(&outcome), http.clone(), Arc::clone(&urls));
        let all = Arc::clone(all);
        tasks.spawn(async move {
            deliver(&http, &urls[number % urls.len()], &all[number], &outcome).await;
            drop(turn);
        });
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
    if let Some(killer) = killer {
        sites.insert(0, killer.await??);
        say("  killed in the middle, and started again a second later");
    }
    Ok((outcome, begun.elapsed()))
}

/// Brings a message until it is acknowledged, as SNS does, with less time in between.
async fn deliver(http: &reqwest::Client, url: &str, message: &Message, outcome: &Outcome) {
    for _ in 0..30 {
        let begun = Instant::now();
        let sent = http.post(format!("{url}/intake/sns")).body(message.body.clone()).send().await;
        if sent.is_ok_and(|answer| answer.status().is_success()) {
            let took = begun.elapsed().as_millis();
            outcome.took.lock().unwrap_or_else(PoisonError::into_inner).push(took);
            let mut all = outcome.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(message.id.clone());
            return;
        }
        outcome.again.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_secs(1)).await;
    }
    outcome.lost.fetch_add(1, Ordering::Relaxed);
}

/// Waits until the queue is worked off, three minutes at most; what is left. (What a killed service had in hand is left alone for two.)
async fn settle(url: &str) -> Result<i64> {
    let rows = AnyPool::connect(url).await?;
    let until = Instant::now() + Duration::from_mins(3);
    loop {
        let left: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM intake_queue").fetch_one(&rows).await?;
        if left == 0 || Instant::now() > until {
            return Ok(left);
        }
        sleep(Duration::from_millis(200)).await;
    }
}

async fn missing(url: &str, outcome: &Outcome) -> Result<usize> {
    let rows = AnyPool::connect(url).await?;
    let there: Vec<String> =
        sqlx::query_scalar("SELECT id FROM intake_seen").fetch_all(&rows).await?;
    let there: std::collections::HashSet<String> = there.into_iter().collect();
    let all = outcome.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(all.iter().filter(|id| !there.contains(*id)).count())
}

/// Bytes of the database.
async fn size(site: &Site, server: Option<&Postgres>, database: &str) -> Result<i64> {
    if server.is_some() {
        let rows = AnyPool::connect(database).await?;
        let query = "SELECT pg_database_size(current_database())";
        return Ok(sqlx::query_scalar(query).fetch_one(&rows).await?);
    }
    let mut bytes = 0;
    for name in ["onboarding.db", "onboarding.db-wal"] {
        bytes += std::fs::metadata(site.folder().join(name)).map_or(0, |file| file.len());
    }
    Ok(i64::try_from(bytes)?)
}

fn report(outcome: &Outcome, took: Duration, sites: &[Site]) -> Result<()> {
    let mut times = outcome.took.lock().unwrap_or_else(PoisonError::into_inner).clone();
    times.sort_unstable();
    let at = |per_mille: usize| times.get(times.len() * per_mille / 1000).copied().unwrap_or(0);
    say(&format!(
        "  acknowledged {} in {:.1} s; p50 {} ms, p99 {} ms, worst {} ms; brought again {}, given up {}",
        times.len(),
        took.as_secs_f64(),
        at(500),
        at(990),
        times.last().copied().unwrap_or(0),
        outcome.again.load(Ordering::Relaxed),
        outcome.lost.load(Ordering::Relaxed),
    ));
    say(&format!("  the sender: {:.1} s of CPU so far", process::cpu(std::process::id())?));
    for site in sites {
        let (memory, cpu) = (process::memory(site.pid())?, process::cpu(site.pid())?);
        say(&format!("  {memory:.0} MB of memory at most, {cpu:.1} s of CPU"));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the program's result")]
fn say(words: &str) {
    println!("{words}");
}
