//! What the key of a log says: whose it is, and which load balancer wrote it.
//!
//! `[prefix/]AWSLogs/ACCOUNT/elasticloadbalancing/REGION/YYYY/MM/DD/FILE`, as the user guides of
//! application and network load balancers have it.

use serde::Serialize;

/// What kind of log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// Requests.
    Access,
    /// Connections.
    Connection,
    /// Checks of targets.
    HealthCheck,
}

/// The key of an object, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A log.
    Log(LogKey),
    /// What Elastic Load Balancing writes when logging is switched on, to see whether it may.
    TestFile,
    /// Something else.
    Other,
}

/// The key of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// The account of the load balancer.
    pub account: String,
    /// Its region.
    pub region: String,
    /// `app/NAME/ID` or `net/NAME/ID`.
    pub load_balancer: String,
    /// What it logs.
    pub kind: LogKind,
}

impl Key {
    /// Reads a key.
    pub fn read(key: &str) -> Self {
        let Some((before, rest)) = key.split_once("AWSLogs/") else { return Self::Other };
        if !before.is_empty() && !before.ends_with('/') {
            return Self::Other;
        }
        let parts: Vec<&str> = rest.split('/').collect();
        match parts.as_slice() {
            [_, file] if file.starts_with("ELB") && file.ends_with("LogTestFile") => Self::TestFile,
            [account, "elasticloadbalancing", region, year, month, day, file]
                if digits(account, 12) && digits(year, 4) && digits(month, 2) && digits(day, 2) =>
            {
                log(account, region, file).map_or(Self::Other, Self::Log)
            }
            _ => Self::Other,
        }
    }
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn log(account: &str, region: &str, file: &str) -> Option<LogKey> {
    let kinds = [
        ("conn_log_", LogKind::Connection),
        ("health_check_log_", LogKind::HealthCheck),
        ("", LogKind::Access),
    ];
    let (kind, rest) =
        kinds.into_iter().find_map(|(mark, kind)| Some((kind, file.strip_prefix(mark)?)))?;
    let rest = rest.strip_prefix(&format!("{account}_elasticloadbalancing_{region}_"))?;
    let (name, rest) = rest.strip_suffix(".log.gz")?.split_once('_')?;
    let parts: Vec<&str> = name.split('.').collect();
    let [sort @ ("app" | "net"), name, id] = parts.as_slice() else { return None };
    let fits = |text: &&str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    ([name, id].into_iter().all(fits) && !rest.is_empty()).then(|| LogKey {
        account: account.to_owned(),
        region: region.to_owned(),
        load_balancer: format!("{sort}/{name}/{id}"),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/11/21/";
    const FILE: &str = "111122223333_elasticloadbalancing_eu-west-1_app.web.50dc6c495c0c9188_\
        20261121T2340Z_192.0.2.10_3kmdrk0x.log.gz";

    #[test]
    fn a_log_tells_its_load_balancer() {
        for (before, mark, kind) in [
            ("", "", LogKind::Access),
            ("alb/", "conn_log_", LogKind::Connection),
            ("a/b/", "health_check_log_", LogKind::HealthCheck),
        ] {
            let Key::Log(log) = Key::read(&format!("{before}{FOLDER}{mark}{FILE}")) else {
                panic!("{before}{mark}")
            };
            assert_eq!(log.load_balancer, "app/web/50dc6c495c0c9188");
            assert_eq!((log.account.as_str(), log.region.as_str()), ("111122223333", "eu-west-1"));
            assert_eq!(log.kind, kind);
        }
        let net = FILE.replace("app.", "net.").replace("_192.0.2.10", "");
        assert!(matches!(Key::read(&format!("{FOLDER}{net}")), Key::Log(_)));
    }

    #[test]
    fn what_is_no_log_is_none() {
        for test in
            ["ELBAccessLogTestFile", "ELBConnectionLogTestFile", "ELBHealthCheckLogTestFile"]
        {
            assert_eq!(Key::read(&format!("x/AWSLogs/111122223333/{test}")), Key::TestFile);
        }
        for other in [
            "x.log.gz".to_owned(),
            format!("{FOLDER}{FILE}/more"),
            format!("{FOLDER}AWSLogs/{FILE}"),
            format!("x{FOLDER}{FILE}"),
            format!("AWSLogs/999988887777/{FOLDER}{FILE}"),
            format!("{FOLDER}{}", FILE.replace(".gz", "")),
            format!("{FOLDER}{}", FILE.replace("111122223333", "999988887777")),
            format!("{FOLDER}{}", FILE.replace("eu-west-1", "eu-west-2")),
            format!("{FOLDER}{}", FILE.replace("app.web", "app.")),
            format!("{FOLDER}{}", FILE.replace("app.", "gwy.")),
            format!("{}{FILE}", FOLDER.replace("2026", "26")),
        ] {
            assert_eq!(Key::read(&other), Key::Other, "{other}");
        }
    }
}
