//! How news of logs comes in, and where it goes.

use clap::{Args, ValueEnum};
use templates::partition::Partition;
use url::{Host, Url};

use crate::clock::{HOUR, Millis};

/// How news of logs comes in.
#[derive(Debug, Clone, Args)]
pub struct TakeIn {
    /// How SNS reaches the vendor: by HTTPS here (the endpoint is then PUBLIC-URL/intake/sns), by an SQS
    /// queue that this service reads, or not here at all.
    #[arg(long, env = "ONBOARDING_INTAKE", default_value = "off")]
    pub intake: Way,
    /// The URL of the queue that customers' topics send to.
    #[arg(
        long = "intake-queue",
        env = "ONBOARDING_INTAKE_QUEUE",
        required_if_eq("intake", "queue"),
        value_parser = queue
    )]
    pub queue: Option<QueueUrl>,
    /// How many read that queue at once, in each copy of the service.
    #[arg(
        long = "intake-consumers",
        env = "ONBOARDING_INTAKE_CONSUMERS",
        default_value_t = 2,
        value_parser = clap::value_parser!(u8).range(1..=32)
    )]
    pub consumers: u8,
    /// The URL of the SQS queue that the analysis reads: one message for each log. Nobody is told if it is
    /// not set.
    #[arg(long, env = "ONBOARDING_EVENTS_TO", value_parser = queue)]
    pub events_to: Option<QueueUrl>,
    /// A load balancer is silent if no log came for so many hours.
    #[arg(
        long,
        env = "ONBOARDING_SILENT_AFTER_HOURS",
        default_value_t = 24,
        value_parser = clap::value_parser!(u16).range(1..=720)
    )]
    pub silent_after_hours: u16,
    /// An emulator on this machine that has SNS's certificates, as http://127.0.0.1:PORT.
    #[arg(
        long = "intake-certificates",
        env = "ONBOARDING_INTAKE_CERTIFICATES",
        hide = true,
        value_parser = here
    )]
    pub certificates: Option<Url>,
}

/// Where SNS delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Somewhere else.
    Off,
    /// To this site.
    Https,
    /// To a queue of the vendor's.
    Queue,
}

/// A queue, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrl {
    /// As SQS gives it.
    pub url: Url,
    /// Such as `eu-west-1`.
    pub region: String,
}

impl TakeIn {
    /// Whether logs are taken in here.
    pub fn is_on(&self) -> bool {
        self.intake != Way::Off
    }

    /// Whether SNS delivers to the site.
    pub fn by_https(&self) -> bool {
        self.intake == Way::Https
    }

    /// Whether SNS delivers to a queue.
    pub fn by_queue(&self) -> bool {
        self.intake == Way::Queue
    }

    /// How long no log may come.
    pub fn silent_after(&self) -> Millis {
        Millis::from(self.silent_after_hours) * HOUR
    }
}

/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`; on this machine an emulator's, in its first region.
fn queue(text: &str) -> Result<QueueUrl, String> {
    let wrong =
        || "must be the URL of a queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME".to_owned();
    let url = Url::parse(text).map_err(|_| wrong())?;
    if url.scheme() == "http" && matches!(url.host(), Some(Host::Ipv4(ip)) if ip.is_loopback()) {
        return Ok(QueueUrl { url, region: "us-east-1".to_owned() });
    }
    let host = url.host_str().unwrap_or_default();
    let region = host.strip_prefix("sqs.").and_then(|rest| rest.split('.').next());
    let region = region.unwrap_or_default().to_owned();
    let partition = Partition::of_region(&region).ok_or_else(wrong)?;
    let own = format!("sqs.{region}.{}", partition.dns_suffix());
    if url.scheme() == "https" && host == own && url.path().split('/').count() == 3 {
        Ok(QueueUrl { url, region })
    } else {
        Err(wrong())
    }
}

fn here(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    let loopback = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        _ => false,
    };
    if loopback && url.scheme() == "http" && url.path() == "/" {
        Ok(url)
    } else {
        Err("must be http://127.0.0.1:PORT: only an emulator on this machine stands in for SNS"
            .into())
    }
}
