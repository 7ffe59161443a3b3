//! The roles of Priority Operation Processing are what POP's wiki page `InstallAWSRoles` says: in the
//! template's text, in an account that launched it, and in what each role can do.

mod account;
mod command;
mod every_action;
mod launched;
mod limits;
mod mutations;
mod template;
mod wiki;
mod work;
