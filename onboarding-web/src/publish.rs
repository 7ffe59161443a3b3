//! What lies in the vendor's buckets, one in each region, and what is left to do for that.
//!
//! Decided without I/O: [`artefacts`] has what is put there, [`policy`] who may read it, [`plan`] holds
//! what was found against both. [`crate::aws`] looks before and acts afterwards. What was once put under
//! a version stays as it is: customers' stacks and links name it.

pub mod artefacts;
pub mod plan;
pub mod policy;
pub mod program_zip;
pub mod report;

use templates::partition::Partition;

use crate::settings::Vendor;

/// The vendor's bucket of one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// For instance `eu-west-1`.
    pub region: String,
    /// `<prefix>-<region>`, as templates and links have it.
    pub name: String,
    /// The account that it belongs to, or is made in.
    pub owner: String,
    /// For ARNs.
    pub partition: Partition,
}

/// The buckets of these settings, in the order of the regions, or what is wrong with the settings.
pub fn buckets(vendor: &Vendor, owner: &str) -> Result<Vec<Bucket>, String> {
    let mut all: Vec<Bucket> = Vec::new();
    for region in &vendor.regions {
        let Some(partition) = Partition::of_region(region) else { continue };
        let name = format!("{}-{region}", vendor.code_bucket_prefix);
        if name.len() > 63 {
            return Err(format!(
                "--code-bucket-prefix: {name} would have {} characters, and the name of a bucket has \
                 at most 63",
                name.len()
            ));
        }
        if all.first().is_some_and(|first| first.partition != partition) {
            return Err(format!(
                "--regions: {} and {region} are in different partitions of AWS, which have accounts \
                 and credentials of their own. Publish to each partition by itself",
                all[0].region
            ));
        }
        let owner = owner.to_owned();
        if all.iter().all(|known| known.region != *region) {
            all.push(Bucket { region: region.clone(), name, owner, partition });
        }
    }
    if all.is_empty() {
        return Err(
            "--regions is needed: the regions to publish to, separated by commas, such as \
             eu-west-1,us-east-1"
                .to_owned(),
        );
    }
    Ok(all)
}

/// The settings that still have placeholders, which would stay in the version for ever. On an emulator
/// the site may be on this machine.
pub fn placeholders(vendor: &Vendor, emulated: bool) -> Vec<&'static str> {
    let tests = [
        (vendor.vendor_account_id == "000000000000", "--vendor-account-id"),
        (vendor.notification_endpoint.contains("example.com"), "--notification-endpoint"),
        (vendor.code_bucket_prefix.starts_with("example-"), "--code-bucket-prefix"),
        (!emulated && vendor.public_url.scheme() != "https", "--public-url"),
        (
            !emulated && vendor.notification_endpoint.starts_with("http://"),
            "--notification-endpoint (https)",
        ),
    ];
    tests.into_iter().filter(|(is, _)| *is).map(|(_, setting)| setting).collect()
}
