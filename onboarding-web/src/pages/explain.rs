//! A customer pastes what AWS said and reads what to do.

use askama::Template;

use super::frame::Frame;

/// `/c/{token}/explain`, a form by GET with the field `text`.
#[derive(Debug, Template)]
#[template(path = "explain.html")]
pub struct ExplainPage {
    /// Without navigation.
    pub frame: Frame,
    /// Who helps.
    pub vendor: String,
    /// The e-mail address or the name of a support page.
    pub contact: String,
    /// `mailto:` or `https://`.
    pub contact_url: String,
    /// This page.
    pub action_url: String,
    /// The launch page.
    pub back_url: String,
    /// What was pasted; kept.
    pub text: String,
    /// What we make of it.
    pub outcome: Outcome,
}

/// What is known about a pasted text.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Nothing was pasted yet.
    NotAsked,
    /// One of the causes we know.
    Known(Explained),
    /// Something new.
    Unknown,
}

/// A cause and its cure.
#[derive(Debug, Clone)]
pub struct Explained {
    /// What went wrong, in a few words.
    pub title: String,
    /// What to do next.
    pub next: String,
    /// What support knows it by.
    pub code: String,
}

#[cfg(test)]
pub(crate) fn sample(outcome: Outcome) -> ExplainPage {
    ExplainPage {
        frame: Frame::sample("What does this error mean?"),
        vendor: "Northlight Analytics".into(),
        contact: "onboarding@northlight.example".into(),
        contact_url: "mailto:onboarding@northlight.example".into(),
        action_url: "/c/token/explain".into(),
        back_url: "/c/token".into(),
        text: String::new(),
        outcome,
    }
}

#[cfg(test)]
pub(crate) fn sample_known() -> ExplainPage {
    let text =
        "Requires capabilities : [CAPABILITY_IAM] </textarea><script>alert(1)</script>".into();
    let found = Explained {
        title: "The box at the bottom of the AWS page was not ticked".into(),
        next: "Tick “I acknowledge that AWS CloudFormation might create IAM resources” and press Create stack again.".into(),
        code: "CAPABILITIES".into(),
    };
    ExplainPage { text, ..sample(Outcome::Known(found)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_text_gets_its_cure_and_stays_in_the_field() {
        let html = sample_known().render().expect("renders");
        assert!(html.contains("was not ticked") && html.contains("CAPABILITIES"));
        assert_eq!(html.matches("</textarea>").count(), 1);
    }

    #[test]
    fn an_unknown_text_leads_to_support() {
        let html = sample(Outcome::Unknown).render().expect("renders");
        assert!(html.contains("mailto:onboarding@northlight.example"));
    }

    #[test]
    fn nothing_is_answered_before_something_was_asked() {
        let html = sample(Outcome::NotAsked).render().expect("renders");
        assert!(!html.contains("id=\"answer\""));
    }
}
