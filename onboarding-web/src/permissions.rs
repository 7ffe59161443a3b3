//! What a template's IAM roles and policies allow, line by line, in words.
//!
//! Made for a customer's security engineer. Everything is read from the template's own text, so that
//! the words cannot promise what the template does not say.

use std::borrow::Cow;

use serde_norway::Value;

pub mod changes;
mod conditions;
pub(crate) mod document;
pub mod never;
mod places;
mod statements;
pub(crate) mod text;
mod trust;
pub mod words;

pub use self::{
    document::ReadError,
    never::{Cannot, Limits, limits, never},
    words::{Access, action_words},
};
use self::{
    document::{fields, function, items_at, scalar},
    statements::unreadable,
    text::Reader,
};

/// What holds permissions in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A role, for a service or a person to use.
    Role,
    /// A user with keys or a password of its own.
    User,
    /// A group of users.
    Group,
    /// A policy that no role of the template is given.
    Policy,
}

/// What one role may do; a policy that the template attaches to a role is told as part of that role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolePermissions {
    /// The name within the template.
    pub logical_id: String,
    /// Role, user, group, or a policy that stands alone.
    pub holder: Holder,
    /// The template's own description of it; may be empty.
    pub description: String,
    /// Who may use it, in words.
    pub trusted: Vec<String>,
    /// Managed policies whose text is not in the template.
    pub managed: Vec<String>,
    /// The permissions boundary, which caps all of it.
    pub boundary: Option<String>,
    /// What it may and may not do.
    pub statements: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The statement's id; may be empty.
    pub sid: String,
    /// The policy that the statement stands in.
    pub policy: String,
    /// Allowed, or denied.
    pub allow: bool,
    /// What it is for, in words.
    pub purpose: String,
    /// Why it is as wide as it is; empty where nothing is to be said.
    pub why: String,
    /// The actions, in the template's order.
    pub actions: Vec<Action>,
    /// The actions are those that are left out: the statement is about all others (`NotAction`).
    pub all_actions_but: bool,
    /// What the actions may be used on.
    pub resources: Vec<Resource>,
    /// The resources are those that are left out: the statement is about all others (`NotResource`).
    pub all_resources_but: bool,
    /// What must hold besides, in words.
    pub conditions: Vec<String>,
}

/// An action as the statement names it, perhaps with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The name, such as `s3:GetBucketTagging`.
    pub name: String,
    /// What it can do, in plain words.
    pub does: Cow<'static, str>,
    /// The kind of access it gives.
    pub access: Access,
}

/// What actions may be used on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The ARN or pattern; `${…}` is known only when the stack is launched.
    pub arn: String,
    /// The same in words; empty where it is not recognised.
    pub words: String,
}

impl RolePermissions {
    /// What to call it: `Execution role X` for what Lambda uses, else `Role X`, `Policy X`.
    pub fn label(&self) -> String {
        let kind = match self.holder {
            Holder::Role if self.trusted.iter().any(|who| who.contains("lambda.amazonaws.com")) => {
                "Execution role"
            }
            Holder::Role => "Role",
            Holder::User => "User",
            Holder::Group => "Group",
            Holder::Policy => "Policy",
        };
        format!("{kind} {}", self.logical_id)
    }
}

/// Reads every role, user, group and policy of a template, in the template's order.
///
/// # Errors
/// When the text is neither YAML nor JSON, or has no Resources. Unknown actions are no error.
pub fn read(body: &str) -> Result<Vec<RolePermissions>, ReadError> {
    let root = document::parse(body)?;
    let reader = Reader::new(&root);
    let resources = root.get("Resources").unwrap_or(&Value::Null);
    let mut holders: Vec<RolePermissions> =
        fields(resources).filter_map(|(id, resource)| holder(reader, id, resource)).collect();
    for (id, resource) in fields(resources) {
        attach(reader, &mut holders, id, resource);
    }
    Ok(holders)
}

fn holder(reader: Reader<'_>, id: &str, resource: &Value) -> Option<RolePermissions> {
    let holder = match resource.get("Type")?.as_str()? {
        "AWS::IAM::Role" => Holder::Role,
        "AWS::IAM::User" => Holder::User,
        "AWS::IAM::Group" => Holder::Group,
        _ => return None,
    };
    let properties = resource.get("Properties").unwrap_or(&Value::Null);
    let inline = items_at(properties, "Policies").into_iter().flat_map(|policy| {
        let mut found = match (function(policy.value), policy.value.get("PolicyDocument")) {
            (None, Some(document)) => {
                let name = policy.value.get("PolicyName").map(|name| reader.text(name));
                statements::read(reader, &name.unwrap_or_default(), document)
            }
            _ => vec![unreadable(reader, "", policy.value)],
        };
        for statement in &mut found {
            statement.conditions.extend(policy.conditions.iter().cloned());
        }
        found
    });
    let managed = items_at(properties, "ManagedPolicyArns");
    let text = |key| properties.get(key).map(|value| reader.text(value));
    Some(RolePermissions {
        logical_id: id.to_owned(),
        holder,
        description: text("Description").unwrap_or_default(),
        trusted: trust::words(reader, properties.get("AssumeRolePolicyDocument")),
        managed: managed.into_iter().map(|policy| reader.text(policy.value)).collect(),
        boundary: text("PermissionsBoundary").filter(|arn| !arn.is_empty()),
        statements: inline.collect(),
    })
}

/// Gives a policy's statements to the roles that it is attached to, or lets it stand alone.
fn attach(reader: Reader<'_>, holders: &mut Vec<RolePermissions>, id: &str, resource: &Value) {
    let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
    let managed = kind == "AWS::IAM::ManagedPolicy";
    let inline = [
        "AWS::IAM::Policy",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::UserPolicy",
        "AWS::IAM::GroupPolicy",
    ];
    if !managed && !inline.contains(&kind) {
        return;
    }
    let properties = resource.get("Properties").unwrap_or(&Value::Null);
    let document = properties.get("PolicyDocument").unwrap_or(&Value::Null);
    let statements = statements::read(reader, id, document);
    let named: Vec<String> = ["Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"]
        .iter()
        .flat_map(|key| items_at(properties, key))
        .map(|item| reader.text(item.value))
        .collect();
    let own = format!("${{{id}}}");
    let mut taken = 0;
    let mut referring = 0;
    for holder in holders.iter_mut() {
        let reference = format!("${{{}}}", holder.logical_id);
        let is_named = named.contains(&reference);
        let refers = managed && holder.managed.contains(&own);
        if is_named || refers {
            holder.managed.retain(|arn| *arn != own);
            holder.statements.extend(statements.iter().cloned());
            taken += usize::from(is_named);
            referring += usize::from(refers);
        }
    }
    // Somebody outside the template is named, or nobody at all.
    if taken < named.len() || taken + referring == 0 {
        holders.push(alone(reader, id, properties, statements));
    }
}

fn alone(
    reader: Reader<'_>,
    id: &str,
    properties: &Value,
    statements: Vec<Statement>,
) -> RolePermissions {
    let description = properties.get("Description").map(|text| reader.text(text));
    RolePermissions {
        logical_id: id.to_owned(),
        holder: Holder::Policy,
        description: description.unwrap_or_default(),
        trusted: Vec::new(),
        managed: Vec::new(),
        boundary: None,
        statements,
    }
}

/// The text of a scalar field; empty where it is missing.
fn field(value: &Value, key: &str) -> String {
    value.get(key).map(scalar).unwrap_or_default()
}

#[cfg(test)]
#[path = "permissions/permissions_tests.rs"]
mod tests;
