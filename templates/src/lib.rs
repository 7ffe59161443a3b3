//! What people launch, and the contract between the templates and the programs.
//!
//! In reading order: [`catalog`] holds the template texts with version and digest; [`parameters`]
//! names every stack parameter once; [`properties`] names what `InvokeLambdaFunction` hands to the
//! handler; [`vendor`] fills a vendor's constants into the templates; [`partition`] knows regions;
//! [`declared`] reads which parameters a template takes, [`contents`] the constants and the role's
//! permissions that stand in it; [`digest`] writes digests; [`quick_create`] makes the link that
//! launches it in the AWS console, [`commands`] the same launch for other tools; [`report`] is what
//! a stack tells the onboarding service.
//!
//! No I/O and no AWS SDK in here: both programs and the tests read the same names, which AWS itself
//! does not check.

pub mod catalog;
pub mod commands;
pub mod contents;
pub mod declared;
pub mod digest;
pub mod parameters;
pub mod partition;
pub mod properties;
pub mod quick_create;
pub mod report;
pub mod vendor;
