//! The programs that are measured, and how each is built and started.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use harness::{cargo, package, root, target};

use super::far_side::{FarSide, REGION};
use crate::{
    commands::{Process, run},
    peers,
};

/// A program that takes events from the Lambda Runtime API.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// As it stands in the report.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) about: String,
    /// What is uploaded for it, in bytes.
    pub(crate) package: u64,
    /// Whether it does the work, or only answers.
    pub(crate) works: bool,
    command: Vec<PathBuf>,
    folder: PathBuf,
}

/// What every program is called.
pub(crate) const OURS: &str = "handler";
/// Python with boto3.
pub(crate) const PYTHON: &str = "Python";
/// Node with AWS's SDK.
pub(crate) const NODE: &str = "Node";
/// Rust that only answers.
pub(crate) const BARE: &str = "bare Rust";

/// Builds and installs all of them below a folder.
pub(crate) fn all(folder: &Path) -> Result<Vec<Program>> {
    let package = package::build()?;
    let ours = Program {
        name: OURS,
        about: "the release `bootstrap`; the zip".to_owned(),
        package: package.zip_bytes,
        works: true,
        command: vec![target().join("release/bootstrap")],
        folder: folder.to_owned(),
    };
    Ok(vec![ours, bare(folder)?, python(folder)?, node(folder)?])
}

fn bare(folder: &Path) -> Result<Program> {
    let (source, target) = (peers::source("bare"), folder.join("bare"));
    run(cargo().current_dir(&source).env("CARGO_TARGET_DIR", &target).args([
        "build",
        "--quiet",
        "--release",
        "--locked",
    ]))?;
    let binary = target.join("release/bootstrap");
    Ok(Program {
        name: BARE,
        about: "`lambda_runtime` and `reqwest`, which only answer: the floor; the binary"
            .to_owned(),
        package: fs::metadata(&binary)?.len(),
        works: false,
        command: vec![binary],
        folder: source,
    })
}

fn python(folder: &Path) -> Result<Program> {
    let (python, version) = peers::python(folder)?;
    let library = folder.join("python/lib/python3.11/site-packages");
    let names = ["awslambdaric", "boto3", "botocore", "dateutil", "jmespath", "s3transfer"];
    let mut package = 0;
    for file in ["six.py", "snapshot_restore_py.py"] {
        package += fs::metadata(library.join(file))?.len();
    }
    for name in names.into_iter().chain(["simplejson", "urllib3"]) {
        package += size_of(&library.join(name))?;
    }
    let command = vec![python, "-m".into(), "awslambdaric".into(), "handler.handler".into()];
    Ok(Program {
        name: PYTHON,
        about: format!("{version}, boto3, awslambdaric; unzipped"),
        package,
        works: true,
        command,
        folder: peers::source("python"),
    })
}

fn node(folder: &Path) -> Result<Program> {
    let (own, version) = peers::node(folder)?;
    run(Command::new(own.join("node_modules/.bin/esbuild")).current_dir(&own).args([
        "handler.mjs",
        "--bundle",
        "--minify",
        "--platform=node",
        "--target=node20",
        "--format=esm",
        "--outfile=bundle.mjs",
        "--log-level=error",
        "--banner:js=import{createRequire}from'module';const require=createRequire(import.meta.url);",
    ]))?;
    Ok(Program {
        name: NODE,
        about: format!("{version}, AWS SDK v3, bundled by esbuild; unzipped"),
        package: fs::metadata(own.join("bundle.mjs"))?.len(),
        works: true,
        command: vec!["node".into(), "bundle.mjs".into()],
        folder: own,
    })
}

/// Bytes of everything below a folder but what Python makes of it.
fn size_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != "__pycache__" {
            bytes += size_of(&entry.path())?;
        } else if kind.is_file() {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

impl Program {
    /// Starts it; it asks the runtime at this port for events.
    pub(crate) fn start(&self, far: &FarSide, runtime: u16) -> Result<Process> {
        let (program, arguments) = self.command.split_first().context("no command")?;
        let log =
            File::create(root().join("target/bench-peers").join(format!("{}.log", self.name)))?;
        Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{runtime}"))
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_SESSION_TOKEN", "token")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_LAMBDA_FUNCTION_NAME", "handler")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("_HANDLER", "handler.handler")
            .env("LAMBDA_TASK_ROOT", &self.folder)
            // The certificates of the machine and the measurement's own; Node has the former within.
            .env("SSL_CERT_FILE", &far.trusted)
            .env("AWS_CA_BUNDLE", &far.trusted)
            .env("NODE_EXTRA_CA_CERTS", &far.authority)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map(Process)
            .with_context(|| program.display().to_string())
    }
}
