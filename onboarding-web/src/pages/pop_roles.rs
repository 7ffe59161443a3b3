//! The roles of POP: who has which policy, how they are launched, and the ARNs of a launched stack.

use askama::Template;

use super::{
    customers::Choice,
    frame::{FieldError, Frame},
};

/// `GET /templates/pop-roles`
#[derive(Template)]
#[template(path = "pop_roles.html")]
pub struct PopRoles {
    /// Around the page.
    pub frame: Frame,
    /// What is wrong with what was sent.
    pub errors: Vec<FieldError>,
    /// The columns of the matrix.
    pub policies: Vec<String>,
    /// Its rows.
    pub roles: Vec<RoleRow>,
    /// The regions that have the template; empty if nobody kept a list.
    pub regions: Vec<Choice>,
    /// The region as typed, where there is no list.
    pub region: String,
    /// Whether a list was kept, and no region is in it.
    pub nowhere: bool,
    /// For the region that was asked for.
    pub launch: Option<PopLaunch>,
    /// Of the template.
    pub version: String,
    /// SHA-256 of the text, hexadecimal.
    pub digest: String,
    /// The template, to the byte.
    pub text: String,
    /// As pasted.
    pub outputs: String,
    /// What was read out of it.
    pub found: Option<PopArns>,
}

/// A role of the template.
#[derive(Debug, Clone)]
pub struct RoleRow {
    /// Such as `POP.Scheduler.app`.
    pub name: String,
    /// Its output, such as `SchedulerRole`; part of ids.
    pub output: String,
    /// What it is for.
    pub description: String,
    /// Each policy of the matrix, and whether the role has it.
    pub has: Vec<(String, bool)>,
    /// Who may assume it, as JSON.
    pub trust: String,
    /// Name, what it is for, and the JSON; empty for a policy of AWS's.
    pub policies: Vec<(String, String, String)>,
}

/// How the roles are launched.
#[derive(Debug, Clone)]
pub struct PopLaunch {
    /// For instance `eu-west-1`.
    pub region: String,
    /// The console's link.
    pub url: String,
    /// For a shell.
    pub cli: String,
}

/// The ARNs of a launched stack.
#[derive(Debug, Clone)]
pub struct PopArns {
    /// 12 digits.
    pub account: String,
    /// Output, which is also the parameter, and ARN.
    pub all: Vec<(String, String)>,
    /// As JSON for the AWS CLI.
    pub parameters: String,
    /// As words for the AWS CLI.
    pub words: String,
}
