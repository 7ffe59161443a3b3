//! The report: `benchmarks.md` for people, `benchmarks.json` for programs, plots for both.

mod builds;
mod handler;
mod plot;
mod site;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{builds::BuildsPart, handler::HandlerPart, site::SitePart, statistics::Summary};

/// Everything that was measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Benchmarks {
    /// How many times faster we are, by the name of the comparison.
    ratios: BTreeMap<String, f64>,
    /// The function.
    pub(crate) handler: Option<HandlerPart>,
    /// The service.
    pub(crate) site: Option<SitePart>,
    /// The builds.
    pub(crate) builds: Option<BuildsPart>,
}

impl Benchmarks {
    /// What an earlier run left in a folder; nothing, if there was none.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        match fs::read_to_string(folder.join("benchmarks.json")) {
            Ok(text) => serde_json::from_str(&text).context(
                "benchmarks.json is of another version of this program; remove it and measure all",
            ),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Writes all of it into a folder.
    pub(crate) fn write(&mut self, folder: &Path) -> Result<()> {
        self.ratios.clear();
        let mut text = include_str!("report/begin.md").to_owned();
        if let Some(part) = &self.handler {
            self.ratios.extend(handler::ratios(part));
            text += &handler::text(part);
        }
        if let Some(part) = &self.site {
            self.ratios.extend(site::ratios(part));
            text += &site::text(part);
            fs::create_dir_all(folder.join("benchmarks"))?;
            for (name, svg) in plot::of_site(part)? {
                fs::write(folder.join("benchmarks").join(name), svg)?;
            }
        }
        if let Some(part) = &self.builds {
            text += &builds::text(part);
        }
        text += include_str!("report/end.md");
        fs::create_dir_all(folder)?;
        fs::write(folder.join("benchmarks.md"), text)?;
        let json = serde_json::to_string_pretty(self)? + "\n";
        fs::write(folder.join("benchmarks.json"), json)?;
        Ok(())
    }
}

/// A median and, in brackets, what nine of ten are below.
fn both(summary: Option<&Summary>) -> String {
    summary.map_or(String::new(), |one| format!("{} ({})", number(one.median), number(one.p90)))
}

/// Three digits or so.
fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A number of two digits after the point, as ratios are told.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
