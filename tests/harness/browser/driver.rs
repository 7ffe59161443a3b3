//! The process that drives Chromium: set up, started, asked.

use std::{
    collections::HashMap,
    env,
    ffi::OsString,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{sync::oneshot, time::timeout};

use crate::{node, root};

const WHAT_LACKS: &str = "Install Debian's packages chromium, nodejs and npm, or set CHROMIUM to the \
                          path of a Chromium and put node and npm on PATH.";
/// More than the driver itself takes for anything.
const PATIENCE: Duration = Duration::from_mins(2);

/// The driver's process. It ends Chromium and itself once its standard input closes.
///
/// Each test has a runtime of its own, so none of them may own the pipes: a thread reads the answers
/// and hands each to whoever asked.
#[derive(Debug)]
pub(super) struct Driver {
    input: Mutex<ChildStdin>,
    waiting: Arc<Mutex<Waiting>>,
    last: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    answers: HashMap<u64, oneshot::Sender<Answer>>,
    /// Why there will be no more answers.
    ended: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    id: u64,
    ok: bool,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    error: String,
}

/// The one driver of this process, or why there is none.
pub(super) fn shared() -> Result<Arc<Driver>, String> {
    static SHARED: OnceLock<Result<Arc<Driver>, String>> = OnceLock::new();
    SHARED
        .get_or_init(|| Driver::start().map(Arc::new).map_err(|error| format!("{error:#}")))
        .clone()
}

impl Driver {
    fn start() -> Result<Self> {
        let chromium = chromium()?;
        let modules = node::packages("browser")?;
        let mut child = Command::new("node")
            .arg(root().join("tests/browser/driver.mjs"))
            .args([modules.as_os_str(), &chromium])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for the tests; the driver ends when they have.
            .process_group(0)
            .spawn()
            .with_context(|| format!("node could not be started. {WHAT_LACKS}"))?;
        let input = child.stdin.take().context("the driver has no standard input")?;
        let output = child.stdout.take().context("the driver has no standard output")?;
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let theirs = Arc::clone(&waiting);
        thread::Builder::new()
            .name("browser".to_owned())
            .spawn(move || hand_out(output, child, &theirs))?;
        Ok(Self { input: Mutex::new(input), waiting, last: AtomicU64::new(0) })
    }

    /// Has a command carried out; what it gives.
    pub(super) async fn ask<T: DeserializeOwned>(&self, command: Value) -> Result<T> {
        let told = command.to_string();
        let answer = timeout(PATIENCE, self.send(command)?)
            .await
            .with_context(|| format!("the browser did not answer in time: {told}"))?;
        let Ok(answer) = answer else { bail!("{}", self.why_ended()) };
        if !answer.ok {
            bail!("the browser could not do {told}: {}", answer.error);
        }
        serde_json::from_value(answer.value)
            .with_context(|| format!("the browser's answer is of another kind: {told}"))
    }

    /// Has a command carried out by and by.
    pub(super) fn tell(&self, command: Value) {
        // A browser that has ended needs to be told nothing.
        drop(self.send(command));
    }

    fn send(&self, mut command: Value) -> Result<oneshot::Receiver<Answer>> {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        command["id"] = id.into();
        let (sender, receiver) = oneshot::channel();
        {
            let mut waiting = lock(&self.waiting);
            if let Some(reason) = &waiting.ended {
                bail!("{reason}");
            }
            waiting.answers.insert(id, sender);
        }
        // One write, so that two commands never mix; an error shows as the end of the answers.
        let _ = lock(&self.input).write_all(format!("{command}\n").as_bytes());
        Ok(receiver)
    }

    fn why_ended(&self) -> String {
        lock(&self.waiting).ended.clone().unwrap_or_else(|| "the browser ended".to_owned())
    }
}

/// Reads answers until there are none.
fn hand_out(output: ChildStdout, mut child: Child, waiting: &Mutex<Waiting>) {
    let errors = child.stderr.take().map(|mut errors| {
        thread::spawn(move || {
            let mut text = Vec::new();
            let _ = errors.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        })
    });
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let Ok(answer) = serde_json::from_str::<Answer>(&line) else { continue };
        let asked = lock(waiting).answers.remove(&answer.id);
        // Nobody waits any more where a test has ended early.
        let _ = asked.map(|sender| sender.send(answer));
    }
    let status = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
    let errors = errors.and_then(|thread| thread.join().ok()).unwrap_or_default();
    let mut waiting = lock(waiting);
    waiting.ended = Some(format!("the browser ended with {status}: {}", errors.trim()));
    waiting.answers.clear();
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path of Chromium: `CHROMIUM`, else Debian's.
fn chromium() -> Result<OsString> {
    let path = env::var_os("CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    ensure!(Path::new(&path).exists(), "there is no {}. {WHAT_LACKS}", Path::new(&path).display());
    Ok(path)
}
