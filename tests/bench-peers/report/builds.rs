//! The builds' table.

use std::fmt::Write as _;

use crate::builds::BuildsPart;

/// The part of the report.
pub(super) fn text(part: &BuildsPart) -> String {
    let mut text = format!(
        "\n## The builds\n\nOn {}, {}. Release builds; seconds on the clock, and in brackets those of all \
         processors together.\n\n| program | from nothing | after a change of one file | program, MB | \
         zip, MB | packages |\n| --- | --- | --- | --- | --- | --- |\n",
        part.machine, part.compiler
    );
    for one in &part.programs {
        let zip = one.zip_mb.map_or(String::new(), |zip| format!("{zip:.2}"));
        let _ = writeln!(
            text,
            "| {} | {} ({}) | {} ({}) | {:.2} | {zip} | {} |",
            one.name,
            one.clean.seconds,
            one.clean.cpu,
            one.changed.seconds,
            one.changed.cpu,
            one.program_mb,
            one.packages,
        );
    }
    text += "\nWhat has the most code in them, in MB:\n\n";
    for one in &part.programs {
        let largest = one.largest.iter().map(|(name, size)| format!("{name} {size:.2}"));
        let _ = writeln!(text, "- {}: {}", one.name, largest.collect::<Vec<_>>().join(", "));
    }
    text
}
