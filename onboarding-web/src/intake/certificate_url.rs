//! Where SNS keeps the certificates that it signs with: one host in each region, one form of path.
//!
//! The address stands in the message and is not signed. Whoever may choose it chooses the certificate,
//! so it is not read leniently, as a browser would, but held against the only form that there is.

use super::topic::Topic;

const PATH: &str = "/SimpleNotificationService-";

/// The path of a topic's certificate, if the address is one of SNS in the topic's own region:
/// `https://sns.REGION.SUFFIX/SimpleNotificationService-HEX.pem`, to the letter.
pub fn path<'a>(url: &'a str, topic: &Topic) -> Option<&'a str> {
    let host = format!("https://sns.{}.{}", topic.region, topic.partition.dns_suffix());
    let path = url.strip_prefix(&host)?;
    let name = path.strip_prefix(PATH)?.strip_suffix(".pem")?;
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    ((16..=64).contains(&name.len()) && name.bytes().all(hex)).then_some(path)
}

/// The host of a topic's certificates.
pub fn origin(topic: &Topic) -> String {
    format!("https://sns.{}.{}", topic.region, topic.partition.dns_suffix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_own_host() {
        let file = "SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem";
        for (partition, region, host) in [
            ("aws", "eu-west-1", "sns.eu-west-1.amazonaws.com"),
            ("aws-us-gov", "us-gov-west-1", "sns.us-gov-west-1.amazonaws.com"),
            ("aws-cn", "cn-north-1", "sns.cn-north-1.amazonaws.com.cn"),
            ("aws-eusc", "eusc-de-east-1", "sns.eusc-de-east-1.amazonaws.eu"),
        ] {
            let topic = Topic::parse(&format!("arn:{partition}:sns:{region}:111122223333:t"));
            let topic = topic.unwrap();
            let url = format!("https://{host}/{file}");
            assert_eq!(path(&url, &topic), Some(format!("/{file}").as_str()), "{url}");
            let other = format!("https://sns.us-east-2.amazonaws.com/{file}");
            assert_eq!(path(&other, &topic), None, "{region}");
        }
    }
}
