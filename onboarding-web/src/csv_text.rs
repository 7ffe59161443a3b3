//! Tables as CSV text that no spreadsheet program takes for formulas (OWASP, "CSV Injection").

use csv::{QuoteStyle, Terminator, WriterBuilder};

/// A table as CSV (RFC 4180): every cell in quotation marks, lines end in `\r\n`. A cell that a
/// spreadsheet program could execute gets an apostrophe before it.
pub fn write(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    let header = header.iter().map(|cell| (*cell).to_owned()).collect();
    for row in std::iter::once(header).chain(rows) {
        // Writing into memory does not fail, and `flexible` takes rows of any length.
        let _ = writer.write_record(row.iter().map(|cell| disarmed(cell)));
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// The cell with an apostrophe wherever a formula could begin: in front, and also after a
/// semicolon, tab or line break, where programs that divide cells elsewhere would begin a new one.
fn disarmed(cell: &str) -> String {
    let mut disarmed = String::with_capacity(cell.len() + 1);
    // A tab or line break in front is swallowed by some programs, and what follows is executed.
    if cell.starts_with(['\t', '\r', '\n', '\0']) || is_live(cell) {
        disarmed.push('\'');
    }
    for (index, part) in cell.split_inclusive([';', '\t', '\r', '\n']).enumerate() {
        if index > 0 && is_live(part) {
            disarmed.push('\'');
        }
        disarmed.push_str(part);
    }
    disarmed
}

/// Whether the first thing in a text that counts is the beginning of a formula. What does not
/// count: blanks, invisible characters, and quotation marks, which may end up outside the cell.
fn is_live(part: &str) -> bool {
    let invisible = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let ignored = |c: char| c.is_whitespace() || c.is_control() || c == '"' || invisible(c);
    part.trim_start_matches(ignored).starts_with(begins_formula)
}

/// `=`, `+`, `-` and `@`, as they are, full-width, small, and the mathematical minus.
fn begins_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@')
        || matches!(c, '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
        || matches!(c, '\u{fe66}' | '\u{fe62}' | '\u{fe63}' | '\u{fe6b}' | '\u{2212}')
}

#[cfg(test)]
#[path = "csv_text_tests.rs"]
mod tests;
