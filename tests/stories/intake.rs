//! The intake: what SNS says of logs is believed if SNS says it, and only then.

mod accounts;
mod bench;
mod certificates;
mod forged;
mod gate;
mod genuine;
mod hostile_urls;
mod moto;
mod reading;
mod urls;
