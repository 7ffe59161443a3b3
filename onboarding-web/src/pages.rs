//! What people see: one view struct per page, filled with worded text.
//!
//! Nothing here decides or looks anything up. `frame` goes around every page; the customer's side is
//! `launch`, `progress`, `permissions` and `explain`; the rest is for staff.

pub mod audit;
pub mod customer;
pub mod customers;
pub mod errors;
pub mod explain;
pub mod frame;
pub mod help;
pub mod import;
pub mod integrations;
pub mod launch;
pub mod permissions;
pub mod pop_roles;
pub mod progress;
pub mod settings;
pub mod sign_in;
pub mod templates;
