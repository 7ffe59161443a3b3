//! Keeps everything, in a SQLite file or in PostgreSQL; the only part that talks to a database.
//!
//! Both engines run the same statements through the same code, so that one suite holds for both. What
//! is acknowledged is on disk: SQLite syncs at every commit, and so does PostgreSQL by default.

mod api_tokens;
mod artefacts;
mod audit;
mod counts;
mod customers;
mod events;
mod identities;
mod imports;
mod intake;
mod links;
mod list;
mod log_events;
mod onboardings;
mod once;
mod places;
mod sessions;
mod settings;
mod staff;
mod taken;
mod template_versions;
mod webhooks;

use std::{sync::Arc, time::Duration};

use sqlx::{
    Any, AnyPool, Connection as _, Executor, Transaction,
    any::{AnyPoolOptions, install_default_drivers},
    migrate::MigrateError,
};

use tokio::sync::Mutex;

pub use self::{
    api_tokens::ApiToken,
    artefacts::Kept,
    audit::{AuditEntry, AuditFilter, AuditRow, Chain, NewAudit},
    customers::{Change, Customer, NewCustomer, Region},
    events::Event,
    identities::Admission,
    imports::Import,
    intake::{Arrived, Incoming},
    list::{ListFilter, ListPage, ListRow, Sort},
    once::Once,
    sessions::Sessions,
    staff::{LastTries, Role, Staff},
    taken::{AllTaken, Taken},
    template_versions::{TemplateVersion, VersionPlace},
    webhooks::{Delivery, Due, Webhook},
};
use crate::{
    clock::{Clock, Millis},
    token::Key,
};

/// Why something could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema.
    #[error("the database could not be brought to this release's form: {0}")]
    Migration(#[source] MigrateError),
    /// A later release was at it before.
    #[error(
        "this database was brought up to date by a newer release. Use that one, or restore the backup \
         that was made before"
    )]
    Newer,
    /// What is in the database cannot be read.
    #[error("a record in the database cannot be read: {0}")]
    Unreadable(String),
    /// Another key was used with this database before.
    #[error(
        "this database was used with another key file. Start the service with the key file that \
         belongs to it (--key-file), or no link made so far would work"
    )]
    OtherKey,
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for another request before")]
    OtherRequest,
    /// Another customer has these load balancers.
    #[error("{} has these load balancers in {} already", .0.name, .0.region)]
    Taken(Box<Taken>),
}

impl StoreError {
    /// Whether a text was given that the database cannot hold: one with a zero byte (SQLSTATE 22021).
    pub fn is_unkeepable_text(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| code == "22021")
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) => Self::Newer,
            error => Self::Migration(error),
        }
    }
}

/// The result of everything that touches the database.
pub type Result<T> = std::result::Result<T, StoreError>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Sqlite,
    Postgres,
}

/// The database, open.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    engine: Engine,
    next_writer: Arc<Mutex<()>>,
    key: Key,
    clock: Clock,
}

/// Who did something, for the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// A staff member's e-mail, `stack`, `command line`, or `service`.
    pub name: String,
    /// The address it came from; may be empty.
    pub ip: String,
}

impl Actor {
    /// Somebody who is not a visitor of the site.
    pub fn of(name: &str) -> Self {
        Self { name: name.to_owned(), ip: String::new() }
    }
}

/// A connection that was idle for so long may have gone: it is asked before it is used.
const ASKED_AFTER: Duration = Duration::from_millis(500);

/// How many connections there are at most. In SQLite each is a thread with a cache of its own; one
/// writes, one waits to write, and the others read.
fn connections(engine: Engine) -> u32 {
    match engine {
        Engine::Sqlite => {
            let processors = std::thread::available_parallelism().map_or(1, usize::from);
            u32::try_from(processors + 2).unwrap_or(16).clamp(4, 16)
        }
        Engine::Postgres => 16,
    }
}

impl Store {
    /// Opens `sqlite://PATH` or `postgres://…` and brings its schema up to date.
    pub async fn open(url: &str, key: Key, clock: Clock) -> Result<Self> {
        install_default_drivers();
        if let Some(path) = url.strip_prefix("sqlite://") {
            make_private(path.split('?').next().unwrap_or(path));
        }
        let engine = if url.starts_with("sqlite:") { Engine::Sqlite } else { Engine::Postgres };
        let url = match engine {
            Engine::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            _ => url.to_owned(),
        };
        let pool = AnyPoolOptions::new()
            .max_connections(connections(engine))
            .acquire_timeout(Duration::from_secs(10))
            // One that was in use a moment ago need not be asked whether it is still there.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > ASKED_AFTER {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if engine == Engine::Sqlite {
                        // Readers and the writer do not wait for one another; every commit is synced.
                        connection.execute("PRAGMA busy_timeout = 10000").await?;
                        connection.execute("PRAGMA journal_mode = WAL").await?;
                        connection.execute("PRAGMA synchronous = FULL").await?;
                        connection.execute("PRAGMA foreign_keys = ON").await?;
                    }
                    Ok(())
                })
            })
            .connect(&url)
            .await?;
        migrate(&pool).await?;
        let store = Self { pool, engine, next_writer: Arc::default(), key, clock };
        store.check_key().await?;
        Ok(store)
    }

    /// Tells whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// The key that tokens are made with.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Now.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// A transaction that may write. SQLite takes its one write lock at once, because a transaction
    /// that reads first could not get it later without starting again.
    async fn write(&self) -> Result<Transaction<'static, Any>> {
        Ok(match self.engine {
            Engine::Sqlite => {
                // Whoever waits holds a connection, and pages need some: only the next one waits so.
                let _next = self.next_writer.lock().await;
                self.pool.begin_with("BEGIN IMMEDIATE").await?
            }
            Engine::Postgres => self.pool.begin().await?,
        })
    }

    async fn check_key(&self) -> Result<()> {
        let fingerprint = self.key.fingerprint();
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES ('key', $1) ON CONFLICT (name) DO NOTHING",
        )
        .bind(&fingerprint)
        .execute(&self.pool)
        .await?;
        match self.setting("key").await? {
            Some(known) if known == fingerprint => Ok(()),
            _ => Err(StoreError::OtherKey),
        }
    }
}

/// Brings the schema up to date. SQLite has no lock for that: where another program is at it on a new
/// file, the next try finds it done.
async fn migrate(pool: &AnyPool) -> Result<()> {
    let migrations = sqlx::migrate!("./migrations");
    for _ in 0..5 {
        if migrations.run(pool).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(migrations.run(pool).await?)
}

/// Makes the file before SQLite does, so that nobody else on the machine reads it. Where that fails,
/// opening it will say why.
fn make_private(path: &str) {
    use std::os::unix::fs::OpenOptionsExt;
    // Never one that is there: closing it would end the locks that this process has on it.
    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
}

/// Reads JSON out of a column.
fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable(error.to_string()))
}

/// Writes JSON into a column.
fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Unreadable(error.to_string()))
}

/// Text for `LIKE … ESCAPE '\'`, found anywhere. What is longer than anybody types is cut off: SQLite
/// takes no pattern of more than 50,000 bytes.
fn anywhere(text: &str) -> String {
    let text: String = text.chars().take(1000).collect();
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}
