use proptest::prelude::*;

use super::*;

const ALB: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188";
const HEADER: &str = "name,email,account,load_balancers";

fn known(region: &str) -> bool {
    ["eu-west-1", "eu-central-1", "us-east-1"].contains(&region)
}

fn none(_: &str, _: &str, _: &str) -> Option<String> {
    None
}

fn read_bytes(bytes: &[u8]) -> Result<DryRun, FileError> {
    let versions = ["0.1.0".to_owned()];
    let rules =
        Rules { known_region: &known, template_versions: &versions, default_expiry_days: 14 };
    read(bytes, &rules, &none)
}

fn import(text: &str) -> DryRun {
    read_bytes(text.as_bytes()).unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn refused(text: &str) -> String {
    read_bytes(text.as_bytes()).expect_err(text).to_string()
}

fn row(account: &str, load_balancers: &str) -> String {
    format!("Shop,a@b.example,{account},{load_balancers}")
}

fn regions(customer: &Customer) -> Vec<&str> {
    customer.regions.iter().map(|region| region.region.as_str()).collect()
}

#[test]
fn the_sample_passes_and_shows_every_column() {
    let result = import(SAMPLE);
    assert_eq!(result.errors, []);
    assert_eq!(result.rows, 3);
    let rows: Vec<usize> = result.good.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, [2, 3, 4]);
    assert_eq!(SAMPLE.lines().next(), Some(COLUMNS.join(",").as_str()));
    assert_eq!(regions(&result.good[1].1), ["eu-west-1", "us-east-1"]);
    assert_eq!(result.good[2].1.regions[0].selectors.len(), 2);
}

#[test]
fn columns_come_in_any_order_and_spelling() {
    let text = format!(
        "Notes, Load Balancers ,ACCOUNT,name,E-mail\nhello,{ALB},111122223333,Shop,a@b.example\n"
    );
    assert!(refused(&text).contains("'E-mail'"), "a column that is not known is named");
    let result = import(&text.replace("E-mail", "Email"));
    assert_eq!(result.errors, []);
    assert_eq!(result.good[0].1.notes, "hello");
    assert_eq!(result.good[0].1.regions[0].selectors.len(), 1);
}

#[test]
fn headers_that_make_no_sense_are_refused_in_words() {
    let cases = [
        (String::new(), "The file is empty"),
        ("\n\n ,,\n".into(), "The file is empty"),
        (format!("{HEADER}\n"), "no customers"),
        (format!("{HEADER}\n,,,\n"), "no customers"),
        (row("111122223333", ALB), "The first row must name the columns"),
        (format!("{HEADER},phone,fax\nx"), "not known: 'phone', 'fax'"),
        (format!("{HEADER},Name\nx"), "names the column name twice"),
        ("name,notes\nx".into(), "lacks email, account, load_balancers"),
        (format!("{HEADER},,notes\nx"), "not known: ''"),
    ];
    for (text, words) in cases {
        let why = refused(&text);
        assert!(why.contains(words), "{text}: {why}");
    }
}

#[test]
fn files_that_are_too_large_are_refused() {
    let rows = |count: usize| {
        let rows: String =
            (0..count).map(|n| row(&format!("{n:0>12}"), "eu-west-1 all\n")).collect();
        format!("{HEADER}\n{rows}")
    };
    assert_eq!(import(&rows(MAX_ROWS)).good.len(), MAX_ROWS);
    assert_eq!(read_bytes(rows(MAX_ROWS + 1).as_bytes()), Err(FileError::TooManyRows));
    let blank = rows(1) + &" ".repeat(MAX_BYTES);
    assert_eq!(read_bytes(blank.as_bytes()), Err(FileError::TooLarge));
}

#[test]
fn files_that_are_not_utf_8_are_refused_in_words() {
    let latin = [HEADER.as_bytes(), b"\nM\xfcller,a@b.example,1,x"].concat();
    assert_eq!(read_bytes(&latin), Err(FileError::NotUtf8 { line: 2 }));
    let utf16: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16 = [b"\xff\xfe".as_slice(), &utf16].concat();
    assert_eq!(read_bytes(&utf16), Err(FileError::NotUtf8 { line: 1 }));
    assert!(refused_bytes(&utf16).contains("CSV UTF-8"));
}

fn refused_bytes(bytes: &[u8]) -> String {
    read_bytes(bytes).unwrap_err().to_string()
}

#[test]
fn a_byte_order_mark_and_other_separators_are_no_obstacle() {
    let lines = [HEADER.to_owned(), row("111122223333", "eu-west-1 all")].join("\r\n");
    let quoted = "\"eu-west-1 all;us-east-1 all\"";
    for text in [
        format!("\u{feff}{lines}"),
        lines.replace('\n', ""),
        lines.replace(',', ";"),
        lines.replace(',', "\t"),
        lines.replace(',', ";").replace("eu-west-1 all", quoted),
    ] {
        let result = import(&text);
        assert_eq!((result.rows, result.errors), (1, vec![]), "{text:?}");
    }
}

#[test]
fn load_balancers_may_share_a_cell_in_several_ways() {
    let (a, b) = (ALB, ALB.replace("web", "api"));
    for cell in
        [format!("{a};{b}"), format!("{a} {b}"), format!("\"{a}\n{b}\""), format!("\"{a}, {b}\"")]
    {
        let result = import(&format!("{HEADER}\n{}", row("111122223333", &cell)));
        assert_eq!(result.errors, [], "{cell}");
        assert_eq!(result.good[0].1.regions[0].selectors.len(), 2, "{cell}");
    }
}

#[test]
fn rows_are_numbered_as_spreadsheet_programs_number_them() {
    for newline in ["\n", "\r\n", "\r"] {
        let bad = row("12", "eu-west-1 all");
        let good = row("111122223333", "\"eu-west-1 all\nus-east-1 all\"");
        let text = ["", HEADER, &bad, "", "", &good, &bad, ",,,", "  ", &bad].join("\n");
        let result = import(&text.replace('\n', newline));
        let rows: Vec<usize> = result.errors.iter().map(|error| error.row).collect();
        assert_eq!(rows, [3, 7, 10], "{newline:?}");
        assert_eq!(result.good[0].0, 6, "{newline:?}");
        assert_eq!(result.rows, 4, "{newline:?}");
    }
}

#[test]
fn what_is_wrong_is_told_by_row_column_and_value() {
    let text = format!(
        "{HEADER},expires_days\n{},14\n{},400",
        row("1", "web"),
        row(" 2 ", "eu-west-1 all")
    );
    let result = import(&text);
    let told: Vec<(usize, &str, &str)> =
        result.errors.iter().map(|e| (e.row, e.column, e.value.as_str())).collect();
    let wanted = [
        (2, "account", "1"),
        (2, "load_balancers", "web"),
        (3, "account", "2"),
        (3, "expires_days", "400"),
    ];
    assert_eq!(told, wanted);
    assert!(result.errors[3].message.contains("from 1 to 90"));
    assert!(result.good.is_empty());
}

#[test]
fn a_row_with_too_many_cells_is_refused_as_a_whole() {
    let many = row("111122223333", "eu-west-1 all,us-east-1 all");
    let result = import(&format!("{HEADER}\n{many}"));
    assert_eq!(result.errors.len(), 1);
    assert_eq!(result.errors[0].column, "");
    assert!(result.errors[0].message.contains("5 cells, but the header has 4"), "{result:?}");
    let trailing = row("111122223333", "eu-west-1 all,,,");
    assert_eq!(import(&format!("{HEADER},,\n{trailing}")).errors, []);
}

#[test]
fn a_quotation_mark_that_is_never_closed_is_told() {
    let good = row("111122223333", "eu-west-1 all");
    let text = format!("{HEADER},notes\n{good},\"never closed\n{good},x\n{good},y\n");
    let result = import(&text);
    assert_eq!(result.rows, 1);
    assert!(result.errors[0].message.contains("never closed"), "{result:?}");
    assert_eq!(result.errors[0].row, 2);
    let inch = import(&format!("{HEADER},notes\n{good},a 5\" pipe"));
    assert_eq!(inch.good[0].1.notes, "a 5\" pipe");
}

#[test]
fn an_accounts_region_is_taken_once() {
    let (one, two) = ("eu-west-1 all", "us-east-1 all;eu-west-1 tag:a=b");
    let rows = [row("111122223333", one), row("444455556666", one), row("1111-2222-3333", two)];
    let result = import(&format!("{HEADER}\n{}", rows.join("\n")));
    assert_eq!(result.good.len(), 2);
    assert_eq!(result.errors.len(), 1);
    let error = &result.errors[0];
    assert_eq!((error.row, error.column, error.value.as_str()), (4, "account", "111122223333"));
    assert!(error.message.contains("eu-west-1 of account 1111 2222 3333 is already in row 2"));
}

#[test]
fn two_rows_may_have_different_load_balancers_of_one_region() {
    let arn = |name: &str| {
        format!(
            "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/{name}/50dc6c495c0c9188"
        )
    };
    let rows = ["a", "b", "a"].map(|name| row("111122223333", &arn(name)));
    let result = import(&format!("{HEADER}\n{}", rows.join("\n")));
    assert_eq!((result.good.len(), result.errors.len()), (2, 1));
    assert!(result.errors[0].message.contains("already in row 2"), "{result:?}");
}

#[test]
fn customers_that_exist_are_named() {
    let exists = |account: &str, region: &str, _: &str| {
        (account == "111122223333" && region == "us-east-1").then(|| "Old \u{7}Shop".to_owned())
    };
    let versions = ["0.1.0".to_owned()];
    let rules =
        Rules { known_region: &known, template_versions: &versions, default_expiry_days: 7 };
    let rows = [row("111122223333", "eu-west-1 all"), row("111122223333", "us-east-1 all")];
    let text = format!("{HEADER}\n{}", rows.join("\n"));
    let result = read(text.as_bytes(), &rules, &exists).unwrap();
    assert_eq!(result.good.len(), 1);
    assert_eq!(result.errors[0].row, 3);
    assert!(result.errors[0].message.contains("belongs to the customer 'Old \u{fffd}Shop'"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_bytes(&bytes);
        let _ = read_bytes(&[HEADER.as_bytes(), b"\n", &bytes].concat());
    }

    #[test]
    fn any_text_below_a_header_is_told_of_row_by_row(
        text in "[\",;\r\n\ta-z1=@\u{feff}é ]{0,200}|.*",
    ) {
        if let Ok(result) = read_bytes(format!("{HEADER}\n{text}").as_bytes()) {
            prop_assert!(result.rows >= result.good.len());
            prop_assert!(result.errors.iter().all(|error| error.row > 1 && !error.message.is_empty()));
            let mut bad: Vec<usize> = result.errors.iter().map(|error| error.row).collect();
            bad.dedup();
            prop_assert_eq!(bad.len() + result.good.len(), result.rows);
        }
    }
}
