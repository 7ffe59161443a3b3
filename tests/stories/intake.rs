//! The intake: what SNS says of logs is believed if SNS says it, and only then.

mod accounts;
mod bench;
mod certificates;
mod forged;
mod gate;
mod genuine;
mod hostile_urls;
mod losing_nothing;
mod moto;
mod queue;
mod reading;
mod scene;
mod silence;
mod urls;
