//! AWS in memory: the two dozen operations that the handler calls, behind the SDK's own HTTP client,
//! with the checks that AWS makes, in virtual time and with faults on demand.
//!
//! It is for what an emulator is too slow or too lax for: thousands of crashes and races. That it does
//! not drift into wishful thinking is shown by a story that asks it, ministack and moto the same.

pub mod account;
pub mod fault;
pub mod reply;

mod elb;
mod request;
mod s3;
mod sns;
mod wire_faults;
mod world;

pub(crate) use self::elb::changes;
pub use self::request::Request;
pub use self::world::{Aws, Rules, Seen, State, Taken, Watch};
