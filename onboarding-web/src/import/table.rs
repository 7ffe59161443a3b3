//! A CSV file as rows of text, before anybody asks what they mean.

use super::{COLUMNS, FileError, MAX_BYTES, MAX_ROWS, REQUIRED};
use crate::load_balancers::shown;

/// A file whose header makes sense.
pub(super) struct Table {
    /// The columns, in the order of the file.
    pub(super) columns: Vec<&'static str>,
    /// The rows that are not blank.
    pub(super) rows: Vec<Row>,
}

/// A row of it.
pub(super) struct Row {
    /// As a spreadsheet program numbers it.
    pub(super) number: usize,
    /// Without the blanks around them.
    pub(super) cells: Vec<String>,
    /// Whether a quotation mark in it is never closed.
    pub(super) unclosed: bool,
}

/// Reads header and rows.
pub(super) fn read(bytes: &[u8]) -> Result<Table, FileError> {
    if bytes.len() > MAX_BYTES {
        return Err(FileError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|why| {
        let before = bytes.get(..why.valid_up_to()).unwrap_or_default();
        FileError::NotUtf8 { line: before.split(|byte| *byte == b'\n').count() }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = Rows::new(text);
    let header = rows.next().ok_or(FileError::Empty)?;
    let columns = read_header(&header.cells)?;
    let rows: Vec<Row> = rows.take(MAX_ROWS + 1).collect();
    match rows.len() {
        0 => Err(FileError::NoRows),
        count if count > MAX_ROWS => Err(FileError::TooManyRows),
        _ => Ok(Table { columns, rows }),
    }
}

fn read_header(cells: &[String]) -> Result<Vec<&'static str>, FileError> {
    let column = |cell: &String| {
        let name = cell.to_lowercase().replace([' ', '-'], "_");
        COLUMNS.into_iter().find(|column| *column == name)
    };
    // Spreadsheet programs leave empty cells behind where a column was cleared.
    let end = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
    let cells = cells.get(..end).unwrap_or_default();
    let columns: Vec<&'static str> = cells.iter().filter_map(column).collect();
    if columns.is_empty() {
        let first = cells.iter().find(|cell| !cell.is_empty());
        return Err(FileError::NoHeader { first: shown(first.map_or("", String::as_str)) });
    }
    if columns.len() < cells.len() {
        let unknown = cells.iter().filter(|cell| column(cell).is_none());
        let names = unknown.take(20).map(|cell| format!("'{}'", shown(cell))).collect();
        return Err(FileError::UnknownColumns { names });
    }
    let count = |name: &str| columns.iter().filter(|column| **column == name).count();
    if let Some(name) = COLUMNS.into_iter().find(|name| count(name) > 1) {
        return Err(FileError::RepeatedColumn { name });
    }
    let missing = COLUMNS.into_iter().take(REQUIRED).filter(|name| count(name) == 0);
    let names: Vec<&'static str> = missing.collect();
    if names.is_empty() { Ok(columns) } else { Err(FileError::MissingColumns { names }) }
}

/// The rows that are not blank. The csv crate takes any text, so there is no error to pass on.
struct Rows<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    number: usize,
}

impl<'a> Rows<'a> {
    fn new(text: &'a str) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter(text))
            .from_reader(text.as_bytes());
        Self { text, reader, number: 0 }
    }

    fn offset(&self) -> usize {
        usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX)
    }
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            let begin = self.offset();
            let mut record = csv::StringRecord::new();
            if !self.reader.read_record(&mut record).unwrap_or(false) {
                return None;
            }
            // The reader skips empty lines; spreadsheet programs number them.
            self.number += 1 + skipped_lines(self.text, begin);
            let cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
            if cells.iter().all(String::is_empty) {
                continue;
            }
            let raw = self.text.get(begin..self.offset()).unwrap_or_default();
            let odd = raw.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
            let last = self.offset() >= self.text.len();
            let unclosed = odd && last && record.iter().any(|cell| cell.contains(['\n', '\r']));
            return Some(Row { number: self.number, cells, unclosed });
        }
    }
}

/// Where numbers have decimal commas, spreadsheet programs put semicolons or tabs between cells. No
/// column name has any of the three in it.
fn delimiter(text: &str) -> u8 {
    let header = text.trim_start().lines().next().unwrap_or_default();
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    // Of equals, the last wins.
    b"\t;,".iter().copied().max_by_key(count).unwrap_or(b',')
}

/// How many empty lines there are at an offset that the reader has come to. It stops between `\r`
/// and `\n`, so that `\n` still ends the line before.
fn skipped_lines(text: &str, begin: usize) -> usize {
    let (before, after) = text.split_at_checked(begin).unwrap_or((text, ""));
    let after =
        if before.ends_with('\r') { after.strip_prefix('\n').unwrap_or(after) } else { after };
    let end = after.find(|c| c != '\r' && c != '\n').unwrap_or(after.len());
    let breaks = after.get(..end).unwrap_or_default().replace("\r\n", "\n");
    breaks.len()
}
