//! Many customers at once, from a CSV file: upload, check, confirm, result.

use askama::Template;

use super::frame::{FieldError, Frame};

/// `GET` and `POST /customers/import`: the upload.
#[derive(Template)]
#[template(path = "import.html")]
pub struct Import {
    /// Around the page.
    pub frame: Frame,
    /// Why the file was not taken.
    pub errors: Vec<FieldError>,
    /// The columns that are read, in the order of the sample.
    pub columns: Vec<Column>,
    /// The most that is taken: `5,000 rows or 2 MB`.
    pub limit: String,
}

/// A column of the file.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its heading, exactly.
    pub name: String,
    /// Whether every row needs it.
    pub required: bool,
    /// What stands in it.
    pub about: String,
}

/// `GET /customers/import/{id}`: what the file would do. Nothing is saved yet.
#[derive(Template)]
#[template(path = "import_check.html")]
pub struct ImportCheck {
    /// Around the page.
    pub frame: Frame,
    /// This page; both forms are sent to it.
    pub url: String,
    /// The file's name as uploaded.
    pub file: String,
    /// Rows that can be saved.
    pub good: usize,
    /// Rows that cannot.
    pub bad: usize,
    /// What is wrong, by row; perhaps only the first of many.
    pub errors: Vec<RowError>,
    /// How many errors are only in the download.
    pub more_errors: usize,
    /// All errors as a CSV file, if there are any.
    pub errors_url: Option<String>,
    /// Until when the file can be confirmed: `11:31 UTC`.
    pub expires: String,
}

/// What is wrong with a row.
#[derive(Debug, Clone)]
pub struct RowError {
    /// The row, as a spreadsheet counts; the heading is row 1.
    pub row: usize,
    /// The column's heading; empty when the row as a whole is wrong.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

/// After `POST /customers/import/{id}`.
#[derive(Template)]
#[template(path = "import_done.html")]
pub struct ImportDone {
    /// Around the page.
    pub frame: Frame,
    /// Customers added.
    pub added: usize,
    /// Rows left out, as asked.
    pub left_out: usize,
    /// The links file.
    pub links_url: String,
    /// The list with what was just added.
    pub customers_url: String,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::pages::customers::tests::{HOSTILE, LONG, rendered};

    fn upload(errors: Vec<FieldError>) -> Import {
        let column = |name: &str, required, about: &str| Column {
            name: name.into(),
            required,
            about: about.into(),
        };
        Import {
            frame: Frame::staff_sample("Import customers", "customers"),
            errors,
            columns: vec![
                column("name", true, "The customer’s name"),
                column("account", true, "AWS account ID, 12 digits"),
                column("load_balancers", true, "ARNs, separated by spaces"),
                column("expires_days", false, "7, 14 or 30; 14 if left out"),
            ],
            limit: "5,000 rows or 2 MB".into(),
        }
    }

    fn check(good: usize, bad: usize, value: &str) -> ImportCheck {
        let error = |row| {
            RowError {
            row,
            column: "account".into(),
            value: value.into(),
            problem: "An account ID has 12 digits; this has 8. Correct it in the file and upload it again.".into(),
        }
        };
        ImportCheck {
            frame: Frame::staff_sample("Check the file", "customers"),
            url: "/customers/import/4f1c".into(),
            file: format!("{value}.csv"),
            good,
            bad,
            errors: (0..bad.min(3)).map(|row| error(row + 2)).collect(),
            more_errors: bad.saturating_sub(3),
            errors_url: (bad > 0).then(|| "/customers/import/4f1c/errors.csv".into()),
            expires: "11:31 UTC".into(),
        }
    }

    fn done(added: usize, left_out: usize) -> ImportDone {
        ImportDone {
            frame: Frame::staff_sample("Customers imported", "customers"),
            added,
            left_out,
            links_url: "/customers/import/4f1c/links.csv".into(),
            customers_url: "/customers?sort=-changed".into(),
        }
    }

    /// Every sample of this module, rendered.
    pub(crate) fn samples() -> Vec<(&'static str, String)> {
        let wrong = "The file has no column account. Add it, or start from the sample file";
        let mut all = rendered(vec![
            ("import", upload(vec![])),
            ("import-error", upload(vec![FieldError::new("file", wrong)])),
            ("import-hostile", upload(vec![FieldError::new("file", HOSTILE)])),
        ]);
        all.extend(rendered(vec![
            ("import-check", check(35, 7, "1234 5678")),
            ("import-check-good", check(1, 0, "customers")),
            ("import-check-bad", check(0, 2, LONG)),
            ("import-check-hostile", check(2, 1, HOSTILE)),
        ]));
        all.extend(rendered(vec![("import-done", done(35, 7)), ("import-done-one", done(1, 0))]));
        all
    }

    #[test]
    fn every_sample_is_sound() {
        assert_eq!(samples().len(), 9);
    }

    #[test]
    fn a_file_without_a_good_row_cannot_be_confirmed() {
        let html = check(0, 2, "x").render().expect("a page");
        assert!(!html.contains("name=\"mode\""));
    }
}
