//! Looks before the stack does: what it would change, what would be refused, and which permissions are
//! missing. With the customer's own credentials, and without changing anything.
//!
//! In reading order: [`options`] is the command line; [`wanted`] checks it as CloudFormation and the
//! handler would; [`look`] reads the account with the handler's own `observe` and decides with the
//! handler's own `plan`, so that both cannot disagree; [`words`] puts the plan into sentences;
//! [`permissions`] knows what to ask IAM; [`findings`] is all of it, as text and as JSON.

pub mod findings;
pub mod look;
pub mod options;
pub mod permissions;
pub mod wanted;
pub mod words;

mod text;
