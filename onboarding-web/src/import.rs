//! Many customers from a CSV file, as a dry run: nothing is saved here. Every row goes through the
//! checks of the form, and what is wrong is told by row and column.

mod table;

use std::collections::HashMap;

use crate::{
    customer_form::{self, Customer, FieldError, RawCustomer, Rules, grouped},
    load_balancers::{overlap, parameter, shown},
};

/// The largest file that is read.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// The most rows that are read; the header and blank rows do not count.
pub const MAX_ROWS: usize = 5000;

/// The columns that a file may have, in the order of [`SAMPLE`]. The first four it must have.
pub const COLUMNS: [&str; 9] = [
    "name",
    "email",
    "account",
    "load_balancers",
    "existing_bucket",
    "retention_days",
    "expires_days",
    "owner",
    "notes",
];
const REQUIRED: usize = 4;

/// A file to begin with. It passes as it is.
pub const SAMPLE: &str = "\
name,email,account,load_balancers,existing_bucket,retention_days,expires_days,owner,notes
Example Shop,cloud-team@shop.example,1111 2222 3333,arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188,shop-example-logs,90,14,support@vendor.example,One load balancer and the bucket that it logs to
Example Bank,aws@bank.example,444455556666,eu-west-1 all; us-east-1 tag:Team=payments,,,,,Every load balancer of one region and the tagged ones of another
Beispiel GmbH,it@beispiel.example,7777-8888-9999,\"arn:aws:elasticloadbalancing:eu-central-1:777788889999:loadbalancer/app/shop/6d0ecf831eec9f09
arn:aws:elasticloadbalancing:eu-central-1:777788889999:loadbalancer/net/mail/73e2d6bc24d8a067\",,365,30,,Two load balancers in one cell
";

/// What importing would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Customers that can be made, each with its row.
    pub good: Vec<(usize, Customer)>,
    /// What is wrong with the other rows, in the order of the file.
    pub errors: Vec<RowError>,
    /// How many rows there are, good and bad.
    pub rows: usize,
}

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The row as a spreadsheet program numbers it; the header is row 1.
    pub row: usize,
    /// One of [`COLUMNS`]; empty if the whole row is meant.
    pub column: &'static str,
    /// What the cell says, cut short; empty if the whole row is meant.
    pub value: String,
    /// In words: what is wrong and what to do.
    pub message: String,
}

/// Why a file cannot be read at all, in words for the page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// More than [`MAX_BYTES`].
    #[error(
        "The file is larger than 2 MB, which is the most that can be imported at once. Divide it \
         into several files, each with the header row"
    )]
    TooLarge,
    /// More than [`MAX_ROWS`].
    #[error(
        "The file has more than 5,000 rows, which is the most that can be imported at once. Divide \
         it into several files, each with the header row"
    )]
    TooManyRows,
    /// UTF-16, Latin-1 or no text at all.
    #[error(
        "The file is not UTF-8 text (the first place that cannot be read is in line {line}). Save \
         it again as CSV UTF-8, which is one of the file types that spreadsheet programs offer"
    )]
    NotUtf8 {
        /// The line of the file, from 1.
        line: usize,
    },
    /// Nothing, or nothing but blank rows.
    #[error("The file is empty. Download the sample file and fill it in")]
    Empty,
    /// A header and nothing below it.
    #[error("The file has a header row but no customers. Add one row for each customer")]
    NoRows,
    /// The first row holds no column name at all.
    #[error(
        "The first row must name the columns ({}), but begins with '{first}'. Add the header row",
        COLUMNS.join(", ")
    )]
    NoHeader {
        /// What stands in its place.
        first: String,
    },
    /// Columns that nobody knows.
    #[error(
        "The header row names columns that are not known: {}. Known columns are {}. Correct the \
         names, or remove the columns",
        .names.join(", "),
        COLUMNS.join(", ")
    )]
    UnknownColumns {
        /// As the file has them.
        names: Vec<String>,
    },
    /// The same column more than once.
    #[error("The header row names the column {name} twice. Remove one of the two")]
    RepeatedColumn {
        /// One of [`COLUMNS`].
        name: &'static str,
    },
    /// Columns without which there is no customer.
    #[error(
        "The header row lacks {}. Add what is missing; the sample file shows how",
        .names.join(", ")
    )]
    MissingColumns {
        /// Of [`COLUMNS`].
        names: Vec<&'static str>,
    },
}

/// Reads a file and checks every row. `exists` names the customer that has load balancers of an
/// account's region already: account, region, value of the stack's parameter.
pub fn read(
    bytes: &[u8],
    rules: &Rules<'_>,
    exists: &dyn Fn(&str, &str, &str) -> Option<String>,
) -> Result<DryRun, FileError> {
    let table = table::read(bytes)?;
    let mut taken = Taken { rows: HashMap::new(), exists };
    let mut result = DryRun { rows: table.rows.len(), ..DryRun::default() };
    for row in &table.rows {
        let checked = check_shape(row, table.columns.len())
            .and_then(|()| check_row(row, &table.columns, rules))
            .and_then(|customer| taken.check(row.number, customer));
        match checked {
            Ok(customer) => result.good.push((row.number, customer)),
            Err(errors) => result.errors.extend(errors),
        }
    }
    Ok(result)
}

fn check_shape(row: &table::Row, columns: usize) -> Result<(), Vec<RowError>> {
    let message = if row.unclosed {
        "A quotation mark in this row is never closed, so the rest of the file is read as part of \
         it. Close it, or double it if it belongs to the text"
            .to_owned()
    } else if row.cells.iter().skip(columns).any(|cell| !cell.is_empty()) {
        format!(
            "The row has {} cells, but the header has {columns}. Put cells that have a comma or \
             semicolon in them between quotation marks",
            row.cells.len()
        )
    } else {
        return Ok(());
    };
    Err(vec![RowError { row: row.number, column: "", value: String::new(), message }])
}

fn check_row(
    row: &table::Row,
    columns: &[&'static str],
    rules: &Rules<'_>,
) -> Result<Customer, Vec<RowError>> {
    let cell = |name: &str| {
        let place = columns.iter().position(|column| *column == name);
        place.and_then(|place| row.cells.get(place)).cloned().unwrap_or_default()
    };
    let raw = RawCustomer {
        name: cell("name"),
        email: cell("email"),
        account: cell("account"),
        load_balancers: cell("load_balancers"),
        existing_bucket: cell("existing_bucket"),
        retention_days: cell("retention_days"),
        expires_days: cell("expires_days"),
        template_version: String::new(),
        owner: cell("owner"),
        notes: cell("notes"),
    };
    let told = |FieldError { field, message }| RowError {
        row: row.number,
        column: field,
        value: shown(cell(field).trim()),
        message,
    };
    customer_form::check(&raw, rules).map_err(|errors| errors.into_iter().map(told).collect())
}

/// Each load balancer can be onboarded once.
struct Taken<'a> {
    /// Account and region, and the rows that have something of them.
    rows: HashMap<(String, String), Vec<(usize, String)>>,
    exists: &'a dyn Fn(&str, &str, &str) -> Option<String>,
}

impl Taken<'_> {
    fn check(&mut self, row: usize, customer: Customer) -> Result<Customer, Vec<RowError>> {
        let account = &customer.account;
        let mut errors = Vec::new();
        for one in &customer.regions {
            let (region, wanted) = (&one.region, parameter(one));
            let rows = self.rows.entry((account.clone(), region.clone())).or_default();
            let first = rows.iter().find(|(_, has)| overlap(has, &wanted)).map(|(row, _)| *row);
            rows.push((row, wanted.clone()));
            let what = format!("{region} of account {}", grouped(account));
            let message = if let Some(name) = (self.exists)(account, region, &wanted) {
                format!(
                    "{what} belongs to the customer '{}' already. Change it there, and remove it \
                     from this row",
                    shown(&name)
                )
            } else if let Some(first) = first {
                format!("{what} is already in row {first}. Put both into one row")
            } else {
                continue;
            };
            errors.push(RowError { row, column: "account", value: account.clone(), message });
        }
        if errors.is_empty() { Ok(customer) } else { Err(errors) }
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
