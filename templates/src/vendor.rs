//! Fills a vendor's constants into a template.
//!
//! The constants sit in `Mappings`, each on a line of its own as `Key: "value"`. Nothing else of a
//! template is ever changed, so that what a customer reads is what stands in the repository.

/// What differs from vendor to vendor.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Constants {
    /// The account that may read the logs, 12 digits.
    pub account_id: String,
    /// An `https://` URL or the ARN of an SQS queue.
    pub notification_endpoint: String,
    /// Where stacks report progress; `-` for nowhere.
    pub report_url: String,
    /// The code buckets are named `<prefix>-<region>`.
    pub code_bucket_prefix: String,
}

/// Why a template could not be rendered.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RenderError {
    /// The template has no line for any constant.
    #[error("the template has none of the vendor's constants")]
    NoConstants,
    /// The value would end the quoted text it stands in.
    #[error("the value of {0} may not contain quotes, backslashes or line breaks")]
    NotPlain(&'static str),
}

/// The template's text with the vendor's constants in place, for every partition alike.
pub fn render(body: &str, constants: &Constants) -> Result<String, RenderError> {
    let values = [
        ("AccountId", &constants.account_id),
        ("NotificationEndpoint", &constants.notification_endpoint),
        ("ReportUrl", &constants.report_url),
        ("CodeBucketPrefix", &constants.code_bucket_prefix),
    ];
    let mut text = body.to_owned();
    let mut found = false;
    for (key, value) in values {
        if let Some(rendered) = set_constant(&text, key, value)? {
            text = rendered;
            found = true;
        }
    }
    if found { Ok(text) } else { Err(RenderError::NoConstants) }
}

/// The text with one constant in place; `None` if the template does not use it.
fn set_constant(body: &str, key: &'static str, value: &str) -> Result<Option<String>, RenderError> {
    if value.contains(['"', '\\', '\n', '\r']) {
        return Err(RenderError::NotPlain(key));
    }
    let start = format!("{key}: \"");
    let mut found = false;
    let mut text = String::with_capacity(body.len());
    for line in body.lines() {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().starts_with(&start) && line.ends_with('"') {
            found = true;
            text.push_str(&line[..indent]);
            text.push_str(&start);
            text.push_str(value);
            text.push('"');
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    Ok(found.then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::LOGS_ANALYSIS_ONBOARDING;

    fn constants() -> Constants {
        Constants {
            account_id: "222233334444".into(),
            notification_endpoint: "https://intake.vendor.test/sns".into(),
            report_url: "https://onboarding.vendor.test/reports".into(),
            code_bucket_prefix: "vendor-code".into(),
        }
    }

    #[test]
    fn constants_take_their_place_in_every_partition_and_nothing_else_changes() {
        let body = LOGS_ANALYSIS_ONBOARDING.body;
        let text = render(body, &constants()).unwrap();
        assert!(!text.contains("\"000000000000\""));
        assert!(text.contains("AccountId: \"222233334444\""));
        let changed = body.lines().zip(text.lines()).filter(|(old, new)| old != new);
        for (old, new) in changed {
            assert_eq!(old.split(':').next(), new.split(':').next());
        }
    }

    #[test]
    fn a_value_that_would_break_out_of_its_quotes_is_refused() {
        let mut constants = constants();
        constants.report_url = "\"\nResources:".into();
        let refused = render(LOGS_ANALYSIS_ONBOARDING.body, &constants);
        assert_eq!(refused, Err(RenderError::NotPlain("ReportUrl")));
    }

    #[test]
    fn a_template_without_constants_is_refused() {
        assert_eq!(render("Mappings:\n", &constants()), Err(RenderError::NoConstants));
    }

    #[test]
    fn a_template_that_uses_some_constants_gets_those() {
        let text = render(crate::catalog::STACK_LAUNCH_ROLE.body, &constants()).unwrap();
        assert!(text.contains("CodeBucketPrefix: \"vendor-code\""));
    }
}
