//! The answer sheet for a customer's security team, made to be printed.

use askama::Template;

use super::frame::Frame;

/// `/c/{token}/permissions`.
#[derive(Debug, Template)]
#[template(path = "permissions.html")]
pub struct PermissionsPage {
    /// Without navigation.
    pub frame: Frame,
    /// Whose stack it is.
    pub vendor: String,
    /// The customer's account, grouped; empty if the page is not about one.
    pub account_grouped: String,
    /// The template's name.
    pub template_name: String,
    /// Its version.
    pub template_version: String,
    /// Its digest in hexadecimal.
    pub template_sha256: String,
    /// Where it can be downloaded; may be empty.
    pub template_url: String,
    /// When this was made, in words.
    pub made: String,
    /// What no statement allows.
    pub never: Vec<String>,
    /// What reaches further than its name says.
    pub but: Vec<String>,
    /// All roles of the template.
    pub roles: Vec<RolePermissions>,
    /// The page that led here.
    pub back_url: String,
}

/// One role.
#[derive(Debug, Clone)]
pub struct RolePermissions {
    /// Its name in the template; also part of ids.
    pub logical_id: String,
    /// What it is for.
    pub description: String,
    /// Who can use it, a sentence each.
    pub trusted: Vec<String>,
    /// ARNs of managed policies.
    pub managed: Vec<String>,
    /// In the template's order.
    pub statements: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its id.
    pub sid: String,
    /// `Allow`, not `Deny`.
    pub allow: bool,
    /// Why it is needed.
    pub purpose: String,
    /// What it is about.
    pub actions: Vec<ActionRow>,
    /// On what.
    pub resources: Vec<ResourceRow>,
    /// A sentence each; empty for always.
    pub conditions: Vec<String>,
}

/// An action.
#[derive(Debug, Clone)]
pub struct ActionRow {
    /// Such as `s3:CreateBucket`.
    pub name: String,
    /// What it does, in words.
    pub does: String,
    /// Read, list, write, permissions or tagging; may be empty.
    pub access: String,
}

impl ActionRow {
    /// The name up to its colon; a long name may break after it.
    pub(super) fn service(&self) -> &str {
        let end = self.name.find(':').map_or(0, |colon| colon + 1);
        &self.name[..end]
    }

    /// The name after its colon.
    pub(super) fn verb(&self) -> &str {
        &self.name[self.service().len()..]
    }
}

/// A resource.
#[derive(Debug, Clone)]
pub struct ResourceRow {
    /// As in the template.
    pub arn: String,
    /// The same in words.
    pub words: String,
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    fn action(name: &str, does: &str, access: &str) -> ActionRow {
        ActionRow { name: name.into(), does: does.into(), access: access.into() }
    }

    fn statements() -> Vec<Statement> {
        let arn = "arn:${AWS::Partition}:elasticloadbalancing:${AWS::Region}:${AWS::AccountId}:loadbalancer/app/*";
        vec![
            Statement {
                sid: "ReadLoadBalancers".into(),
                allow: true,
                purpose: "To see which load balancers there are and whether they log already."
                    .into(),
                actions: vec![
                    action(
                        "elasticloadbalancing:DescribeLoadBalancers",
                        "lists load balancers",
                        "list",
                    ),
                    action("elasticloadbalancing:DescribeTags", "reads their tags", "read"),
                ],
                resources: vec![ResourceRow {
                    arn: "*".into(),
                    words: "All load balancers".into(),
                }],
                conditions: vec![],
            },
            Statement {
                sid: "SwitchLogging".into(),
                allow: true,
                purpose: "To turn logging on, and to put back what was set before.".into(),
                actions: vec![action(
                    "elasticloadbalancing:ModifyLoadBalancerAttributes",
                    "changes settings of a load balancer",
                    "write",
                )],
                resources: vec![ResourceRow {
                    arn: arn.into(),
                    words: "Application load balancers of this account and region".into(),
                }],
                conditions: vec!["The bucket is in your own account".into()],
            },
        ]
    }

    pub(crate) fn page() -> PermissionsPage {
        PermissionsPage {
            frame: Frame::sample("Permissions for your security team"),
            vendor: "Northlight Analytics".into(),
            account_grouped: "1234 5678 9012".into(),
            template_name: "logs-analysis-onboarding".into(),
            template_version: "0.1.0".into(),
            template_sha256: "9f2c1b7e4d0a865531c0ffee20260119a1b2c3d4e5f60718293a4b5c6d7e8f90"
                .into(),
            template_url: "/c/token/template".into(),
            made: "22 November 2026".into(),
            but: vec![],
            never: vec![
                "Read, change or delete an object in any bucket".into(),
                "Create users or access keys".into(),
            ],
            roles: vec![RolePermissions {
                logical_id: "DTLogsAnalysisLambdaExecutionRole".into(),
                description: "What the log analysis onboarding function may do in this account."
                    .into(),
                trusted: vec!["AWS Lambda, for functions of this account only".into()],
                managed: vec![],
                statements: statements(),
            }],
            back_url: "/c/token".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_a_row_and_a_denial_is_marked() {
        let mut page = samples::page();
        page.roles[0].statements[0].allow = false;
        let html = page.render().expect("renders");
        assert_eq!(html.matches("<th scope=\"row\">").count(), 2);
        assert_eq!(html.matches("Forbids").count(), 1);
    }
}
