//! `cargo package-handler`: builds the zip that Lambda runs, and the one that customers may look with
//! before.

use std::io::{Write, stdout};

fn main() -> anyhow::Result<()> {
    for package in [harness::package::build()?, harness::package::build_preflight()?] {
        let (major, minor) = package.glibc;
        writeln!(
            stdout(),
            "{}: {} bytes (binary {} bytes), newest symbol GLIBC_{major}.{minor}",
            package.zip.display(),
            package.zip_bytes,
            package.binary_bytes,
        )?;
    }
    Ok(())
}
