//! The templates that this release carries: id, version, text, digest.

use sha2::{Digest, Sha256};

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

/// Every template, in the order in which they are shown to people.
pub const ALL: [Template; 2] = [LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE];

/// CloudFormation takes at most this many bytes of template text inline.
pub const MAX_INLINE_BYTES: usize = 51_200;

/// The SHA-256 of a template text, as 64 hexadecimal digits.
pub fn digest(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_fits_inline_and_states_its_version() {
        for template in ALL.into_iter().chain([AWS_ROLES]) {
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
    fn a_digest_is_the_sha_256_of_the_text() {
        assert_eq!(
            digest("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
