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

impl TakeIn {
    /// What does not go together, with the settings named. `endpoint` is what topics are subscribed with.
    pub fn check(&self, endpoint: &str, public_url: &Url) -> Result<(), String> {
        if self.events_to.is_some() && !self.is_on() {
            return Err(
                "--events-to: nothing is taken in that could be told on; set --intake".into()
            );
        }
        if self.events_to == self.queue && self.by_queue() {
            return Err("--events-to and --intake-queue are the same queue".into());
        }
        let here = public_url.join("/intake/sns").map(String::from).unwrap_or_default();
        let elsewhere =
            endpoint != here && !Url::parse(endpoint).is_ok_and(|url| is_on_this_machine(&url));
        if self.by_https() && elsewhere {
            return Err(format!(
                "--notification-endpoint is {endpoint}, and with --intake https topics have to send to \
                 {here}"
            ));
        }
        let queue = self.queue.as_ref().filter(|_| self.by_queue()).and_then(QueueUrl::arn);
        if let Some(arn) = queue.filter(|arn| arn != endpoint) {
            return Err(format!(
                "--notification-endpoint is {endpoint}, and topics have to send to the queue of \
                 --intake-queue, {arn}"
            ));
        }
        Ok(())
    }
}

/// Whether an address leads to this machine, as in tests and the demo.
fn is_on_this_machine(url: &Url) -> bool {
    matches!(url.host(), Some(Host::Ipv4(ip)) if ip.is_loopback())
}

impl QueueUrl {
    /// The queue's ARN; `None` for an emulator's.
    pub fn arn(&self) -> Option<String> {
        let partition =
            Partition::of_region(&self.region).filter(|_| self.url.scheme() == "https")?;
        let mut path = self.url.path().split('/').skip(1);
        let (account, name) = (path.next()?, path.next()?);
        Some(format!("arn:{}:sqs:{}:{account}:{name}", partition.id(), self.region))
    }
}

/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`; on this machine an emulator's, in its first region.
fn queue(text: &str) -> Result<QueueUrl, String> {
    let wrong =
        || "must be the URL of a queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME".to_owned();
    let url = Url::parse(text).map_err(|_| wrong())?;
    if url.scheme() == "http" && is_on_this_machine(&url) {
        return Ok(QueueUrl { url, region: "us-east-1".to_owned() });
    }
    let host = url.host_str().unwrap_or_default();
    let region = host.strip_prefix("sqs.").and_then(|rest| rest.split('.').next());
    let region = region.unwrap_or_default().to_owned();
    let partition = Partition::of_region(&region).ok_or_else(wrong)?;
    let own = format!("sqs.{region}.{}", partition.dns_suffix());
    if url.path().rsplit('.').next() == Some("fifo") {
        return Err("must be a standard queue, not a FIFO one".into());
    }
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        take_in: TakeIn,
    }

    const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/222233334444/news";
    const ARN: &str = "arn:aws:sqs:eu-west-1:222233334444:news";
    const HERE: &str = "https://onboarding.vendor.test/intake/sns";

    fn check(settings: &[&str], endpoint: &str) -> Result<(), String> {
        let given = ["serve"].iter().chain(settings);
        let only = Only::try_parse_from(given).map_err(|error| error.to_string())?;
        let url =
            Url::parse("https://onboarding.vendor.test").map_err(|error| error.to_string())?;
        only.take_in.check(endpoint, &url)
    }

    #[test]
    fn what_goes_together_is_taken() {
        let (from, to) = (format!("--intake-queue={QUEUE}"), format!("--events-to={QUEUE}-out"));
        let (queue, https) = ("--intake=queue", "--intake=https");
        let emulator = "--intake-queue=http://127.0.0.1:4566/222233334444/news";
        assert_eq!(check(&[], "https://elsewhere.test/sns"), Ok(()));
        assert_eq!(check(&[https], HERE), Ok(()));
        assert_eq!(check(&[https, &to], HERE), Ok(()));
        assert_eq!(check(&[https], "http://127.0.0.1:9/intake/sns"), Ok(()));
        assert_eq!(check(&[queue, &from, &to], ARN), Ok(()));
        assert_eq!(check(&[queue, emulator], "arn:aws:sqs:us-east-1:222233334444:news"), Ok(()));
    }

    #[test]
    fn what_does_not_is_refused_with_the_settings_named() {
        let (from, to) = (format!("--intake-queue={QUEUE}"), format!("--events-to={QUEUE}"));
        let fifo = format!("--events-to={QUEUE}.fifo");
        for (settings, endpoint, named) in [
            (vec!["--intake=queue"], ARN, "--intake-queue"),
            (vec!["--intake=queue", &from], HERE, "--notification-endpoint"),
            (vec!["--intake=queue", &from], "arn:aws:sqs:eu-west-1:222233334444:other", "other"),
            (vec!["--intake=queue", &from, &to], ARN, "the same queue"),
            (vec!["--intake=https"], "https://elsewhere.test/sns", "--intake https"),
            (vec!["--intake=https"], ARN, "--intake https"),
            (vec![&to], HERE, "set --intake"),
            (vec!["--intake=https", &fifo], HERE, "standard queue"),
        ] {
            let refused = check(&settings, endpoint).expect_err("it was taken");
            assert!(refused.contains(named), "{settings:?} {endpoint}: {refused}");
        }
    }
}
