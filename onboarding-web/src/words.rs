//! What several pages say in the same words.

use crate::{
    catalogue,
    pages::permissions as sheet,
    permissions::{self, never::Limits},
};

/// What people call a template.
pub fn template_name(id: &str) -> &str {
    match id {
        "logs-analysis-onboarding" => "Onboarding stack",
        "stack-launch-role" => "Launch role",
        other => other,
    }
}

/// What it is for.
pub fn template_purpose(id: &str) -> &str {
    match id {
        "logs-analysis-onboarding" => {
            "What a customer launches: turns logging on, keeps the logs in the customer's bucket, lets us \
             read them."
        }
        "stack-launch-role" => {
            "For customers whose people may not create roles: an administrator launches it once, and \
             CloudFormation then uses it to run the onboarding stack."
        }
        _ => "",
    }
}

/// The entries of the parameter `LoadBalancers`, as people name them.
pub fn load_balancers(selectors: &str) -> Vec<String> {
    selectors.split(',').map(|one| load_balancer(one.trim())).collect()
}

fn load_balancer(selector: &str) -> String {
    if selector == "all" {
        return "every application and network load balancer of the region".to_owned();
    }
    if let Some(tag) = selector.strip_prefix("tag:") {
        return format!("every load balancer with the tag {tag}");
    }
    let parts: Vec<&str> = selector.rsplit('/').collect();
    match parts.as_slice() {
        [_, name, "app", ..] => format!("{name} (application)"),
        [_, name, "net", ..] => format!("{name} (network)"),
        _ => selector.to_owned(),
    }
}

/// The newest version on offer, if it is newer than this one.
pub fn newer(offered: &[String], version: &str) -> Option<String> {
    let newest = offered.iter().max_by_key(|one| catalogue::parts(one))?;
    (catalogue::parts(newest) > catalogue::parts(version)).then(|| newest.clone())
}

/// Parameters by the names that the console shows for them.
pub fn parameters(all: &[(String, String)]) -> Vec<(String, String)> {
    let label =
        |name: &str| LABELS.iter().find(|(known, _)| *known == name).map(|(_, label)| *label);
    all.iter()
        .map(|(name, value)| (label(name).unwrap_or(name).to_owned(), value.clone()))
        .collect()
}

/// As the templates' `ParameterLabels` have them.
const LABELS: [(&str, &str); 5] = [
    ("LoadBalancers", "Load balancers"),
    ("OnboardingToken", "Onboarding token (leave as the link filled it in)"),
    ("ExistingBucketName", "Existing bucket (leave blank if unsure)"),
    ("LogRetentionDays", "Days to keep logs in a new bucket"),
    ("StackName", "Beginning of the onboarding stack's name"),
];

/// What the roles of a template cannot do, one line each.
pub fn cannot(limits: &[Limits]) -> Vec<String> {
    let line = |limit: &Limits| {
        let label = limit.label.clone();
        let lines = limit.cannot.iter().map(|one| one.what.clone()).collect::<Vec<_>>();
        lines.into_iter().map(move |what| format!("{label} cannot {what}.")).collect::<Vec<_>>()
    };
    limits.iter().flat_map(line).collect()
}

/// A role's permissions for the answer sheet.
pub fn role(role: &permissions::RolePermissions) -> sheet::RolePermissions {
    sheet::RolePermissions {
        logical_id: role.logical_id.clone(),
        description: role.description.clone(),
        trusted: role.trusted.clone(),
        managed: role.managed.clone(),
        statements: role.statements.iter().map(statement).collect(),
    }
}

fn statement(statement: &permissions::Statement) -> sheet::Statement {
    let but = |all_but: bool, words: &str| {
        if all_but { format!("All but: {words}") } else { words.to_owned() }
    };
    let action = |action: &permissions::Action| sheet::ActionRow {
        name: but(statement.all_actions_but, &action.name),
        does: action.does.to_string(),
        access: action.access.label().to_owned(),
    };
    let resource = |resource: &permissions::Resource| sheet::ResourceRow {
        arn: but(statement.all_resources_but, &resource.arn),
        words: resource.words.clone(),
    };
    let purpose = [statement.purpose.as_str(), statement.why.as_str()];
    let purpose: Vec<&str> = purpose.into_iter().filter(|part| !part.is_empty()).collect();
    sheet::Statement {
        sid: statement.sid.clone(),
        allow: statement.allow,
        purpose: purpose.join(". "),
        actions: statement.actions.iter().map(action).collect(),
        resources: statement.resources.iter().map(resource).collect(),
        conditions: statement.conditions.clone(),
    }
}

#[cfg(test)]
mod tests {
    use templates::catalog;

    use super::*;

    #[test]
    fn parameters_are_called_as_the_console_calls_them() {
        let texts: String = catalog::ALL.iter().map(|template| template.body).collect();
        for (name, label) in LABELS {
            assert!(texts.contains(&format!("{name}: {{default: {label}}}")), "{name}");
        }
    }

    #[test]
    fn load_balancers_are_named_as_people_do() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer";
        let named = load_balancers(&format!("{arn}/app/web/50dc,{arn}/net/tcp/60dc"));
        assert_eq!(named, ["web (application)", "tcp (network)"]);
        assert_eq!(load_balancers("tag:Team=shop"), ["every load balancer with the tag Team=shop"]);
    }

    #[test]
    fn a_newer_version_is_newer_by_its_numbers() {
        let offered = ["0.9.0", "0.10.0"].map(str::to_owned);
        assert_eq!(newer(&offered, "0.9.0").as_deref(), Some("0.10.0"));
        assert_eq!(newer(&offered, "0.10.0"), None);
    }
}
