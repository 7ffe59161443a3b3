//! The peers' templates, made from pages of the site: so they show the same bytes, and stay the same when
//! a page changes.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

/// Values of a page, by the names that the peers give them.
pub(crate) type Values<'a> = Vec<(&'a str, String)>;

/// What stands between two texts.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> Result<&'a str> {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    let (found, _) =
        found.with_context(|| format!("the page has nothing between {before:?} and {after:?}"))?;
    Ok(found)
}

/// A page with marks in the place of values. Longer values come first, since they may hold shorter ones.
fn marked(page: &str, values: &Values<'_>) -> Result<String> {
    let mut text = page.to_owned();
    for (name, value) in values {
        ensure!(text.contains(value.as_str()), "the page does not show {name}, {value:?}");
        text = text.replace(value.as_str(), &format!("\u{1}{name}\u{2}"));
    }
    Ok(text)
}

/// Writes a page's template for both peers.
pub(crate) fn write(folder: &Path, name: &str, page: &str, values: &Values<'_>) -> Result<()> {
    let text = marked(page, values)?;
    write_both(folder, name, &text, ("", ""))
}

/// The same for a page with rows: `row` is the first of them, as it stands in the page.
pub(crate) fn write_with_rows(
    folder: &Path,
    name: &str,
    (page, values): (&str, &Values<'_>),
    (rows, row, row_values): (&str, &str, &Values<'_>),
) -> Result<()> {
    let page = marked(&page.replacen(rows, "\u{3}", 1), values)?;
    let row = marked(row, row_values)?;
    write_both(folder, name, &page, (&row, "row."))
}

fn write_both(folder: &Path, name: &str, page: &str, (row, of_row): (&str, &str)) -> Result<()> {
    fs::create_dir_all(folder)?;
    for sign in ["{{", "{%", "{#", "<%"] {
        ensure!(
            !page.contains(sign) && !row.contains(sign),
            "the page has {sign}, which templates read"
        );
    }
    let fill = |text: &str, prefix: &str, (begin, end): (&str, &str)| {
        text.replace('\u{1}', &format!("{begin}{prefix}")).replace('\u{2}', end)
    };
    let jinja = ("{{ ", " }}");
    let rows = fill(row, of_row, jinja).replace("row.number", "loop.index");
    let rows = format!("{{% for row in rows %}}{rows}{{% endfor %}}");
    let text = fill(page, "", jinja).replace('\u{3}', &rows);
    fs::write(folder.join(format!("{name}.jinja")), text)?;
    let ejs = ("<%= ", " %>");
    let rows = fill(row, of_row, ejs).replace("row.number", "at + 1");
    let rows = format!("<% it.rows.forEach((row, at) => {{ %>{rows}<% }}); %>");
    let text = fill(page, "it.", ejs).replace('\u{3}', &rows);
    fs::write(folder.join(format!("{name}.ejs")), text)?;
    Ok(())
}
