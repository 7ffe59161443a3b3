//! Load-balancer ARNs and what a partition implies.

use std::fmt;

/// What kind of load balancer an ARN names; the ARN itself says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoadBalancerKind {
    /// `loadbalancer/app/…`: access, connection and health-check logs.
    Application,
    /// `loadbalancer/net/…`: access logs, of TLS listeners only.
    Network,
}

/// The ARN of an application or network load balancer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoadBalancerArn {
    text: String,
    kind: LoadBalancerKind,
}

/// Account, region and partition that a stack lives in; everything it touches must share them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// For instance `eu-west-1`.
    pub region: String,
    /// 12 digits.
    pub account: String,
}

impl LoadBalancerArn {
    /// Reads an ARN and holds it against the stack's home. The error says what is wrong with it, to
    /// be read by the customer.
    pub fn parse(text: &str, home: &Home) -> Result<Self, String> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let &["arn", partition, service, region, account, resource] = parts.as_slice() else {
            return Err(format!(
                "'{text}' is not the ARN of a load balancer. Copy the ARN from the load balancer's \
                 page in the EC2 console; it begins with arn:{}:elasticloadbalancing:",
                home.partition
            ));
        };
        if service != "elasticloadbalancing" || !resource.starts_with("loadbalancer/") {
            return Err(format!("'{text}' is an ARN, but not that of a load balancer"));
        }
        let kind = kind_of(text, resource)?;
        for (found, wanted, what) in [
            (partition, &home.partition, "partition"),
            (region, &home.region, "region"),
            (account, &home.account, "account"),
        ] {
            if found != wanted {
                return Err(format!(
                    "Load balancer '{text}' is in {what} {found}, but this stack is in {what} \
                     {wanted}. Launch the stack once in each account and region that has load \
                     balancers"
                ));
            }
        }
        Ok(Self { text: text.to_owned(), kind })
    }

    /// The ARN again from `app/NAME/ID` or `net/NAME/ID`, as it was recorded.
    pub fn from_path(path: &str, home: &Home) -> Option<Self> {
        let Home { partition, region, account } = home;
        let text =
            format!("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{path}");
        Self::parse(&text, home).ok()
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `app/NAME/ID` or `net/NAME/ID`.
    pub fn path(&self) -> &str {
        self.text.split_once(":loadbalancer/").map_or(&self.text, |(_, path)| path)
    }

    /// Application or network.
    pub fn kind(&self) -> LoadBalancerKind {
        self.kind
    }
}

impl fmt::Display for LoadBalancerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn kind_of(text: &str, resource: &str) -> Result<LoadBalancerKind, String> {
    let segments: Vec<&str> = resource.split('/').collect();
    let well_formed = |part: &str| {
        !part.is_empty()
            && part.len() <= 64
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    match segments.as_slice() {
        ["loadbalancer", kind @ ("app" | "net"), name, id]
            if well_formed(name) && well_formed(id) =>
        {
            Ok(if *kind == "app" {
                LoadBalancerKind::Application
            } else {
                LoadBalancerKind::Network
            })
        }
        ["loadbalancer", "gwy", ..] => Err(format!(
            "'{text}' is a gateway load balancer, which writes no access logs. Remove it from \
             LoadBalancers"
        )),
        ["loadbalancer", _] => Err(format!(
            "'{text}' is a classic load balancer, which this stack does not cover. Remove it from \
             LoadBalancers, or migrate it to an application load balancer"
        )),
        _ => Err(format!("'{text}' is not a complete load balancer ARN")),
    }
}

impl Home {
    /// The end of every host name of the partition (botocore `partitions.json`).
    pub fn dns_suffix(&self) -> &'static str {
        match self.partition.as_str() {
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            _ => "amazonaws.com",
        }
    }

    /// Whether buckets can have names that nobody else can take. All regions but two have them
    /// (S3 user guide, "Namespaces for general purpose buckets", April 2026); in the isolated
    /// partitions they are not known to exist.
    pub fn offers_account_regional_buckets(&self) -> bool {
        let isolated = self.partition.starts_with("aws-iso");
        !isolated && !matches!(self.region.as_str(), "me-south-1" | "me-central-1")
    }

    /// The account that Elastic Load Balancing writes from, in the partitions where it is not known
    /// that the service principal is accepted (CDK region-info `ELBV2_ACCOUNT`).
    pub fn legacy_elb_account(&self) -> Option<&'static str> {
        Some(match self.region.as_str() {
            "cn-north-1" => "638102146993",
            "cn-northwest-1" => "037604701340",
            "us-iso-east-1" => "770363063475",
            "us-iso-west-1" => "121062877647",
            "us-isob-east-1" => "740734521339",
            "us-isof-east-1" => "091100254016",
            "us-isof-south-1" => "412137745753",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Home {
        Home { partition: "aws".into(), region: "eu-west-1".into(), account: "111122223333".into() }
    }

    const ALB: &str =
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188";

    #[test]
    fn an_application_load_balancer_of_the_stacks_home_is_taken() {
        let arn = LoadBalancerArn::parse(ALB, &home()).unwrap();
        assert_eq!(arn.kind(), LoadBalancerKind::Application);
        assert_eq!(arn.path(), "app/web/50dc6c495c0c9188");
        assert_eq!(LoadBalancerArn::from_path(arn.path(), &home()), Some(arn));
    }

    #[test]
    fn what_is_wrong_with_an_arn_is_said_in_words() {
        let cases = [
            ("web", "is not the ARN of a load balancer"),
            ("arn:aws:s3:eu-west-1:111122223333:loadbalancer/app/web/1", "not that of a load"),
            (&ALB.replace("app/", "gwy/"), "gateway load balancer"),
            (&ALB.replace("app/web/50dc6c495c0c9188", "web"), "classic load balancer"),
            (&ALB.replace("eu-west-1", "us-east-1"), "is in region us-east-1"),
            (&ALB.replace("111122223333", "999999999999"), "is in account 999999999999"),
            (&ALB.replace("arn:aws:", "arn:aws-cn:"), "is in partition aws-cn"),
            (&ALB.replace("/50dc6c495c0c9188", "/"), "not a complete"),
            (&ALB.replace("50dc6c495c0c9188", "50 dc"), "not a complete"),
        ];
        for (text, words) in cases {
            let refused = LoadBalancerArn::parse(text, &home()).unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
