//! `cargo load`: how much the intake takes in, and whether anything that it acknowledged is lost.
//!
//! Messages as SNS signs them, at a steady rate, for customers whose stacks are set up; in the middle the
//! service is killed as a power cut would, and started again. What was not acknowledged is brought again,
//! as SNS does. At the end every message that was acknowledged has to be in the database.

mod far_side;
mod messages;

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
    postgres::Postgres,
    site::{self, Site},
    sns::Sns,
};
use messages::{Customers, Message};
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
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: usize,
    /// How many customers they are of.
    #[arg(long, default_value_t = 100)]
    customers: usize,
    /// What keeps them.
    #[arg(long, default_value = "sqlite")]
    database: Engine,
    /// How many copies of the service share the database; more than one needs PostgreSQL.
    #[arg(long, default_value_t = 1)]
    copies: usize,
    /// The service's program; built for a release, if not given.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Do not kill the service in the middle.
    #[arg(long)]
    no_kill: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    Sqlite,
    Postgres,
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
    ensure!(options.copies == 1 || options.database == Engine::Postgres, "--copies needs postgres");
    match &options.program {
        Some(path) => site::use_program(path),
        None => site::build_release()?,
    }
    let sns = Sns::start("eu-west-1").await?;
    let aws = far_side::start().await?;
    let server = match options.database {
        Engine::Sqlite => None,
        Engine::Postgres => Some(Postgres::start().await?),
    };
    let database = match &server {
        Some(server) => server.new_database().await?,
        None => String::new(),
    };
    let certificates = format!("--intake-certificates={}", sns.url());
    let arguments = ["--intake=https", &certificates, "--log=error"];
    let mut sites = vec![Site::with_aws(&database, &arguments, (aws, "111122223333")).await?];
    for _ in 1..options.copies {
        sites.push(sites[0].beside().await?);
    }
    let url = sites[0].database();
    let customers = Customers::set_up(&sites[0], options.customers).await?;
    let count = options.rate * options.seconds;
    say(&format!("signing {count} messages"));
    let all = customers.sign(&sns, count).await?;
    let before = size(&sites[0], server.as_ref(), &database).await?;
    let (outcome, took) = send(&options, &mut sites, all).await?;
    let left = settle(&url).await?;
    report(&options, &outcome, took, &sites)?;
    let after = size(&sites[0], server.as_ref(), &database).await?;
    say(&format!("database: {} MB more; left in the queue: {left}", (after - before) / 1_000_000));
    let missing = missing(&url, &outcome).await?;
    ensure!(missing == 0, "{missing} messages were acknowledged and are not there");
    say("Nothing that was acknowledged is lost.");
    Ok(())
}

/// Sends at the rate, and kills the service in the middle.
async fn send(
    options: &Options,
    sites: &mut [Site],
    all: Vec<Message>,
) -> Result<(Arc<Outcome>, Duration)> {
    let outcome = Arc::new(Outcome::default());
    let http = reqwest::Client::builder().timeout(Duration::from_secs(15)).build()?;
    let urls: Arc<Vec<String>> = Arc::new(sites.iter().map(|one| one.url.clone()).collect());
    let (turns, begun) = (Arc::new(Semaphore::new(2000)), Instant::now());
    let middle = all.len() / 2;
    let mut ticks = interval(Duration::from_millis(10));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut tasks = tokio::task::JoinSet::new();
    for (number, message) in all.into_iter().enumerate() {
        if number % (options.rate / 100).max(1) == 0 {
            ticks.tick().await;
        }
        if number == middle && !options.no_kill {
            sites[0].kill();
            sites[0].restart().await?;
            say(&format!("killed and started again at {:.1} s", begun.elapsed().as_secs_f64()));
        }
        let turn = Arc::clone(&turns).acquire_owned().await?;
        let (outcome, http, urls) = (Arc::clone(&outcome), http.clone(), Arc::clone(&urls));
        tasks.spawn(async move {
            deliver(&http, &urls[number % urls.len()], &message, &outcome).await;
            drop(turn);
        });
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
    Ok((outcome, begun.elapsed()))
}

/// Brings a message until it is acknowledged, as SNS does, with less time in between.
async fn deliver(http: &reqwest::Client, url: &str, message: &Message, outcome: &Outcome) {
    for _ in 0..30 {
        let begun = Instant::now();
        let sent = http.post(format!("{url}/intake/sns")).body(message.body()).send().await;
        if sent.is_ok_and(|answer| answer.status().is_success()) {
            let took = begun.elapsed().as_millis();
            outcome.took.lock().unwrap_or_else(PoisonError::into_inner).push(took);
            let mut all = outcome.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(message.digest());
            return;
        }
        outcome.again.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_secs(1)).await;
    }
    outcome.lost.fetch_add(1, Ordering::Relaxed);
}

/// Waits until the queue is worked off, a minute at most; what is left.
async fn settle(url: &str) -> Result<i64> {
    let rows = AnyPool::connect(url).await?;
    let until = Instant::now() + Duration::from_mins(1);
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

fn report(options: &Options, outcome: &Outcome, took: Duration, sites: &[Site]) -> Result<()> {
    let mut times = outcome.took.lock().unwrap_or_else(PoisonError::into_inner).clone();
    times.sort_unstable();
    let at = |per_mille: usize| times.get(times.len() * per_mille / 1000).copied().unwrap_or(0);
    let Options { rate, seconds, copies, database, .. } = options;
    say(&format!("{database:?}, {copies} copies, {rate} a second for {seconds} s"));
    say(&format!(
        "acknowledged {} in {:.1} s; p50 {} ms, p99 {} ms, worst {} ms; brought again {}, given up {}",
        times.len(),
        took.as_secs_f64(),
        at(500),
        at(990),
        times.last().copied().unwrap_or(0),
        outcome.again.load(Ordering::Relaxed),
        outcome.lost.load(Ordering::Relaxed),
    ));
    for site in sites {
        let status = std::fs::read_to_string(format!("/proc/{}/status", site.pid()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        say(&format!("memory at most {}", peak.context("no VmHWM")?.trim()));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the program's result")]
fn say(words: &str) {
    println!("{words}");
}
