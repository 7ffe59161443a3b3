//! AWS partitions: which regions belong together, and under which names they are reached.

/// A partition that this service works in: one of those that the onboarding template has the
/// vendor's constants for.
///
/// The isolated partitions (`aws-iso` and its kin) are left out on purpose: nothing on the internet
/// can be reached from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Partition {
    /// The regions that every account can use.
    Aws,
    /// AWS `GovCloud` (US).
    AwsUsGov,
    /// China, run by partners of AWS.
    AwsCn,
    /// AWS European Sovereign Cloud.
    AwsEusc,
}

/// What the regions of the partition `aws` begin with (botocore's `partitions.json`).
const AWS_AREAS: [&str; 9] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"];

/// Marks of other partitions where an ordinary region has its place: `us-gov-west-1`, `us-iso-east-1`.
const NOT_PLACES: [&str; 5] = ["gov", "iso", "isob", "isof", "isoe"];

impl Partition {
    /// Every partition, in the order in which people are likely to look for them.
    pub const ALL: [Self; 4] = [Self::Aws, Self::AwsUsGov, Self::AwsCn, Self::AwsEusc];

    /// The partition of a region code such as `eu-west-1`; `None` for what is no region, or one of
    /// an isolated partition.
    ///
    /// Goes by the form of the code, as AWS's own SDKs do, so that a new region needs no release.
    pub fn of_region(region: &str) -> Option<Self> {
        let parts: Vec<&str> = region.split('-').collect();
        let (area, place, number) = match parts.as_slice() {
            ["us", "gov", place, number] => (Self::AwsUsGov, place, number),
            ["eusc", "de", place, number] => (Self::AwsEusc, place, number),
            ["cn", place, number] => (Self::AwsCn, place, number),
            [area, place, number] if AWS_AREAS.contains(area) => (Self::Aws, place, number),
            _ => return None,
        };
        let is_place = !place.is_empty()
            && place.bytes().all(|byte| byte.is_ascii_lowercase())
            && !NOT_PLACES.contains(place);
        let is_number =
            (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        (is_place && is_number).then_some(area)
    }

    /// The name that stands in ARNs, and in the template's `Vendor` mapping.
    pub fn id(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsCn => "aws-cn",
            Self::AwsEusc => "aws-eusc",
        }
    }

    /// The host of the AWS console for a region of this partition.
    pub fn console_host(self, region: &str) -> String {
        let domain = match self {
            Self::Aws => "console.aws.amazon.com",
            Self::AwsUsGov => "console.amazonaws-us-gov.com",
            Self::AwsCn => "console.amazonaws.cn",
            Self::AwsEusc => "console.amazonaws-eusc.eu",
        };
        format!("{region}.{domain}")
    }

    /// What the names of the partition's endpoints end with.
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsEusc => "amazonaws.eu",
        }
    }
}

/// The regions to offer for choice (botocore 1.43.106), partition by partition. A region that is
/// not among them works all the same if [`Partition::of_region`] knows its form.
pub const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eusc-de-east-1",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::LOGS_ANALYSIS_ONBOARDING;

    #[test]
    fn a_region_is_found_in_its_own_partition() {
        for (region, partition) in [
            ("eu-west-1", "aws"),
            ("ap-southeast-12", "aws"),
            ("us-gov-west-1", "aws-us-gov"),
            ("cn-northwest-1", "aws-cn"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(Partition::of_region(region).map(Partition::id), Some(partition));
        }
    }

    #[test]
    fn every_region_on_offer_is_known_and_offered_once() {
        let mut seen = std::collections::HashSet::new();
        for region in REGIONS {
            assert!(Partition::of_region(region).is_some(), "{region}");
            assert!(seen.insert(region), "{region}");
        }
    }

    #[test]
    fn isolated_partitions_and_what_is_no_region_are_unknown() {
        for text in [
            "us-iso-east-1",
            "us-isob-east-1",
            "us-isof-south-1",
            "eu-isoe-west-1",
            "us-iso-1",
            "us-gov-1",
            "us-gov-gov-1",
            "eusc-fr-east-1",
            "",
            "eu-west",
            "eu-west-1a",
            "eu-west-100",
            "eu-west-1 ",
            "EU-west-1",
            "eu--1",
            "eu-we.st-1",
            "evil.example/eu-west-1",
            "global",
        ] {
            assert_eq!(Partition::of_region(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_onboarding_template_has_constants_for_just_these_partitions() {
        let template: serde_norway::Value =
            serde_norway::from_str(LOGS_ANALYSIS_ONBOARDING.body).unwrap();
        let vendor = template["Mappings"]["Vendor"].as_mapping().unwrap();
        let in_template: Vec<&str> =
            vendor.keys().filter_map(serde_norway::Value::as_str).collect();
        assert_eq!(in_template, Partition::ALL.map(Partition::id));
    }
}
