//! The site that gets customers onto log analysis.
//!
//! In reading order: [`settings`] is what the program is started with; [`routes`] has every address and
//! who may call it; [`access`] decides that; [`oidc`] asks a company's sign-in who somebody
//! is; [`staff`] and [`launch`] answer staff and customers with the views in [`pages`]; [`reports`] takes what stacks say,
//! [`intake`] what SNS says of logs; [`onboarding`] is where a customer stands,
//! decided without I/O; [`store`] keeps all of it. Links are built in [`links`], words come from
//! [`hints`], [`permissions`] and [`progress`]. [`serve`] puts it together.
//!
//! [`command_line`] has what is done from the shell. [`publish`] decides what has to lie in the vendor's
//! buckets, [`pop_roles`] what POP's roles are; [`aws`] looks there and puts it there.

pub mod access;
pub mod api;
pub mod app;
pub mod assets;
pub mod aws;
pub mod catalogue;
pub mod clock;
pub mod command_line;
pub mod csv_text;
pub mod customer_form;
pub mod customers;
pub mod email;
pub mod error;
pub mod event_stream;
pub mod hints;
pub mod import;
pub mod intake;
pub mod launch;
pub mod links;
pub mod live;
pub mod load_balancers;
pub mod oidc;
pub mod onboarding;
pub mod pages;
pub mod password;
pub mod permissions;
pub mod pop_roles;
pub mod progress;
pub mod publish;
pub mod reports;
pub mod routes;
pub mod serve;
pub mod settings;
pub mod staff;
pub mod store;
pub mod template_diff;
pub mod token;
pub mod webhooks;
pub mod words;
