//! The site: from a customer's name to a green page.

mod access;
mod durability;
mod hostile;
mod link_to_green;
mod oidc;
mod pages;
mod reports;
mod sessions;
mod stack_life;
mod staff_work;
mod store;
