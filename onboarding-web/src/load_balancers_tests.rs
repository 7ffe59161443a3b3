use proptest::prelude::*;

use super::*;

const ACCOUNT: &str = "111122223333";
const ALB: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188";
const NLB: &str =
    "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/mail/73e2d6bc24d8a067";

fn known(region: &str) -> bool {
    let regions = [
        "eu-west-1",
        "us-east-1",
        "ap-southeast-2",
        "cn-north-1",
        "us-gov-west-1",
        "eusc-de-east-1",
    ];
    regions.contains(&region)
}

fn lines(text: &str) -> Vec<Line> {
    read(text, Some(ACCOUNT), &known)
}

fn selectors(text: &str) -> Vec<Selector> {
    let outcomes = lines(text).into_iter().map(|line| line.outcome);
    outcomes.collect::<Result<_, _>>().unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn refused(text: &str) -> String {
    let mut lines = lines(text);
    assert_eq!(lines.len(), 1, "{text}: {lines:?}");
    lines.remove(0).outcome.expect_err(text)
}

fn all(region: &str) -> Selector {
    Selector::All { region: region.into() }
}

fn tag(region: &str, key: &str, value: &str) -> Selector {
    Selector::Tag { region: region.into(), key: key.into(), value: value.into() }
}

fn arn(name: &str) -> String {
    ALB.replace("web", name)
}

#[test]
fn an_arn_is_taken_apart() {
    let read = selectors(&format!("{ALB}\n{NLB}"));
    let alb = Selector::Arn {
        arn: ALB.into(),
        partition: "aws".into(),
        region: "eu-west-1".into(),
        account: ACCOUNT.into(),
        kind: Kind::Application,
        name: "web".into(),
    };
    assert_eq!(read[0], alb);
    assert!(
        matches!(&read[1], Selector::Arn { kind: Kind::Network, name, region, .. }
            if name == "mail" && region == "us-east-1"),
        "{:?}",
        read[1]
    );
}

#[test]
fn the_other_partitions_are_taken_too() {
    for (partition, region) in
        [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1"), ("aws-eusc", "eusc-de-east-1")]
    {
        let text =
            ALB.replace("arn:aws:", &format!("arn:{partition}:")).replace("eu-west-1", region);
        assert_eq!(selectors(&text)[0].partition(), partition);
        assert_eq!(selectors(&format!("{region} all"))[0].partition(), partition);
    }
}

#[test]
fn a_region_with_all_or_a_tag_is_taken() {
    let cases = [
        ("eu-west-1 all", all("eu-west-1")),
        ("  eu-west-1\tall ", all("eu-west-1")),
        ("EU-West-1 ALL", all("eu-west-1")),
        ("us-gov-west-1 all", all("us-gov-west-1")),
        ("eu-west-1 tag:Team=shop", tag("eu-west-1", "Team", "shop")),
        ("eu-west-1 tag:Team=", tag("eu-west-1", "Team", "")),
        ("eu-west-1 tag:Team = shop", tag("eu-west-1", "Team", "shop")),
        ("eu-west-1 tag:Team=shop  floor 2", tag("eu-west-1", "Team", "shop  floor 2")),
        ("eu-west-1 tag:a=b=c", tag("eu-west-1", "a", "b=c")),
        ("eu-west-1 tag:Équipe=magasin", tag("eu-west-1", "Équipe", "magasin")),
        (
            "eu-west-1 tag:aws:cloudformation:stack-name=web",
            tag("eu-west-1", "aws:cloudformation:stack-name", "web"),
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(selectors(text), [wanted], "{text}");
    }
}

#[test]
fn entries_are_found_in_whatever_is_pasted() {
    let (a, b) = (ALB, NLB);
    let texts = [
        format!("{a}\n{b}"),
        format!("{a}\r\n\r\n   \n{b}\r\n"),
        format!("{a},{b}"),
        format!("{a}, {b},"),
        format!(";{a};{b};"),
        format!("{a} {b}"),
        format!("{a}\t{b}"),
        format!("[\n    \"{a}\",\n    \"{b}\"\n]\n"),
        format!("['{a}', '{b}']"),
        format!("<{a}>\n\u{feff}{b}"),
        format!("{}\u{200b}{}\n\u{a0}{b}", &a[..40], &a[40..]),
    ];
    for text in texts {
        let found: Vec<String> = selectors(&text).iter().map(Selector::entry).collect();
        assert_eq!(found, [a, b], "{text}");
    }
    let mixed =
        format!("eu-west-1 tag:Team=shop floor, {NLB} ap-southeast-2 all us-gov-west-1 all");
    let found: Vec<String> = selectors(&mixed).iter().map(ToString::to_string).collect();
    let wanted = ["eu-west-1 tag:Team=shop floor", NLB, "ap-southeast-2 all", "us-gov-west-1 all"];
    assert_eq!(found, wanted);
}

#[test]
fn entries_know_their_line() {
    let read = lines(&format!("\n{ALB}\n\nnonsense, {NLB}\n"));
    let numbers: Vec<(usize, &str)> =
        read.iter().map(|line| (line.number, line.text.as_str())).collect();
    assert_eq!(numbers, [(2, ALB), (4, "nonsense"), (4, NLB)]);
}

#[test]
fn nothing_is_no_entry() {
    for text in ["", " \n\t\r\n", ",,;", "[\n]", "\u{feff}"] {
        assert_eq!(lines(text), [], "{text:?}");
    }
}

#[test]
fn what_is_wrong_with_an_arn_is_said_in_words() {
    let cases = [
        (ALB.replace("app/", "gwy/"), "gateway load balancer"),
        (ALB.replace("app/web/50dc6c495c0c9188", "web"), "classic load balancer"),
        (ALB.replace("/50dc6c495c0c9188", ""), "not a complete load balancer ARN"),
        (ALB.replace("/web/50dc6c495c0c9188", ""), "not a complete load balancer ARN"),
        (ALB.replace("50dc6c495c0c9188", "50DC"), "not a complete load balancer ARN"),
        (ALB.replace("web", &"w".repeat(33)), "not a complete load balancer ARN"),
        (ALB.replace("web", "we%62"), "not a complete load balancer ARN"),
        (ALB.replace("loadbalancer/", "listener/"), "ARN of a listener"),
        (ALB.replace("loadbalancer/app", "targetgroup"), "ARN of a target group"),
        (ALB.replace("elasticloadbalancing", "s3"), "not that of a load balancer"),
        (ALB.replace("eu-west-1", "eu-wset-1"), "in region eu-wset-1, which is not a region"),
        (ALB.replace("eu-west-1", ""), "has no region in it"),
        (ALB.replace(ACCOUNT, "11112222333"), "no account of 12 digits"),
        (ALB.replace(ACCOUNT, ""), "no account of 12 digits"),
        (
            ALB.replace("arn:aws:", "arn:aws-cn:"),
            "of partition aws-cn, but eu-west-1 belongs to aws",
        ),
        (ALB.replace("arn:aws:", "arn:azure:"), "no partition of AWS"),
        (ALB.replace("eu-west-1", "us-iso-east-1"), "cut off from the internet"),
        ("arn:aws:elasticloadbalancing".to_owned(), "not a complete ARN"),
    ];
    for (text, words) in cases {
        let why = refused(&text);
        assert!(why.contains(words), "{text}: {why}");
    }
}

#[test]
fn an_arn_of_another_account_names_both() {
    let why = refused(&ALB.replace(ACCOUNT, "999988887777"));
    assert!(why.contains("in account 999988887777"), "{why}");
    assert!(why.contains("account is 111122223333"), "{why}");
    let unknown = read(&ALB.replace(ACCOUNT, "999988887777"), None, &known);
    assert!(unknown[0].outcome.is_ok(), "no account is known to compare with");
}

#[test]
fn what_is_wrong_with_other_entries_is_said_in_words() {
    let long_key = format!("eu-west-1 tag:{}=x", "k".repeat(129));
    let long_value = format!("eu-west-1 tag:k={}", "v".repeat(257));
    let cases = [
        ("web", "not the ARN of a load balancer"),
        ("web server", "not the ARN of a load balancer"),
        ("web-1.eu-west-1.elb.amazonaws.com", "is the DNS name of a load balancer"),
        ("https://eu-west-1.console.aws.amazon.com/ec2/home", "address of a web page"),
        ("all", "'all' has no region"),
        ("tag:Team=shop", "has no region"),
        ("eu-west-1", "which load balancers of eu-west-1"),
        ("eu-west-1 every", "which load balancers of eu-west-1"),
        ("eu-west-9 all", "in region eu-west-9, which is not a region"),
        ("us-iso-east-1 all", "cut off from the internet"),
        ("eu-west-1 tag:", "should read tag:Key=Value"),
        ("eu-west-1 tag:Team", "should read tag:Key=Value"),
        ("eu-west-1 tag:=shop", "1 to 128 characters"),
        (&long_key, "1 to 128 characters"),
        (&long_value, "at most 256 characters"),
        ("eu-west-1 tag:Team=shop,floor", "comma or semicolon"),
        ("eu-west-1 tag:Team=shop, floor", "comma or semicolon"),
        ("eu-west-1 tag:Team=shop;floor", "comma or semicolon"),
        ("eu-west-1 tag:Te,am=shop", "comma or semicolon"),
        ("eu-west-1 tag:Team=shop,tag:Env=prod", "comma or semicolon"),
        ("eu-west-1 tag:Team=shop tag:Env=prod", "on a line of its own"),
        ("eu-west-1 tag:Team=$(reboot)", "cannot have $ in it"),
        ("eu-west-1 tag:Team=a\"b", "cannot have \" in it"),
        ("eu-west-1 tag:Team=\u{202e}x", "cannot have"),
        ("web\u{7}", "cannot be read"),
        ("<script>alert(1)</script>", "not the ARN of a load balancer"),
    ];
    for (text, words) in cases {
        let why = refused(text);
        assert!(why.contains(words), "{text}: {why}");
    }
}

#[test]
fn messages_show_only_the_beginning_of_a_long_entry() {
    assert!(refused(&"w".repeat(100_000)).len() < 600);
    assert!(refused(&format!("arn:{}", "w".repeat(100_000))).len() < 600);
}

#[test]
fn a_second_entry_for_the_same_is_refused() {
    let read = lines(&format!("{ALB}\neu-west-1 all\n{ALB}\nEU-WEST-1 All"));
    let why = |index: usize| read[index].outcome.clone().unwrap_err();
    assert!(read[0].outcome.is_ok() && read[1].outcome.is_ok());
    assert!(why(2).contains("is already in line 1"), "{}", why(2));
    assert!(why(3).contains("is already in line 2"), "{}", why(3));
    let twice = lines("eu-west-1 all, eu-west-1 all").remove(1).outcome.unwrap_err();
    assert!(twice.contains("listed twice"), "{twice}");
}

#[test]
fn stacks_are_sorted_by_region_and_arns_come_before_tags() {
    let read = selectors(&format!("{NLB}\neu-west-1 tag:a=b\n{ALB}\n{}", arn("api")));
    let regions = by_region(&read).unwrap();
    let told: Vec<(&str, String)> =
        regions.iter().map(|region| (region.region.as_str(), parameter(region))).collect();
    let wanted = format!("{ALB},{},tag:a=b", arn("api"));
    assert_eq!(told, [("eu-west-1", wanted), ("us-east-1", NLB.to_owned())]);
    assert_eq!(by_region(&[]), Ok(Vec::new()));
}

#[test]
fn all_stands_alone_in_its_region() {
    for other in [ALB, "eu-west-1 tag:a=b"] {
        let read = selectors(&format!("eu-west-1 all\nus-east-1 all\n{other}"));
        let why = by_region(&read).unwrap_err();
        assert_eq!(why.len(), 1);
        assert!(why[0].starts_with("'eu-west-1 all' already covers"), "{why:?}");
    }
    assert!(by_region(&selectors(&format!("us-east-1 all\n{ALB}"))).is_ok());
}

#[test]
fn what_does_not_fit_into_one_parameter_is_refused() {
    let arns = |count: usize| -> String {
        (0..count).map(|number| arn(&format!("{number:0>32}")) + "\n").collect()
    };
    let fits = by_region(&selectors(&arns(34))).unwrap();
    assert!(parameter(&fits[0]).len() <= MAX_PARAMETER_BYTES);
    let why = by_region(&selectors(&arns(35))).unwrap_err();
    assert!(why[0].contains("35 entries of eu-west-1 do not fit"), "{why:?}");

    let long = format!("eu-west-1 tag:a={}", "v".repeat(250));
    assert!(by_region(&selectors(&long)).is_ok());
    let why = by_region(&selectors(&format!("{long}\neu-west-1 tag:b=c"))).unwrap_err();
    assert!(why[0].contains("tags of eu-west-1 are too long"), "{why:?}");
    // After an ARN the pattern lets everything follow.
    assert!(by_region(&selectors(&format!("{ALB}\n{long}\neu-west-1 tag:b=c"))).is_ok());
}

#[test]
fn partitions_are_told_by_the_names_of_regions() {
    let cases = [
        ("eu-west-1", "aws"),
        ("us-east-1", "aws"),
        ("mx-central-1", "aws"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
        ("us-iso-west-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
    ];
    for (region, partition) in cases {
        assert_eq!(partition_of(region), partition);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC*|[a-z:=,;\\s\\-1/]*|.*") {
        let read = lines(&text);
        let good: Vec<Selector> = read.into_iter().filter_map(|line| line.outcome.ok()).collect();
        let _ = by_region(&good);
    }

    #[test]
    fn what_was_taken_is_taken_again_as_it_is_shown(
        key in "[A-Za-z_.:/+@-]{1,20}",
        value in "[A-Za-z0-9_.:/=+@-]{0,20}",
        name in "[A-Za-z0-9-]{1,32}",
    ) {
        let text = format!("eu-west-1 tag:{key}={value}\n{}\nus-east-1 all", arn(&name));
        let first = selectors(&text);
        let shown: Vec<String> = first.iter().map(ToString::to_string).collect();
        prop_assert_eq!(selectors(&shown.join("\n")), first.clone());
        prop_assert_eq!(selectors(&shown.join(";")), first);
    }
}
