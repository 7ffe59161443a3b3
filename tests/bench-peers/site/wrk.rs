//! `wrk`, which sends requests as fast as they are answered; from Debian's package if it is not installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::commands::{run, said};

/// The core that it runs on; everything else of the site's measurement runs on the first one.
const CORE: &str = "1";

/// What the script sends: lines of a file in turn.
const SCRIPT: &str = r#"
local lines, at, first = {}, 0, tonumber(os.getenv("FIRST"))
for line in io.lines(os.getenv("REQUESTS")) do lines[#lines + 1] = line end
local tab = "^([^\t]*)\t([^\t]*)\t(.*)$"
function request()
  local path, token, body = lines[(first + at) % #lines + 1]:match(tab)
  at = at + 1
  if body == "" then return wrk.format("GET", path) end
  local headers = { ["content-type"] = "application/json" }
  if token ~= "" then headers["authorization"] = "Bearer " .. token end
  return wrk.format("POST", path, headers, body)
end
function done(summary, latency)
  local errors = summary.errors
  local bad = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\nRESULT {"requests": %d, "microseconds": %d, "bad": %d, "bytes": %d, "p50": %f, "p99": %f}\n',
    summary.requests, summary.duration, bad, summary.bytes, latency:percentile(50), latency:percentile(99)))
end
"#;

/// Unpacks Debian's packages into a folder: what the machine has stays as it is.
fn fetch(own: &Path) -> Result<()> {
    fs::create_dir_all(own)?;
    let mut download = Command::new("apt-get");
    download.args(["download", "--quiet", "--quiet", "wrk", "libluajit-5.1-2"]).current_dir(own);
    run(&mut download)?;
    for entry in fs::read_dir(own)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(path).arg(own))?;
        }
    }
    Ok(())
}

/// The program and its script.
pub(crate) struct Wrk {
    program: PathBuf,
    script: PathBuf,
    folder: PathBuf,
}

/// A request: where to, the bearer token or nothing, the body or nothing.
pub(crate) type Request = (String, String, String);

/// What was seen.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Seen {
    /// How many were answered.
    pub(crate) requests: f64,
    microseconds: f64,
    bad: f64,
    bytes: f64,
    p50: f64,
    p99: f64,
}

impl Seen {
    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests * 1e6 / self.microseconds
    }

    /// Bytes of an answer with its headers, on average.
    pub(crate) fn bytes(&self) -> f64 {
        self.bytes / self.requests
    }

    /// Milliseconds that half of the requests took at most.
    pub(crate) fn p50(&self) -> f64 {
        self.p50 / 1000.0
    }

    /// Milliseconds that 99 of 100 requests took at most.
    pub(crate) fn p99(&self) -> f64 {
        self.p99 / 1000.0
    }
}

/// How requests are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load<'a> {
    /// The server.
    pub(crate) url: &'a str,
    /// The list of requests, by the name it was written with.
    pub(crate) requests: &'a str,
    /// At which of them to begin.
    pub(crate) first: usize,
    /// The session's cookie; may be empty.
    pub(crate) cookie: &'a str,
    /// How many at once.
    pub(crate) connections: u16,
    /// For how long.
    pub(crate) seconds: u16,
}

impl Wrk {
    /// Finds it, or takes it out of Debian's package.
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        let (own, script) = (folder.join("wrk"), folder.join("requests.lua"));
        fs::write(&script, SCRIPT)?;
        let on_path = Command::new("wrk").arg("-v").output().is_ok();
        let program = if on_path { PathBuf::from("wrk") } else { own.join("usr/bin/wrk") };
        if !on_path && !program.exists() {
            fetch(&own)
                .context("wrk is not installed, and Debian's package of it could not be fetched")?;
        }
        Ok(Self { program, script, folder: folder.to_owned() })
    }

    /// Keeps a list of requests under a name.
    pub(crate) fn keep(&self, name: &str, requests: &[Request]) -> Result<()> {
        ensure!(!requests.is_empty(), "no requests for {name}");
        let line = |(path, token, body): &Request| format!("{path}\t{token}\t{body}\n");
        let text: String = requests.iter().map(line).collect();
        Ok(fs::write(self.folder.join(format!("{name}.requests")), text)?)
    }

    /// Sends requests as fast as they are answered. No answer is an error, or this fails; `wrk` does not
    /// tell of redirects.
    pub(crate) fn send(&self, load: Load<'_>) -> Result<Seen> {
        let requests = self.folder.join(format!("{}.requests", load.requests));
        let mut command = Command::new("taskset");
        command.args(["-c", CORE]).arg(&self.program).args(["-t", "1", "--timeout", "20s"]);
        command.arg("-c").arg(load.connections.to_string());
        command.arg("-d").arg(format!("{}s", load.seconds));
        command.arg("-s").arg(&self.script);
        // As browsers do for a page.
        command.args(["-H", "Sec-Fetch-Dest: document"]);
        if !load.cookie.is_empty() {
            command.arg("-H").arg(format!("Cookie: {}", load.cookie));
        }
        // Where Debian's packages have it, if it came from them.
        let libraries = format!("wrk/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
        command.env("LD_LIBRARY_PATH", self.folder.join(libraries));
        command.env("REQUESTS", requests).env("FIRST", load.first.to_string()).arg(load.url);
        let text = said(&mut command)?;
        let Some(seen) = text.lines().find_map(|line| line.strip_prefix("RESULT ")) else {
            bail!("wrk told no result: {text}");
        };
        let seen: Seen = serde_json::from_str(seen)?;
        ensure!(seen.bad == 0.0, "{} of {} requests failed: {text}", seen.bad, seen.requests);
        Ok(seen)
    }
}
