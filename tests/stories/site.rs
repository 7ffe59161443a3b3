//! The site: from a customer's name to a green page.

pub(crate) mod access;
mod api;
mod durability;
mod hostile;
mod link_to_green;
mod locked_out;
mod oidc;
mod operate;
mod pages;
mod pop_roles;
mod reports;
mod sessions;
mod shell;
mod stack_life;
mod staff_work;
mod store;
