//! The templates that this release carries: id, version, text, digest.

/// A CloudFormation template as it is launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// The file's stem, which is also its name in links and artefact keys.
    pub id: &'static str,
    /// The version that the template's own Description and Outputs state.
    pub version: &'static str,
    /// The text as it stands in the repository, vendor constants not yet filled in.
    pub body: &'static str,
}

impl Template {
    /// Where it lies in the vendor's bucket of each region.
    pub fn key(&self) -> String {
        let kind = if self.id == AWS_ROLES.id { "json" } else { "yaml" };
        format!("{PREFIX}{}/{}.{kind}", self.version, self.id)
    }

    /// The first paragraph that `CHANGELOG.md` has about this version; empty if it has none.
    pub fn notes(&self) -> String {
        let heading = format!("\n## {}\n", self.version);
        let version = CHANGELOG.split(&heading).nth(1).unwrap_or_default();
        let version = version.split("\n## ").next().unwrap_or_default();
        let own = version.split("\n### ").find(|section| {
            let heading = section.lines().next().unwrap_or_default();
            heading.contains(&format!("(`{}.", self.id))
        });
        let paragraph = own.and_then(|section| section.split("\n\n").nth(1)).unwrap_or_default();
        let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "");
        // What only leads to a list is left out.
        let whole = words.rfind('.').map_or(0, |end| end + 1);
        words[..whole].to_owned()
    }
}

/// What all keys in the vendor's buckets begin with; customers may read nothing else there.
pub const PREFIX: &str = "logs-analysis/";

const CHANGELOG: &str = include_str!("../CHANGELOG.md");

/// Where the zip of a program lies in the vendor's bucket of each region: `bootstrap` as the onboarding
/// stack names it, `preflight` as customers' pages do.
pub fn program_key(program: &str) -> String {
    format!("{PREFIX}{}/{program}.zip", LOGS_ANALYSIS_ONBOARDING.version)
}

/// The stack that turns logging on: role, function, `InvokeLambdaFunction`.
pub const LOGS_ANALYSIS_ONBOARDING: Template = Template {
    id: "logs-analysis-onboarding",
    version: "0.1.0",
    body: include_str!("../logs-analysis-onboarding.yaml"),
};

/// The role that CloudFormation assumes to run the onboarding stack.
pub const STACK_LAUNCH_ROLE: Template = Template {
    id: "stack-launch-role",
    version: "0.1.0",
    body: include_str!("../stack-launch-role.yaml"),
};

/// The roles of Priority Operation Processing. Not among [`ALL`]: there is nothing to fill in.
pub const AWS_ROLES: Template = Template {
    id: "AWS-Roles-CloudFormation",
    version: "0.1.0",
    body: include_str!("../AWS-Roles-CloudFormation.json"),
};

/// The vendor's own side: queues, a role. Not among [`ALL`]: customers never launch it.
pub const VENDOR_INTAKE: Template =
    Template { id: "vendor-intake", version: "0.1.0", body: include_str!("../vendor-intake.yaml") };

/// Every template, in the order in which they are shown to people.
pub const ALL: [Template; 2] = [LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE];

/// CloudFormation takes at most this many bytes of template text inline.
pub const MAX_INLINE_BYTES: usize = 51_200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quick_create::template_url;

    #[test]
    fn every_template_fits_inline_and_states_its_version() {
        for template in ALL.into_iter().chain([AWS_ROLES, VENDOR_INTAKE]) {
            assert!(template.body.len() < MAX_INLINE_BYTES, "{}", template.id);
            assert!(
                template.body.contains(template.version),
                "{} does not state {}",
                template.id,
                template.version
            );
        }
    }

    #[test]
    fn keys_are_those_that_links_and_the_stack_itself_name() {
        for template in ALL {
            let url = template_url("vendor-code", "eu-west-1", template.id, template.version);
            assert!(url.unwrap().ends_with(&format!(".com/{}", template.key())));
        }
        assert_eq!(AWS_ROLES.key(), "logs-analysis/0.1.0/AWS-Roles-CloudFormation.json");
        let named = format!("CodeKey: \"{}\"", program_key("bootstrap"));
        assert!(LOGS_ANALYSIS_ONBOARDING.body.contains(&named));
    }

    #[test]
    fn the_changelog_has_something_to_say_about_every_template() {
        for template in ALL.into_iter().chain([AWS_ROLES, VENDOR_INTAKE]) {
            let notes = template.notes();
            assert!(notes.starts_with("First version."), "{}: {notes}", template.id);
            assert!(notes.len() < 600 && !notes.contains(['#', '`']), "{notes}");
        }
    }
}
