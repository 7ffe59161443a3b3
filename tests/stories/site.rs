//! The site: from a customer's name to a green page.

mod link_to_green;
mod stack_life;
