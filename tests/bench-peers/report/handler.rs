//! The handler's tables.

use std::fmt::Write as _;

use super::{both, number, round};
use crate::handler::{BARE, Comparison, HandlerPart, NODE, OURS, PYTHON, Setup};

/// What is measured, and in which words.
const ROWS: [(&str, &str); 8] = [
    ("init", "start to the first `/next`, ms"),
    ("first", "first event to answer, ms"),
    ("cold", "start to the first answer, ms"),
    ("warm", "Create when warm, ms"),
    ("update", "Update, ms"),
    ("delete", "Delete, ms"),
    ("cpu", "processor until the first answer, ms"),
    ("memory", "memory at most, MB"),
];

/// How many times more of something a peer takes.
fn times(one: &Comparison, peer: &str, what: &str) -> Option<f64> {
    let median = |name: &str| Some(one.values.get(name)?.get(what)?.median);
    Some(median(peer)? / median(OURS)?)
}

/// The ratios by name.
pub(super) fn ratios(part: &HandlerPart) -> Vec<(String, f64)> {
    let plain = part.setups.iter().find(|one| one.setup.latency_ms == 0 && !one.setup.small);
    let small = part.setups.iter().find(|one| one.setup.small);
    let all = [
        ("cold_vs_python", plain, PYTHON, "cold"),
        ("cold_vs_node", plain, NODE, "cold"),
        ("cold_vs_bare", plain, BARE, "cold"),
        ("small_first_vs_python", small, PYTHON, "first"),
        ("small_first_vs_node", small, NODE, "first"),
    ];
    let ratio = |(name, setup, peer, what): (&str, Option<&Comparison>, &str, &str)| {
        Some((name.to_owned(), round(times(setup?, peer, what)?)))
    };
    all.into_iter().filter_map(ratio).collect()
}

/// The part of the report.
pub(super) fn text(part: &HandlerPart) -> String {
    let mut text = format!(
        "\n## The function\n\nOn {}; {} rounds, the programs in turns. Medians, and in brackets what nine of \
         ten are below. Lambda's own runtimes bring AWS's SDKs for Python and Node along.\n\n| program | | package, MB |\n| --- | --- | --- |\n",
        part.machine, part.rounds
    );
    for one in &part.programs {
        let _ = writeln!(text, "| {} | {} | {:.2} |", one.name, one.words, one.package_mb);
    }
    for one in &part.setups {
        let _ = write!(text, "\n### {}\n\n", title(one.setup));
        table(&mut text, part, one);
    }
    text += "\n### Calls, from the wire\n\n\
         Calls of AWS, and how many of them had to wait for one another. The last step, the answer to \
         CloudFormation, comes after them. Python makes them one after the other, as boto3 does; handler and \
         Node side by side.\n\n\
         | program | load balancers | Create | Update | Delete |\n| --- | --- | --- | --- | --- |\n";
    for one in part.setups.iter().filter(|one| one.setup.latency_ms == 80) {
        for name in [OURS, PYTHON, NODE] {
            let Some(calls) = one.calls.get(name) else { continue };
            let told = calls.map(|one| format!("{} calls, {} deep", one.count, one.depth));
            let count = one.setup.load_balancers;
            let _ = writeln!(text, "| {name} | {count} | {} |", told.join(" | "));
        }
    }
    text
}

fn title(setup: Setup) -> String {
    let Setup { latency_ms, load_balancers, small } = setup;
    let count = if load_balancers == 1 { "load balancer" } else { "load balancers" };
    let share = if small {
        ", with the share of a 128 MB function (1.44 ms in every 20) once it waits for events"
    } else {
        ""
    };
    format!("{load_balancers} {count}, {latency_ms} ms a call{share}")
}

fn table(text: &mut String, part: &HandlerPart, one: &Comparison) {
    let names: Vec<&str> = part.programs.iter().map(|program| program.name.as_str()).collect();
    let _ =
        writeln!(text, "| | {} | Python / ours | Node / ours | ours / bare |", names.join(" | "));
    text.push('|');
    *text += &" --- |".repeat(names.len() + 4);
    text.push('\n');
    for (what, words) in ROWS {
        let cell = |name: &&str| both(one.values.get(*name).and_then(|all| all.get(what)));
        let cells: Vec<String> = names.iter().map(cell).collect();
        let bare = times(one, BARE, what).map(|bare| 1.0 / bare);
        let ratios = [times(one, PYTHON, what), times(one, NODE, what), bare];
        let ratios = ratios.map(|ratio| ratio.map_or(String::new(), number));
        let _ = writeln!(text, "| {words} | {} | {} |", cells.join(" | "), ratios.join(" | "));
    }
}
