//! The vendor publishes a version to three regions: what lies there afterwards, who may read it, what a
//! second or an interrupted run does, and what is refused.

mod bench;
mod catalogue;
mod gate;
mod policy;
mod refused;
mod resumed;
mod three_regions;
