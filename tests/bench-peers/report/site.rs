//! The site's tables.

use std::fmt::Write as _;

use super::{both, number, round};
use crate::site::{
    CUSTOMER_PAGE, Compared, Engine, FASTAPI, FASTIFY, Growth, OURS, STAFF_LIST, SitePart,
};

/// How many times more requests a second we answer, and how many times more memory a peer takes.
fn times(one: &Compared, peer: &str) -> Option<(f64, f64)> {
    let (ours, theirs) = (one.servers.get(OURS)?, one.servers.get(peer)?);
    Some((ours.rate.median / theirs.rate.median, theirs.memory / ours.memory))
}

/// The ratios by name: of both pages on SQLite, where nothing but the server works.
pub(super) fn ratios(part: &SitePart) -> Vec<(String, f64)> {
    let of = |page: &str, engine: Engine| {
        part.compared.iter().find(|one| one.page == page && one.engine == engine)
    };
    let mut all = Vec::new();
    for (peer, name) in [(FASTAPI, "fastapi"), (FASTIFY, "fastify")] {
        let page = of(CUSTOMER_PAGE, Engine::SQLite).and_then(|one| times(one, peer));
        let list = of(STAFF_LIST, Engine::SQLite).and_then(|one| times(one, peer));
        all.extend(page.map(|(rate, _)| (format!("site_vs_{name}"), round(rate))));
        all.extend(list.map(|(rate, _)| (format!("site_list_vs_{name}"), round(rate))));
        all.extend(page.map(|(_, memory)| (format!("site_memory_vs_{name}"), round(memory))));
    }
    all
}

fn time(part: &SitePart, view: &str, engine: Engine, customers: usize) -> Option<f64> {
    let is = |one: &&Growth| one.view == view && one.engine == engine && one.customers == customers;
    Some(part.growth.iter().find(is)?.time.median)
}

/// How many times longer a view takes with 100,000 customers than with 1,000.
fn grown(part: &SitePart, view: &str, engine: Engine) -> Option<f64> {
    Some(time(part, view, engine, 100_000)? / time(part, view, engine, 1000)?)
}

/// The part of the report.
pub(super) fn text(part: &SitePart) -> String {
    let mut text = format!(
        "\n## The service\n\nOn {}; {} rounds of a second, the servers in turns, 32 requests at once. What serves \
         has one core, PostgreSQL included; `wrk` has another. 1,000 customers, whose openings of the page are on \
         record already, so that pages are read and nothing is written. The peers show the same pages \
         byte for byte after the same queries. Medians; in brackets what nine of ten rounds were better \
         than. The processor's time is that of the server without PostgreSQL. FastAPI runs its functions on \
         threads, as it advises for libraries that block.\n\n| server | |\n| --- | --- |\n",
        part.machine, part.rounds
    );
    let _ = writeln!(text, "| {OURS} | the release program |");
    for (name, about) in &part.servers {
        let _ = writeln!(text, "| {name} | {about} |");
    }
    text += "\n| page | database | server | requests a second | p99, ms | processor a request, µs | \
         memory at most, MB | ours / this one | memory of this one / ours |\n";
    text += "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for one in &part.compared {
        for name in [OURS, FASTAPI, FASTIFY] {
            let Some(served) = one.servers.get(name) else { continue };
            let (rate, memory) = match times(one, name) {
                Some((rate, memory)) if name != OURS => (number(rate), number(memory)),
                _ => (String::new(), String::new()),
            };
            let _ = writeln!(
                text,
                "| {}, {:.1} KB | {:?} | {name} | {} | {} | {} | {:.1} | {rate} | {memory} |",
                one.page,
                kilobytes(one.bytes),
                one.engine,
                both(Some(&served.rate)),
                both(Some(&served.p99)),
                both(Some(&served.cpu)),
                served.memory,
            );
        }
    }
    growth(&mut text, part);
    endpoints(&mut text, part);
    text
}

fn endpoints(text: &mut String, part: &SitePart) {
    *text += "\n### What takes in\n\n16 requests at once. Each is on disk before it is acknowledged.\n\n\
         | | database | requests a second | p99, ms | processor a request, µs | memory at most, MB |\n\
         | --- | --- | --- | --- | --- | --- |\n";
    for one in &part.endpoints {
        let (name, engine, served) = (&one.name, one.engine, one.served);
        let cells = [served.rate, served.p99, served.cpu].map(|one| both(Some(&one)));
        let _ = writeln!(
            text,
            "| {name} | {engine:?} | {} | {:.1} |",
            cells.join(" | "),
            served.memory
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "kilobytes")]
fn kilobytes(bytes: usize) -> f64 {
    bytes as f64 / 1000.0
}

fn growth(text: &mut String, part: &SitePart) {
    *text += "\n### How it grows\n\nMilliseconds until the answer, one request after the other.\n\n\
         | view | database | 1,000 customers | 10,000 | 100,000 | 100,000 / 1,000 |\n\
         | --- | --- | --- | --- | --- | --- |\n";
    for view in [STAFF_LIST, "search", "region", CUSTOMER_PAGE] {
        for engine in [Engine::SQLite, Engine::PostgreSQL] {
            let cell = |customers: usize| {
                time(part, view, engine, customers).map_or(String::new(), number)
            };
            let cells = [1000, 10_000, 100_000].map(cell).join(" | ");
            let times = grown(part, view, engine).map_or(String::new(), number);
            let _ = writeln!(text, "| {view} | {engine:?} | {cells} | {times} |");
        }
    }
    *text += "\n![Time of each view by the number of customers, on SQLite](benchmarks/growth-sqlite.svg)\n\
         \n![Time of each view by the number of customers, on PostgreSQL](benchmarks/growth-postgresql.svg)\n\
         \n![Requests a second of each server](benchmarks/requests.svg)\n";
}
