//! The custom-resource handler that runs in the customer's account.
//!
//! An event goes through the modules in this order: [`event`] reads the envelope, [`desired`] checks
//! the properties, [`aws`] observes the account, [`plan`] decides, [`aws`] applies, [`respond`] answers.
//! Beside them: [`identity`] (every name, from StackId and LogicalResourceId), [`record`] (what was
//! before us), [`policy`] and [`notification`] (documents shared with others), [`retry`] (what AWS shows
//! late), `report` (to the onboarding service), [`http`] (the way there and to CloudFormation), [`error`]
//! (what the customer reads). The second program, [`preflight`], goes the same way as far as the plan
//! and tells it.
//!
//! Invariants: one answer for every event that can be answered, on every path; every refusal before the
//! first change; the physical id never changes; nothing is changed or removed that is not provably
//! ours; no call touches an object in a bucket.

pub mod arn;
pub mod aws;
pub mod desired;
pub mod error;
pub mod event;
pub mod http;
pub mod identity;
pub mod notification;
pub mod observed;
pub mod plan;
pub mod policy;
pub mod preflight;
pub mod record;
pub mod respond;
pub mod retry;

mod answer;
mod report;
mod work;

pub use answer::{Function, Unanswered, World, handle};
