//! The servers that show the same pages.

use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use harness::emulators::free_port;
use tokio::time::{Instant, sleep};

use crate::{
    commands::{Process, said},
    peers,
};

/// A peer, running.
pub(crate) struct Peer {
    /// As the tables call it.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) about: String,
    /// Without a slash at its end.
    pub(crate) url: String,
    process: Process,
}

/// What a peer needs to show the pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    /// Where the peers are installed, and where logs go.
    pub(crate) folder: &'a Path,
    /// A file of SQLite, or the address of PostgreSQL's.
    pub(crate) database: &'a str,
    /// The key that tokens are made with.
    pub(crate) key: &'a Path,
    /// The headers that the site sends, as JSON.
    pub(crate) headers: &'a str,
}

/// `FastAPI` with one worker, since it has one core.
pub(crate) const FASTAPI: &str = "FastAPI";
/// Fastify.
pub(crate) const FASTIFY: &str = "Fastify";

impl Peer {
    /// Starts `FastAPI`.
    pub(crate) async fn fastapi(given: Given<'_>) -> Result<Self> {
        let (python, version) = peers::python(given.folder)?;
        let libraries = "import fastapi, uvicorn, jinja2; print('FastAPI', fastapi.__version__ + \
             ', uvicorn', uvicorn.__version__ + ', Jinja2', jinja2.__version__)";
        let libraries = said(Command::new(&python).args(["-c", libraries]))?;
        let port = free_port()?;
        let mut command = Command::new(python);
        command.args(["-m", "uvicorn", "onboarding:app", "--app-dir"]).arg(peers::source("python"));
        command.args(["--log-level", "warning", "--no-access-log", "--port", &port.to_string()]);
        Self::start(FASTAPI, format!("{version}, {libraries}"), command, port, given).await
    }

    /// Starts Fastify.
    pub(crate) async fn fastify(given: Given<'_>) -> Result<Self> {
        let (folder, version) = peers::node(given.folder)?;
        let libraries = "for (const name of ['fastify', 'ejs', 'better-sqlite3']) \
             console.log(name, require(`${name}/package.json`).version)";
        let mut command = Command::new("node");
        let libraries = said(command.current_dir(&folder).args(["-e", libraries]))?;
        let port = free_port()?;
        let mut command = Command::new("node");
        command.current_dir(folder).arg("onboarding.mjs").env("NODE_ENV", "production");
        let about = format!("{version}, {}", libraries.replace('\n', ", "));
        Self::start(FASTIFY, about, command, port, given).await
    }

    async fn start(
        name: &'static str,
        about: String,
        mut command: Command,
        port: u16,
        given: Given<'_>,
    ) -> Result<Self> {
        let log = given.folder.join(format!("{name}.log"));
        let file = File::create(&log)?;
        let child = command
            .env("DATABASE", given.database)
            .env("KEY_FILE", given.key)
            .env("PAGES", given.folder.join("pages"))
            .env("HEADERS", given.headers)
            .env("PORT", port.to_string())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let mut peer =
            Self { name, about, url: format!("http://127.0.0.1:{port}"), process: Process(child) };
        let until = Instant::now() + Duration::from_secs(30);
        while reqwest::get(format!("{}/nothing", peer.url)).await.is_err() {
            if peer.process.0.try_wait()?.is_some() || Instant::now() > until {
                bail!("{name} does not run; see {}", log.display());
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(peer)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }
}
