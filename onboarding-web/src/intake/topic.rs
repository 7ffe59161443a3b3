//! A topic, as its ARN tells.

use templates::partition::Partition;

/// The beginning of the name of every topic that a stack makes.
const OURS: &str = "DTLogsAnalysis-";

/// An SNS topic: `arn:PARTITION:sns:REGION:ACCOUNT:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Topic {
    /// The whole of it.
    pub arn: String,
    /// Where its endpoints are.
    pub partition: Partition,
    /// Such as `eu-west-1`.
    pub region: String,
    /// 12 digits.
    pub account: String,
}

impl Topic {
    /// Reads an ARN; `None` for anything that SNS would not write.
    pub fn parse(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts.as_slice() else {
            return None;
        };
        let of_region = Partition::of_region(region)?;
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let named = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let name = name.strip_suffix(".fifo").unwrap_or(name);
        let well_named = (1..=256).contains(&name.len()) && name.bytes().all(named);
        (of_region.id() == *partition && digits && well_named).then(|| Self {
            arn: arn.to_owned(),
            partition: of_region,
            region: (*region).to_owned(),
            account: (*account).to_owned(),
        })
    }

    /// Whether its name is one that a stack of ours gives. Such a topic signs with SHA-256, because the
    /// stack had it do so before anybody subscribed.
    pub fn is_ours(&self) -> bool {
        self.arn.rsplit(':').next().is_some_and(|name| name.starts_with(OURS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arns_of_topics_are_read() {
        let good = "arn:aws:sns:eu-west-1:111122223333:DTLogsAnalysis-51af3dc0-X";
        let topic = Topic::parse(good).unwrap();
        assert!(topic.is_ours());
        assert_eq!((topic.region.as_str(), topic.account.as_str()), ("eu-west-1", "111122223333"));
        assert!(!Topic::parse("arn:aws-cn:sns:cn-north-1:111122223333:own").unwrap().is_ours());
        for bad in [
            "",
            "arn:aws:sns:eu-west-1:111122223333",
            "arn:aws:sns:eu-west-1:111122223333:a:b",
            "arn:aws:sns:eu-west-1:11112222333:a",
            "arn:aws:sns:eu-west-1:11112222333x:a",
            "arn:aws-cn:sns:eu-west-1:111122223333:a",
            "arn:aws:sqs:eu-west-1:111122223333:a",
            "arn:aws:sns:atlantis:111122223333:a",
            "arn:aws:sns:eu-west-1:111122223333:",
            "arn:aws:sns:eu-west-1:111122223333:a b",
            "arn:aws:sns:eu-west-1:111122223333:a\nType",
            " arn:aws:sns:eu-west-1:111122223333:a",
            "arn:aws:sns:eu-west-1.evil.test:111122223333:a",
        ] {
            assert_eq!(Topic::parse(bad), None, "{bad}");
        }
    }
}
