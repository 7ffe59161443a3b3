//! Texts that would be more than texts, wherever somebody can put one; and requests that are none.

mod addresses;
mod kept;
mod mail;
mod malformed;
mod markup;
mod staff;
mod texts;

use anyhow::{Context, Result, ensure};
use harness::{postgres::Postgres, site::Answered};

use super::access::world::World;

/// Collects what is wrong, so that one run tells all of it.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn check(&mut self, what: &str, text: &str, answer: &Answered, url: &str) {
        if let Some(why) = markup::fault(answer, text, url) {
            let text: String = text.chars().take(60).collect();
            self.0.push(format!("{what} with {text:?}: {why}"));
        }
    }

    fn none(self) -> Result<()> {
        let (count, mut all) = (self.0.len(), self.0);
        all.truncate(60);
        ensure!(count == 0, "{count} faults:\n{}", all.join("\n"));
        Ok(())
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn there_are_more_than_a_hundred_texts_and_each_once() {
    let all = texts::all();
    let each: std::collections::BTreeSet<&String> = all.iter().collect();
    assert!(all.len() > 100 && each.len() == all.len(), "{} of {}", each.len(), all.len());
}

/// Both engines, because each has texts of its own that it does not take.
async fn on_both(story: impl AsyncFn(&World) -> Result<()>) -> Result<()> {
    let database = Postgres::shared().await?.new_database().await?;
    let mut failed = Vec::new();
    for (engine, database) in [("SQLite", ""), ("PostgreSQL", database.as_str())] {
        if let Err(error) = story(&World::on(database).await.context(engine)?).await {
            failed.push(format!("{engine}: {error:#}"));
        }
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// Whether no cell of a CSV file begins as a formula does. Every cell is in quotation marks, and
/// those within one are doubled, so a comma or a line's beginning before a single one begins a cell.
fn inert(what: &str, csv: &str, faults: &mut Faults) {
    assert!(csv.starts_with('"'), "{what}: {csv}");
    for live in
        ['=', '+', '-', '@', '\t', '\r', '\0', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']
    {
        for before in [",\"", "\r\n\""] {
            let cell = format!("{before}{live}");
            // An empty cell at a line's end looks like one that begins with a line break.
            let found = csv
                .match_indices(&cell)
                .find(|(at, _)| live != '\r' || !csv[at + before.len()..].starts_with("\r\n\""));
            if let Some((at, _)) = found {
                let near: String = csv[at..].chars().take(60).collect();
                faults.0.push(format!("{what} has a live cell: {near:?}"));
            }
        }
    }
}
