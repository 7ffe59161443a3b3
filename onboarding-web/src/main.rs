//! The web service that gets customers onto log analysis. Not built yet: this program only says so.

use std::{
    io::{Write, stderr},
    process::ExitCode,
};

fn main() -> ExitCode {
    let words = "onboarding-web is not built yet. It will serve the pages with which support staff make \
                 launch links and on which customers watch their stack. `cargo demo` shows what there is.";
    let _ = writeln!(stderr(), "{words}");
    ExitCode::FAILURE
}
