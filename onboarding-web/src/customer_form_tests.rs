use proptest::prelude::*;

use super::*;

const ALB: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188";

fn known(region: &str) -> bool {
    ["eu-west-1", "us-east-1", "cn-north-1"].contains(&region)
}

fn good() -> RawCustomer {
    RawCustomer {
        name: "Example Shop".into(),
        email: "team@shop.example".into(),
        account: "1111 2222-3333".into(),
        load_balancers: ALB.into(),
        ..RawCustomer::default()
    }
}

fn checked(raw: &RawCustomer) -> Result<Customer, Vec<FieldError>> {
    let versions = ["0.2.0".to_owned(), "0.1.0".to_owned()];
    let rules =
        Rules { known_region: &known, template_versions: &versions, default_expiry_days: 14 };
    check(raw, &rules)
}

fn set(raw: &mut RawCustomer, field: &str, value: &str) {
    let place = match field {
        "name" => &mut raw.name,
        "email" => &mut raw.email,
        "account" => &mut raw.account,
        "load_balancers" => &mut raw.load_balancers,
        "existing_bucket" => &mut raw.existing_bucket,
        "retention_days" => &mut raw.retention_days,
        "expires_days" => &mut raw.expires_days,
        "template_version" => &mut raw.template_version,
        "owner" => &mut raw.owner,
        "notes" => &mut raw.notes,
        other => panic!("no field {other}"),
    };
    value.clone_into(place);
}

fn with(field: &str, value: &str) -> Result<Customer, Vec<FieldError>> {
    let mut raw = good();
    set(&mut raw, field, value);
    checked(&raw)
}

fn refused(field: &str, value: &str) -> String {
    let Err(mut errors) = with(field, value) else { panic!("{field} {value:?} was taken") };
    assert_eq!(errors.len(), 1, "{field} {value:?}: {errors:?}");
    assert_eq!(errors[0].field, field, "{value:?}: {errors:?}");
    errors.remove(0).message
}

fn assert_refused(field: &str, cases: &[(&str, &str)]) {
    for (value, words) in cases {
        let why = refused(field, value);
        assert!(why.contains(words), "{field} {value:?}: {why}");
    }
}

#[test]
fn what_is_left_blank_gets_its_default() {
    let customer = checked(&good()).unwrap();
    assert_eq!(customer.account, "111122223333");
    assert_eq!(customer.partition, "aws");
    assert_eq!(customer.regions.len(), 1);
    assert_eq!(customer.existing_bucket, None);
    assert_eq!((customer.retention_days, customer.expires_days), (365, 14));
    assert_eq!(customer.template_version, "0.2.0");
    assert_eq!((customer.owner.as_str(), customer.notes.as_str()), ("", ""));
}

#[test]
fn everything_that_is_filled_in_is_kept() {
    let raw = RawCustomer {
        name: " Example Shop ".into(),
        load_balancers: format!("{ALB}\r\neu-west-1 tag:Team=shop"),
        existing_bucket: " shop.logs-1 ".into(),
        retention_days: "3650".into(),
        expires_days: " 90".into(),
        template_version: "0.1.0".into(),
        owner: "Sam".into(),
        notes: "first\r\nsecond\r\n".into(),
        ..good()
    };
    let customer = checked(&raw).unwrap();
    assert_eq!(customer.name, "Example Shop");
    assert_eq!(customer.regions[0].selectors.len(), 2);
    assert_eq!(customer.existing_bucket.as_deref(), Some("shop.logs-1"));
    assert_eq!((customer.retention_days, customer.expires_days), (3650, 90));
    assert_eq!(customer.template_version, "0.1.0");
    assert_eq!((customer.owner.as_str(), customer.notes.as_str()), ("Sam", "first\nsecond"));
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_the_order_of_the_form() {
    let mut raw = RawCustomer::default();
    for field in FIELDS {
        set(&mut raw, field, "\u{7}");
    }
    let errors = checked(&raw).unwrap_err();
    let fields: Vec<&str> = errors.iter().map(|error| error.field).collect();
    assert_eq!(fields, FIELDS);

    let errors = checked(&RawCustomer::default()).unwrap_err();
    let told: Vec<(&str, &str)> =
        errors.iter().map(|error| (error.field, error.message.as_str())).collect();
    let wanted = [
        ("name", "Enter the name of the customer"),
        ("email", "Enter the contact's email address"),
        ("account", "Enter the 12 digits of the AWS account"),
        ("load_balancers", "Enter at least one load balancer"),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn names_may_be_of_any_script() {
    let longest = "é".repeat(120);
    for name in ["株式会社ロゴス", "Łódź Sp. z o.o.", "شركة", "A", "O'Brien <b>", &longest]
    {
        assert_eq!(with("name", name).unwrap().name, name);
    }
    let long = "é".repeat(121);
    assert_refused(
        "name",
        &[
            (" \t", "Enter the name"),
            ("\u{200b}", "Enter the name"),
            ("...", "Enter the name"),
            (&long, "120 characters or less, and this has 121"),
            ("a\nb", "one line"),
            ("a\u{0}b", "invisible"),
            ("a\u{202e}b", "invisible"),
            ("a\u{2028}b", "invisible"),
        ],
    );
}

#[test]
fn an_email_address_is_one_address() {
    let local = "l".repeat(64);
    let longest = format!("{local}@{}.example", ["d".repeat(60), "e".repeat(60)].join("."));
    for email in
        ["a@b.example", "first.last+tag@mail.shop.example", "jürgen@müller.example", &longest]
    {
        assert_eq!(with("email", email).unwrap().email, email);
    }
    let long = format!("a@{}example", "dddddddddd.".repeat(23));
    let format = "in the correct format, like name@example.com";
    assert_refused(
        "email",
        &[("", "Enter the contact's email"), (&long, "254 characters or less")],
    );
    for email in [
        "plain",
        "@b.example",
        "a@",
        "a@b",
        "a@b@c.example",
        "a@.example",
        "a@b..example",
        "a@b.example.",
        "a@-b.example",
        "a@1.2.3.4",
        "a@[1.2.3.4]",
        "a@b%2e.example",
        ".a@b.example",
        "a..b@b.example",
        "a b@b.example",
        "a@b.example,c@d.example",
        "a@b.example;c@d.example",
        "A <a@b.example>",
        "\"a\"@b.example",
        "mailto:a@b.example",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example\nBcc:x",
        "a@b.example\u{2028}x",
        "a\u{0}@b.example",
        "a\u{202e}@b.example",
        &format!("{local}l@b.example"),
    ] {
        let why = refused("email", email);
        assert!(why.contains(format), "{email:?}: {why}");
        assert!(!why.contains(['\r', '\n']), "{why:?}");
    }
}

#[test]
fn an_account_is_twelve_digits_however_they_are_grouped() {
    for account in
        ["111122223333", "1111 2222 3333", " 1111-2222-3333", "1111\u{a0}2222\u{2011}3333"]
    {
        assert_eq!(with("account", account).unwrap().account, "111122223333");
    }
    assert_refused(
        "account",
        &[
            (" - ", "Enter the 12 digits of the AWS account"),
            ("1234567890123", "'1234567890123' has 13"),
            ("123", "'123' has 3"),
            ("12345678901", "it may be 0123 4567 8901"),
            ("1.23457E+11", "Format the cells as text"),
            ("1,23457E+11", "Format the cells as text"),
            ("shop", "'shop' is not"),
            ("１１１１２２２２３３３３", "is not"),
            ("11112222333x", "is not"),
        ],
    );
}

#[test]
fn an_account_that_is_wrong_does_not_make_its_load_balancers_wrong_too() {
    refused("account", "123");
}

#[test]
fn load_balancers_are_told_by_line() {
    assert!(refused("load_balancers", "web").starts_with("'web' is not"));
    let errors = with("load_balancers", &format!("web\n{ALB}\napi")).unwrap_err();
    let told: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    assert_eq!(told.len(), 2);
    assert!(
        told[0].starts_with("Line 1: 'web'") && told[1].starts_with("Line 3: 'api'"),
        "{told:?}"
    );
    let other = refused("load_balancers", &ALB.replace("1111", "9999"));
    assert!(other.contains("999922223333") && other.contains("111122223333"), "{other}");
    let all = refused("load_balancers", &format!("eu-west-1 all\n{ALB}"));
    assert!(all.contains("already covers"), "{all}");
}

#[test]
fn a_thousand_wrong_lines_are_not_told_one_by_one() {
    let lines: Vec<String> = (0..1000).map(|number| format!("web{number}")).collect();
    let errors = with("load_balancers", &lines.join("\n")).unwrap_err();
    assert_eq!(errors.len(), MAX_LINE_ERRORS + 1);
    assert!(errors[MAX_LINE_ERRORS].message.starts_with("980 more"), "{errors:?}");
}

#[test]
fn load_balancers_are_all_in_one_partition() {
    let why = refused("load_balancers", "eu-west-1 all\ncn-north-1 all");
    assert!(why.contains("different partitions of AWS (aws, aws-cn)"), "{why}");
    assert_eq!(with("load_balancers", "cn-north-1 all").unwrap().partition, "aws-cn");
}

#[test]
fn a_bucket_is_named_as_s3_names_buckets() {
    let longest = "b".repeat(63);
    for bucket in ["abc", "my.logs-1", "1ab", &longest] {
        let customer = with("existing_bucket", bucket).unwrap();
        assert_eq!(customer.existing_bucket.as_deref(), Some(bucket));
    }
    let long = "b".repeat(64);
    assert_refused(
        "existing_bucket",
        &[
            ("ab", "3 to 63"),
            (&long, "3 to 63"),
            ("Logs", "lower-case"),
            ("-logs", "3 to 63"),
            ("logs.", "3 to 63"),
            ("a..b", "3 to 63"),
            ("192.168.1.1", "3 to 63"),
            ("my_logs", "3 to 63"),
            ("s3://logs", "without s3://"),
            ("logs/folder", "without a folder"),
            ("arn:aws:s3:::logs", "not its ARN"),
        ],
    );
}

#[test]
fn one_bucket_serves_one_region() {
    let mut raw = good();
    raw.existing_bucket = "logs".into();
    raw.load_balancers = "eu-west-1 all\nus-east-1 all".into();
    let errors = checked(&raw).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].field, "existing_bucket");
    assert!(errors[0].message.contains("can only serve one region"), "{errors:?}");
    assert!(errors[0].message.contains("eu-west-1, us-east-1"), "{errors:?}");
    raw.existing_bucket.clear();
    assert_eq!(checked(&raw).unwrap().regions.len(), 2);
}

#[test]
fn days_are_whole_numbers_within_their_limits() {
    let wrong = ["0", "-1", "+5", "1.5", "ten", "1e2", "99999", "٣"];
    for value in wrong {
        assert!(refused("retention_days", value).contains("from 1 to 3650"), "{value}");
        assert!(refused("expires_days", value).contains("from 1 to 90"), "{value}");
    }
    assert_refused("retention_days", &[("3651", "Days to keep logs must be")]);
    assert_refused("expires_days", &[("91", "Days until the link expires must be")]);
    for days in OFFERED_EXPIRY_DAYS {
        assert_eq!(with("expires_days", &days.to_string()).unwrap().expires_days, days);
    }
    assert_eq!(with("retention_days", "1").unwrap().retention_days, 1);
}

#[test]
fn a_version_is_one_that_is_published() {
    let why = refused("template_version", "9.9.9");
    assert!(why.contains("0.2.0, 0.1.0") && why.contains("9.9.9"), "{why}");
    let rules = Rules { known_region: &known, template_versions: &[], default_expiry_days: 7 };
    let errors = check(&good(), &rules).unwrap_err();
    assert_eq!(errors[0].field, "template_version");
    assert!(errors[0].message.contains("No version of the template is published"), "{errors:?}");
}

#[test]
fn notes_and_owner_have_limits() {
    assert_eq!(with("notes", &"n\r\n".repeat(1000)).unwrap().notes.chars().count(), 1999);
    let long = "n".repeat(2001);
    let owner = "o".repeat(121);
    assert_refused("notes", &[(&long, "2000 characters or less"), ("a\u{1b}[31m", "invisible")]);
    assert_refused("owner", &[(&owner, "120 characters or less"), ("a\nb", "one line")]);
    assert_eq!(with("notes", "a\tb\nc").unwrap().notes, "a\tb\nc");
}

#[test]
fn accounts_are_shown_in_groups_of_four() {
    assert_eq!(grouped("123456789012"), "1234 5678 9012");
    assert_eq!(grouped(""), "");
    assert_eq!(grouped("12345"), "1234 5");
}

proptest! {
    #[test]
    fn any_texts_are_checked_without_panic(texts in prop::array::uniform10(".*")) {
        let mut raw = RawCustomer::default();
        for (field, text) in FIELDS.into_iter().zip(&texts) {
            set(&mut raw, field, text);
        }
        if let Err(errors) = checked(&raw) {
            prop_assert!(!errors.is_empty());
            prop_assert!(errors.iter().all(|error| FIELDS.contains(&error.field)));
        }
    }

    #[test]
    fn an_email_that_is_taken_cannot_begin_a_header(text in "[a@.\r\n,;<> :\u{2028}\t\\-b]{1,20}") {
        if let Ok(customer) = with("email", &text) {
            prop_assert_eq!(customer.email.matches('@').count(), 1);
            prop_assert!(!customer.email.contains(['\r', '\n', ',', ';', '<', '>', ' ', ':', '\t']));
        }
    }
}
