//! The stories: what holds for a customer, told across templates, handler and account.

mod create;
