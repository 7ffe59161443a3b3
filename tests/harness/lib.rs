//! What the stories and the demo stand on.
//!
//! In reading order: [`emulators`] starts AWS on this machine; [`proxy`] stands in front of it and
//! does what AWS does and emulators do not; [`iam`] holds every call of the handler against the
//! template's own role; [`template`] reads the templates as CloudFormation does; [`cloudformation`]
//! plays CloudFormation's sequences to the real handler; [`customer`] is the customer's account and
//! [`vendor`] the vendor's; [`package`] builds the release zips; [`preflight`] runs the
//! program that only looks; [`whole_path`] puts all of it together,
//! with the emulator's own CloudFormation and Lambda. [`model`] is AWS in memory, for faults and races by
//! the thousand. [`process`] tells what a program used.
//!
//! For the site: [`site`] runs it; [`console`] opens its links as AWS does; [`browser`] shows it as
//! people see it; [`postgres`] keeps its data; [`oidc`] is a company's sign-in; [`sns`] signs messages as
//! SNS does, [`messages`] many of them, and [`log_bucket`] has the logs that they tell of.

pub mod browser;
pub mod checks;
pub mod cloudformation;
pub mod console;
pub mod customer;
pub mod emulators;
pub mod iam;
pub mod log_bucket;
pub mod messages;
pub mod model;
pub mod oidc;
pub mod package;
pub mod postgres;
pub mod preflight;
pub mod process;
pub mod proxy;
pub mod site;
pub mod sns;
pub mod template;
pub mod vendor;
pub mod whole_path;
pub mod wire;

mod node;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The project's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// The folder that all builds and set-ups go to.
pub fn target() -> PathBuf {
    root().join("target")
}

/// The cargo that built this, in the project's root folder.
pub fn cargo() -> Command {
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.current_dir(root());
    cargo
}
