//! The report: `benchmarks.md` for people, `benchmarks.json` for programs.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};
use harness::root;
use serde_json::{Value, json};

use crate::{
    Comparison,
    far_side::Call,
    handler::{Measured, Setup},
    machine,
    programs::{BARE, NODE, OURS, PYTHON},
    statistics::Series,
};

/// Writes both into a folder.
pub(crate) fn write(folder: &Path, rounds: u16, all: &[Comparison]) -> Result<()> {
    let folder = root().join(folder);
    fs::create_dir_all(&folder)?;
    let json = serde_json::to_string_pretty(&numbers(rounds, all)?)?;
    fs::write(folder.join("benchmarks.json"), json + "\n")?;
    fs::write(folder.join("benchmarks.md"), text(rounds, all)?)?;
    Ok(())
}

/// What is measured of a program, by name.
fn series(measured: &Measured) -> [(&'static str, &'static str, &Series); 8] {
    [
        ("init", "start to first question, ms", &measured.init),
        ("first", "first event to answer, ms", &measured.first),
        ("cold", "start to first answer, ms", &measured.cold),
        ("warm", "warm Create, ms", &measured.warm),
        ("update", "Update, ms", &measured.update),
        ("delete", "Delete, ms", &measured.delete),
        ("cpu", "processor until the answer, ms", &measured.cpu),
        ("memory", "memory at most, MB", &measured.memory),
    ]
}

fn of<'a>(one: &'a Comparison, name: &str) -> Result<&'a Measured> {
    let found = one.programs.iter().find(|(program, _)| program.name == name);
    Ok(&found.context("a program was not measured")?.1)
}

/// How many times longer the peer takes.
fn ratio(one: &Comparison, peer: &str, what: impl Fn(&Measured) -> &Series) -> Result<f64> {
    Ok(what(of(one, peer)?).median() / what(of(one, OURS)?).median())
}

fn numbers(rounds: u16, all: &[Comparison]) -> Result<Value> {
    let plain = all.first().context("nothing was measured")?;
    let small = all.iter().find(|one| one.setup.small).context("no small share was measured")?;
    let mut setups = Vec::new();
    for one in all {
        let mut programs = serde_json::Map::new();
        for (program, measured) in &one.programs {
            let mut values = serde_json::Map::new();
            for (name, _, values_of) in series(measured) {
                if values_of.median().is_finite() {
                    let both = json!({ "median": values_of.median(), "p90": values_of.p90() });
                    values.insert(name.to_owned(), both);
                }
            }
            programs.insert(program.name.to_owned(), Value::Object(values));
        }
        let calls = of(one, OURS)?.calls.each_ref().map(|calls| calls.len());
        let depths = of(one, OURS)?.calls.each_ref().map(|calls| depth(calls));
        setups.push(json!({
            "latency_ms": one.setup.latency.as_millis(),
            "load_balancers": one.setup.load_balancers,
            "share_of_128_mb": one.setup.small,
            "programs": programs,
            "calls": { "Create": calls[0], "Update": calls[1], "Delete": calls[2] },
            "depth": { "Create": depths[0], "Update": depths[1], "Delete": depths[2] },
        }));
    }
    Ok(json!({
        "machine": machine::describe(),
        "rounds": rounds,
        "ratios": {
            "cold_vs_python": ratio(plain, PYTHON, |one| &one.cold)?,
            "cold_vs_node": ratio(plain, NODE, |one| &one.cold)?,
            "cold_vs_bare": ratio(plain, BARE, |one| &one.cold)?,
            "small_first_vs_python": ratio(small, PYTHON, |one| &one.first)?,
            "small_first_vs_node": ratio(small, NODE, |one| &one.first)?,
        },
        "handler": setups,
    }))
}

/// How many calls had to wait for one another.
fn depth(calls: &[Call]) -> usize {
    harness::proxy::depth(calls.iter().map(|call| call.span))
}

fn text(rounds: u16, all: &[Comparison]) -> Result<String> {
    let mut text = format!(
        "# Measured beside its peers\n\nBy `cargo bench-peers`, {rounds} rounds, the programs in turns; medians, and the \
         value below which nine of ten lie in brackets. On {}.\n\n",
        machine::describe()
    );
    let plain = all.first().context("nothing was measured")?;
    text.push_str("| program | | package |\n| --- | --- | --- |\n");
    for (program, _) in &plain.programs {
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        let size = program.package as f64 / 1e6;
        let _ = writeln!(text, "| {} | {} | {size:.2} MB |", program.name, program.about);
    }
    for one in all {
        let _ = writeln!(text, "\n## {}\n", title(one.setup));
        table(&mut text, one)?;
    }
    text.push_str("\n## Calls of the handler, from the wire\n\n");
    text.push_str("| load balancers | Create | Update | Delete |\n| --- | --- | --- | --- |\n");
    for one in all.iter().filter(|one| one.setup.latency.as_millis() == 80) {
        let calls = &of(one, OURS)?.calls;
        let cell = |calls: &[Call]| format!("{} calls, {} deep", calls.len(), depth(calls));
        let [create, update, delete] = calls.each_ref().map(|calls| cell(calls));
        let _ = writeln!(text, "| {} | {create} | {update} | {delete} |", one.setup.load_balancers);
    }
    Ok(text)
}

fn title(setup: Setup) -> String {
    let Setup { latency, load_balancers, small } = setup;
    let count = if load_balancers == 1 { "load balancer" } else { "load balancers" };
    let share = if small { ", with the share of a 128 MB function after init" } else { "" };
    format!("{load_balancers} {count}, {} ms a call{share}", latency.as_millis())
}

fn table(text: &mut String, one: &Comparison) -> Result<()> {
    text.push_str("| |");
    for (program, _) in &one.programs {
        let _ = write!(text, " {} |", program.name);
    }
    text.push_str(" Python / ours | Node / ours | ours / bare |\n|");
    text.push_str(&" --- |".repeat(one.programs.len() + 4));
    text.push('\n');
    let ours = of(one, OURS)?;
    for (at, (_, words, _)) in series(ours).into_iter().enumerate() {
        let _ = write!(text, "| {words} |");
        for (_, measured) in &one.programs {
            let (_, _, values) = series(measured)[at];
            if values.median().is_finite() {
                let _ = write!(text, " {:.1} ({:.1}) |", values.median(), values.p90());
            } else {
                text.push_str(" |");
            }
        }
        let median = |name: &str| of(one, name).map(|one| series(one)[at].2.median());
        let own = median(OURS)?;
        for times in [median(PYTHON)? / own, median(NODE)? / own, own / median(BARE)?] {
            if times.is_finite() {
                let _ = write!(text, " {times:.1} |");
            } else {
                text.push_str(" |");
            }
        }
        text.push('\n');
    }
    Ok(())
}
