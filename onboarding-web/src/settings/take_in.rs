//! How news of logs comes in, and where it goes.

use clap::{Args, ValueEnum};
use url::{Host, Url};

use crate::clock::{HOUR, Millis};

/// How news of logs comes in.
#[derive(Debug, Clone, Args)]
pub struct TakeIn {
    /// How SNS reaches the vendor: by HTTPS here (the endpoint is then PUBLIC-URL/intake/sns), or not
    /// here at all.
    #[arg(long, env = "ONBOARDING_INTAKE", default_value = "off")]
    pub intake: Way,
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

    /// How long no log may come.
    pub fn silent_after(&self) -> Millis {
        Millis::from(self.silent_after_hours) * HOUR
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
