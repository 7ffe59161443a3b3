//! `cargo package-handler`: builds the zip that Lambda runs.

use std::io::{Write, stdout};

fn main() -> anyhow::Result<()> {
    let package = harness::package::build()?;
    let (major, minor) = package.glibc;
    writeln!(
        stdout(),
        "{}: {} bytes (binary {} bytes), newest symbol GLIBC_{major}.{minor}",
        package.zip.display(),
        package.zip_bytes,
        package.binary_bytes,
    )?;
    Ok(())
}
