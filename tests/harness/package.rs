//! The release zips: what is uploaded as the function's code, and the program to look with before.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{cargo, target};

/// A function's zip may have at most this many bytes: every megabyte is paid for at a cold start.
pub const MAX_ZIP: u64 = 4_500_000;
/// Amazon Linux 2023's glibc; a binary that needs a newer symbol does not start there.
pub const MAX_GLIBC: (u32, u32) = (2, 34);

/// A finished zip and what was measured of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// `target/handler/bootstrap.zip`, `target/handler/preflight.zip`.
    pub zip: PathBuf,
    /// The zip's size in bytes.
    pub zip_bytes: u64,
    /// The binary's size in bytes.
    pub binary_bytes: u64,
    /// The newest glibc that the binary asks for.
    pub glibc: (u32, u32),
}

/// Builds the release binary of the function and packs it.
pub fn build() -> Result<Package> {
    let package = build_program("bootstrap")?;
    ensure!(package.zip_bytes <= MAX_ZIP, "the zip has {} bytes", package.zip_bytes);
    Ok(package)
}

/// Builds the program that customers run before the stack, for this machine's architecture, and packs
/// it.
pub fn build_preflight() -> Result<Package> {
    build_program("preflight")
}

fn build_program(name: &str) -> Result<Package> {
    let status = cargo()
        // The handler alone: features that only the tests need must not get into it.
        .args(["build", "--quiet", "--release", "--locked", "--package", "handler", "--bin", name])
        .status()
        .context("cargo could not be started")?;
    ensure!(status.success(), "the release build failed");
    let binary = target().join("release").join(name);
    let folder = target().join("handler");
    fs::create_dir_all(&folder)?;
    let zip = folder.join(format!("{name}.zip"));
    pack(name, &binary, &zip)?;
    let package = Package {
        zip_bytes: fs::metadata(&zip)?.len(),
        binary_bytes: fs::metadata(&binary)?.len(),
        glibc: newest_glibc(&fs::read(&binary)?)?,
        zip,
    };
    // CloudShell runs the same Linux as Lambda.
    ensure!(package.glibc <= MAX_GLIBC, "the binary needs glibc {:?}", package.glibc);
    Ok(package)
}

/// The same binary gives the same zip: no time and no user goes into it.
fn pack(name: &str, binary: &Path, zip: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    File::open(binary)?.read_to_end(&mut bytes)?;
    let mut writer = ZipWriter::new(File::create(zip)?);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    writer.start_file(name, options)?;
    writer.write_all(&bytes)?;
    writer.finish()?;
    Ok(())
}

/// The names of symbol versions stand in the binary as text.
fn newest_glibc(binary: &[u8]) -> Result<(u32, u32)> {
    let mark = b"GLIBC_";
    let mut newest = None;
    for at in 0..binary.len().saturating_sub(mark.len()) {
        if !binary[at..].starts_with(mark) {
            continue;
        }
        let rest = &binary[at + mark.len()..];
        let end = rest.iter().position(|b| !b.is_ascii_digit() && *b != b'.').unwrap_or(0);
        let text = std::str::from_utf8(&rest[..end]).unwrap_or_default();
        let mut numbers = text.split('.').filter_map(|number| number.parse().ok());
        if let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) {
            newest = newest.max(Some((major, minor)));
        }
    }
    match newest {
        Some(newest) => Ok(newest),
        None => bail!("the binary names no glibc version"),
    }
}
