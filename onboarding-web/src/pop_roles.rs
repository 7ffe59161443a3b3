//! The roles of Priority Operation Processing (POP): what their template makes, the ARNs that a launched
//! stack put out, and where a deployed role differs from the template.
//!
//! Decided without I/O: [`sheet`] reads the template, [`outputs`] what people paste, [`compare`] holds
//! what IAM has against the template. [`crate::aws`] reads stacks and roles.

pub mod compare;
pub mod grants;
pub mod outputs;
pub mod sheet;

/// The outputs of the template, named like the parameters of POP's main template.
pub const OUTPUTS: [&str; 6] = [
    "UnifiedEndpointRole",
    "SchedulerRole",
    "CallbackRole",
    "ReclaimerRole",
    "ReaperRole",
    "AuthorizerRole",
];
