//! A real Postgres server of the tests' own, on loopback, through `tests/postgres/run.py`.
//!
//! Everybody on this machine may connect to it. What is written is durable, as it is in production.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::task::spawn_blocking;

use crate::{root, target};

/// A running server. It ends with the program that started it, however that ends, and its data with
/// it.
#[derive(Debug)]
pub struct Postgres {
    launcher: Arc<Launcher>,
    port: u16,
    databases: AtomicU32,
}

#[derive(Debug)]
struct Launcher(Mutex<Pipes>);

#[derive(Debug)]
struct Pipes {
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    child: Child,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    value: Value,
    error: Option<String>,
}

/// A program of the server's, where `tests/postgres/run.py` finds it.
pub fn program(name: &str) -> Result<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin"));
    let named = std::env::var_os("POSTGRES_BIN").map(PathBuf::from);
    let found = named.into_iter().chain(debian).map(|folder| folder.join(name));
    found.filter(|path| path.exists()).last().with_context(|| format!("there is no {name}"))
}

impl Postgres {
    /// Starts a server on a free port: for a test that kills it.
    pub async fn start() -> Result<Self> {
        spawn_blocking(Self::launch).await?
    }

    /// The one server of this test process: for everybody who wants only a database.
    pub async fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<Postgres, String>> = OnceLock::new();
        let launch = || Self::launch().map_err(|error| format!("{error:#}"));
        match spawn_blocking(move || SHARED.get_or_init(launch)).await? {
            Ok(server) => Ok(server),
            Err(reason) => bail!("{reason}"),
        }
    }

    fn launch() -> Result<Self> {
        let mut child = Command::new("python3")
            .arg(root().join("tests/postgres/run.py"))
            .arg(target().join("postgres"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for the tests; the server ends when they have.
            .process_group(0)
            .spawn()
            .context("python3 could not be started")?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("the launcher has no standard output")?;
        let pipes = Pipes { input, output: BufReader::new(output), child };
        let launcher = Launcher(Mutex::new(pipes));
        let port = launcher.ask("start")?;
        Ok(Self { launcher: Arc::new(launcher), port, databases: AtomicU32::new(0) })
    }

    /// The database that every server has.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database; its URL.
    pub async fn new_database(&self) -> Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed) + 1;
        let name: String = self.ask(format!("create test_{number}")).await?;
        Ok(self.url_of(&name))
    }

    /// Ends the server and all its processes at once, as a power cut does.
    pub async fn kill(&self) -> Result<()> {
        self.ask("kill".to_owned()).await
    }

    /// Starts the server again, on the same port and data, once it was killed.
    pub async fn restart(&self) -> Result<()> {
        let _: u16 = self.ask("start".to_owned()).await?;
        Ok(())
    }

    async fn ask<T: DeserializeOwned + Send + 'static>(&self, command: String) -> Result<T> {
        let launcher = Arc::clone(&self.launcher);
        spawn_blocking(move || launcher.ask(&command)).await?
    }
}

impl Launcher {
    fn ask<T: DeserializeOwned>(&self, command: &str) -> Result<T> {
        let mut pipes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(input) = &mut pipes.input {
            // Where the launcher has ended, it left its reason.
            let _ = writeln!(input, "{command}");
        }
        let mut line = String::new();
        if pipes.output.read_line(&mut line)? == 0 {
            let mut reason = String::new();
            if let Some(errors) = &mut pipes.child.stderr {
                errors.read_to_string(&mut reason)?;
            }
            bail!("PostgreSQL: {}", reason.trim());
        }
        let answer: Answer = serde_json::from_str(&line)?;
        if let Some(reason) = answer.error {
            bail!("PostgreSQL could not {command}: {reason}");
        }
        Ok(serde_json::from_value(answer.value)?)
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        let pipes = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        // The launcher ends the server and removes its data once its standard input closes.
        drop(pipes.input.take());
        let _ = pipes.child.wait();
    }
}
