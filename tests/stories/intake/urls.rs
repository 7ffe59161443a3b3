//! Addresses that are not where SNS keeps its certificates, each for a reason of its own.

const HEX: &str = "9c6465fa7f48f5cacd23014631ec1136";

/// More than 150 of them. `trap` is a port on this machine that nobody must reach.
pub(super) fn hostile(trap: u16) -> Vec<String> {
    let file = format!("SimpleNotificationService-{HEX}.pem");
    let mut all = Vec::new();
    for host in hosts(trap) {
        all.push(format!("https://{host}/{file}"));
    }
    let good = "sns.eu-west-1.amazonaws.com";
    for scheme in
        ["http", "HTTPS", "ftp", "file", "gopher", "ws", "wss", "data", "javascript", "jar:https"]
    {
        all.push(format!("{scheme}://{good}/{file}"));
    }
    for path in paths(&file) {
        all.push(format!("https://{good}{path}"));
    }
    for odd in [
        String::new(),
        " ".to_owned(),
        format!("//{good}/{file}"),
        format!("{good}/{file}"),
        format!("/{file}"),
        format!("https:{good}/{file}"),
        format!("https:/{good}/{file}"),
        format!("https:///{good}/{file}"),
        format!("https:\\\\{good}\\{file}"),
        format!(" https://{good}/{file}"),
        format!("https://{good}/{file} "),
        format!("\thttps://{good}/{file}"),
        format!("https://{good}/{file}\n"),
        format!("ht\ntps://{good}/{file}"),
        format!("https://{good}/{file}\0"),
        format!("https://{good}/{file},https://127.0.0.1:{trap}/"),
        format!("https://{good}/{file} https://127.0.0.1:{trap}/"),
        format!("http://127.0.0.1:{trap}/{file}"),
        format!("http://localhost:{trap}/{file}"),
        format!("http://[::1]:{trap}/{file}"),
        "file:///etc/passwd".to_owned(),
        "data:application/x-pem-file;base64,AAAA".to_owned(),
    ] {
        all.push(odd);
    }
    all
}

/// Hosts, each of them another one than SNS's.
const HOSTS: &[&str] = &[
    "evil.test",
    "s3.amazonaws.com",
    "s3.eu-west-1.amazonaws.com",
    "evil.s3.amazonaws.com",
    "sns.s3.amazonaws.com",
    "sns.eu-west-1.s3.amazonaws.com",
    "sqs.eu-west-1.amazonaws.com",
    "sns.us-east-1.amazonaws.com",
    "sns.eu-west-2.amazonaws.com",
    "sns.cn-north-1.amazonaws.com.cn",
    "sns.eu-west-1.amazonaws.com.cn",
    "sns.eu-west-1.amazonaws.com.evil.test",
    "sns.eu-west-1.amazonaws.comevil.test",
    "sns.eu-west-1.amazonaws.co",
    "sns.eu-west-1.amazonaws.community",
    "sns.eu-west-1.amazonaws-com.evil.test",
    "sns.eu-west-1.amazonaws.com.",
    "sns.eu-west-1.amazonaws.com..",
    "sns..eu-west-1.amazonaws.com",
    ".sns.eu-west-1.amazonaws.com",
    "evil.sns.eu-west-1.amazonaws.com",
    "evilsns.eu-west-1.amazonaws.com",
    "evil-sns.eu-west-1.amazonaws.com",
    "sns-evil.eu-west-1.amazonaws.com",
    "snsxeu-west-1.amazonaws.com",
    "sns.eu-west-1xamazonaws.com",
    "sns.eu-west-1.amazonawsxcom",
    "sns.amazonaws.com",
    "amazonaws.com",
    "sns.eu-west-1.evil.test",
    "sns.eu-west-1.aws.evil.test",
    "sns.eu-west-1.amazonaws.com%2eevil.test",
    "sns%2eeu-west-1%2eamazonaws%2ecom",
    "sns.eu-west-1.amazonaws.com%00.evil.test",
    "sns.eu-west-1.amazonaws.com%0d%0a.evil.test",
    "sns.eu-west-1.amazonaws.com%23.evil.test",
    "sns.eu-west-1.amazonaws.com%40evil.test",
    "sns.eu-west-1.amazonaws.com\\@evil.test",
    "evil.test\\@sns.eu-west-1.amazonaws.com",
    "evil.test#@sns.eu-west-1.amazonaws.com",
    "evil.test?@sns.eu-west-1.amazonaws.com",
    "evil.test/@sns.eu-west-1.amazonaws.com",
    "sns.eu-west-1.amazonaws.com#.evil.test",
    "sns.eu-west-1.amazonaws.com?.evil.test",
    "sns.eu-west-1.amazonaws.com@evil.test",
    "sns.eu-west-1.amazonaws.com:x@evil.test",
    "user@sns.eu-west-1.amazonaws.com",
    "user:secret@sns.eu-west-1.amazonaws.com",
    ":@sns.eu-west-1.amazonaws.com",
    "@sns.eu-west-1.amazonaws.com",
    "SNS.eu-west-1.amazonaws.com",
    "sns.EU-WEST-1.amazonaws.com",
    "sns.eu-west-1.AMAZONAWS.com",
    "sns.eu-west-1.amazonaws.com\u{3002}evil.test",
    "sns\u{3002}eu-west-1\u{3002}amazonaws\u{3002}com",
    "sns\u{ff0e}eu-west-1.amazonaws.com",
    "s\u{144}s.eu-west-1.amazonaws.com",
    "sns.eu-west-1.am\u{430}zonaws.com",
    "sns.eu-west-1.xn--mazonaws-dbg.com",
    "sns.eu-west-1.amazonaws.com\u{200b}",
    "sns.eu-west-1.amaz\u{ad}onaws.com",
    "\u{ff53}ns.eu-west-1.amazonaws.com",
    "sns.eu-west-1.amazonaws.\u{24d2}om",
    "sns_eu-west-1.amazonaws.com",
    "sns.eu_west_1.amazonaws.com",
    "sns.eu-west-1 .amazonaws.com",
    "sns.eu-west-1\t.amazonaws.com",
    "sns.*.amazonaws.com",
    "*.amazonaws.com",
    "sns.eu-west-1.vpce.amazonaws.com",
    "vpce-1-2.sns.eu-west-1.vpce.amazonaws.com",
    "sns.eu-west-1.on.aws",
    "sns.eu-west-1.api.aws",
    "x.execute-api.eu-west-1.amazonaws.com",
    "sns.elb.amazonaws.com",
    "ec2-192-0-2-1.eu-west-1.compute.amazonaws.com",
    "169.254.169.254",
    "[fd00:ec2::254]",
    "metadata.google.internal",
    "localhost",
    "localhost.localdomain",
    "0.0.0.0",
    "0",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "10.0.0.1",
    "192.168.0.1",
    "172.16.0.1",
    "[fe80::1%25eth0]",
];

fn hosts(trap: u16) -> Vec<String> {
    let good = "sns.eu-west-1.amazonaws.com";
    let mut hosts: Vec<String> = HOSTS.iter().map(|&host| host.to_owned()).collect();
    for here in
        ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0x7f000001", "[::ffff:7f00:1]"]
    {
        hosts.push(format!("{here}:{trap}"));
    }
    for port in ["443", "80", "8443", "", "0", "65536", "00443", "+443", "443x"] {
        hosts.push(format!("{good}:{port}"));
    }
    hosts.push(format!("{good}@127.0.0.1:{trap}"));
    hosts.push(format!("127.0.0.1:{trap}@{good}"));
    hosts.push(format!("{good}:443@127.0.0.1:{trap}"));
    hosts.push(format!("127.0.0.1:{trap}#{good}"));
    hosts.push(format!("127.0.0.1:{trap}/?{good}"));
    hosts
}

fn paths(file: &str) -> Vec<String> {
    let mut paths: Vec<String> = vec![String::new(), "/".to_owned()];
    for front in [
        "//",
        "/./",
        "/../",
        "/x/",
        "/x/../",
        "/%2e/",
        "/%2e%2e/",
        "/%2f",
        "/\\",
        "/;x/",
        "/?/",
        "/#/",
        "/ ",
        "/%20",
        "/@evil.test/",
        "/.",
        "/%53",
    ] {
        paths.push(format!("{front}{file}"));
    }
    for back in [
        "?", "?x=1", "#", "#x", ";x", "/", "/x", "/..", ".", "%00", "%20", "%2e", "?.pem", "#.pem",
        ".html", "x", "\\",
    ] {
        paths.push(format!("/{file}{back}"));
    }
    paths.extend(names().into_iter().map(|name| format!("/{name}")));
    paths
}

/// Files that are not named as SNS names its own.
fn names() -> Vec<String> {
    let hex = HEX;
    vec![
        "SimpleNotificationService-.pem".to_owned(),
        "SimpleNotificationService.pem".to_owned(),
        format!("SimpleNotificationService-{hex}"),
        format!("SimpleNotificationService-{hex}.PEM"),
        format!("SimpleNotificationService-{hex}.pem.pem"),
        format!("SimpleNotificationService-{hex}.pe"),
        format!("SimpleNotificationService-{hex}..pem"),
        format!("SimpleNotificationService-{hex}%2epem"),
        format!("SimpleNotificationService-{}.pem", &hex[..8]),
        format!("SimpleNotificationService-{}.pem", hex.repeat(3)),
        format!("SimpleNotificationService-{}.pem", hex.to_uppercase()),
        format!("SimpleNotificationService-{hex}g.pem"),
        format!("SimpleNotificationService-../{hex}.pem"),
        format!("SimpleNotificationService-{hex}/x.pem"),
        format!("SimpleNotificationService-{hex}%2fx.pem"),
        format!("simplenotificationservice-{hex}.pem"),
        format!("SimpleNotificationService_{hex}.pem"),
        format!("xSimpleNotificationService-{hex}.pem"),
        format!("Simple%4eotificationService-{hex}.pem"),
        format!("SimpleNotificationService-{}\u{ff11}.pem", &hex[1..]),
        "?Action=GetTopicAttributes".to_owned(),
        format!("?Action=Publish&x=SimpleNotificationService-{hex}.pem"),
        "x.pem".to_owned(),
        "evil.pem".to_owned(),
        "index.html".to_owned(),
    ]
}

#[test]
fn there_are_more_than_150_and_each_once() {
    let all = hostile(1);
    let each: std::collections::BTreeSet<&String> = all.iter().collect();
    assert!(all.len() >= 150 && each.len() == all.len(), "{} of {}", each.len(), all.len());
}
