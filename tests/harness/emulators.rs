//! AWS on this machine: ministack and moto, each in a Python environment of its own below `target/`,
//! pinned by version and hash.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use templates::digest::sha256;

use crate::{root, target};

/// Which program plays AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Runs whole stacks, with the real zip as a Lambda function.
    Ministack {
        /// Whether signatures and IAM policies are enforced.
        auth: bool,
    },
    /// The second opinion.
    Moto,
}

/// A running emulator. It ends with the program that started it, however that ends.
#[derive(Debug)]
pub struct Emulator {
    /// Which one.
    pub kind: Kind,
    /// Where it listens, on loopback.
    pub port: u16,
    child: Child,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The launcher ends the emulator and everything it started once its standard input closes.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Emulator {
    /// Starts one on a free port.
    pub fn start(kind: Kind) -> Result<Self> {
        let port = free_port()?;
        Self::start_on(kind, port, port)
    }

    /// Starts one on a port. `calls_go_to` is where its Lambda functions send their AWS calls.
    pub fn start_on(kind: Kind, port: u16, calls_go_to: u16) -> Result<Self> {
        let (name, program) = match kind {
            Kind::Ministack { .. } => ("ministack", "ministack"),
            Kind::Moto => ("moto", "moto_server"),
        };
        let python = environment(name)?;
        let folder = target().join("emulators/run").join(format!("{name}-{port}"));
        fs::create_dir_all(&folder)?;
        let log = File::create(folder.join("log"))?;
        let mut command = Command::new(&python);
        command
            .arg(root().join("tests/emulators/run.py"))
            .arg(program)
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("PYTHONUNBUFFERED", "1")])
            .env("HOME", &folder)
            .env("TMPDIR", &folder)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        match kind {
            Kind::Ministack { auth } => {
                command
                    .env("GATEWAY_PORT", port.to_string())
                    .envs([("BIND_HOST", "127.0.0.1"), ("MINISTACK_HOST", "127.0.0.1")])
                    .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{calls_go_to}"));
                if auth {
                    command.env("AUTH", "true");
                }
            }
            Kind::Moto => {
                command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            }
        }
        let child = command.spawn().with_context(|| format!("{name} could not be started"))?;
        let mut emulator = Self { kind, port, child };
        emulator.wait_until_ready(&folder)?;
        Ok(emulator)
    }

    /// The address of the emulator itself.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn wait_until_ready(&mut self, folder: &Path) -> Result<()> {
        let path = match self.kind {
            Kind::Ministack { .. } => "/_ministack/health",
            Kind::Moto => "/moto-api/",
        };
        let started = Instant::now();
        while !answers(self.port, path) {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                bail!("{:?} ended with {status}:\n{log}", self.kind);
            }
            if started.elapsed() > Duration::from_mins(1) {
                bail!("{:?} did not answer within a minute", self.kind);
            }
            thread::yield_now();
        }
        Ok(())
    }
}

/// One ministack and one moto for all stories of a test run: every story has an account of
/// its own.
///
/// # Panics
/// If it does not start.
pub fn shared(kind: Kind) -> &'static Emulator {
    static MINISTACK: OnceLock<Emulator> = OnceLock::new();
    static MOTO: OnceLock<Emulator> = OnceLock::new();
    let cell = if kind == Kind::Moto { &MOTO } else { &MINISTACK };
    #[expect(clippy::expect_used, reason = "no story can be told without an emulator")]
    cell.get_or_init(|| Emulator::start(kind).expect("the emulator starts"))
}

/// A port that nobody listens on right now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn answers(port: u16, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
    let mut start = [0; 12];
    stream.set_read_timeout(Some(Duration::from_secs(5))).is_ok()
        && stream.write_all(request.as_bytes()).is_ok()
        && stream.read_exact(&mut start).is_ok()
        && start.ends_with(b"200")
}

/// A Python environment with the pinned packages of `tests/emulators/<name>.txt`; the interpreter's
/// path. It is made once per set of pins, by whichever process comes first.
pub fn environment(name: &str) -> Result<PathBuf> {
    let pins = root().join(format!("tests/emulators/{name}.txt"));
    let text = fs::read(&pins).with_context(|| format!("{} is missing", pins.display()))?;
    let mut digest = sha256(&text);
    digest.truncate(12);
    let folder = target().join("emulators");
    fs::create_dir_all(&folder)?;
    let venv = folder.join(format!("{name}-{digest}"));
    let python = venv.join("bin/python");
    let lock = File::create(folder.join(format!("{name}.lock")))?;
    lock.lock()?;
    if !venv.join("ready").exists() {
        let _ = fs::remove_dir_all(&venv);
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--require-hashes", "--only-binary", ":all:", "-r"])
            .arg(&pins))?;
        fs::write(venv.join("ready"), "")?;
    }
    Ok(python)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
