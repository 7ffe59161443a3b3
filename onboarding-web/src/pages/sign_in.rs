//! Signing in, and a password of one's own.

use askama::Template;

use super::frame::{FieldError, Frame};

/// `/sign-in`, posted to the same address with `email`, `password` and `next`.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// Nobody is signed in.
    pub frame: Frame,
    /// What was typed; kept.
    pub email: String,
    /// The path that was asked for, checked to be one of this site; may be empty.
    pub next: String,
    /// Whether local accounts sign in with their passwords.
    pub local: bool,
    /// Single sign-on, if there is any.
    pub elsewhere: Option<Elsewhere>,
    /// See [`SignInPage::refused`] and [`SignInPage::locked`].
    pub errors: Vec<FieldError>,
}

/// The way to sign in with a company's account.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// What follows "Sign in with".
    pub name: String,
    /// Where it begins.
    pub url: String,
}

impl SignInPage {
    /// Says that something was wrong, but not which of the two.
    pub fn refused() -> FieldError {
        FieldError::new("", "The e-mail or the password is not right. Check both and try again.")
    }

    /// After too many tries; `when` such as "in 4 minutes".
    pub fn locked(when: &str) -> FieldError {
        FieldError::new("", format!("There were too many tries. Try again {when}."))
    }
}

/// The form for a new password: `current` and `new`.
#[derive(Debug, Template)]
#[template(path = "password.html")]
pub struct PasswordPage {
    /// For staff.
    pub frame: Frame,
    /// Whose password it is, for password managers.
    pub email: String,
    /// Where the form goes.
    pub action_url: String,
    /// Where "Cancel" leads.
    pub back_url: String,
    /// How many characters it needs.
    pub min_length: usize,
    /// The first sign-in: nothing else can be done before.
    pub forced: bool,
    /// By `current` and `new`.
    pub errors: Vec<FieldError>,
}

#[cfg(test)]
pub(crate) fn sample(errors: Vec<FieldError>) -> SignInPage {
    let email = "rosa\"><script>alert(1)</script>@northlight.example".into();
    SignInPage {
        frame: Frame::sample("Sign in"),
        email,
        next: "/customers?state=failed".into(),
        local: true,
        elsewhere: None,
        errors,
    }
}

#[cfg(test)]
pub(crate) fn sample_password(forced: bool) -> PasswordPage {
    let errors =
        vec![FieldError::new("new", "The new password needs 12 characters or more; this has 7.")];
    PasswordPage {
        frame: Frame::staff_sample("Change your password", "settings"),
        email: "rosa@northlight.example".into(),
        action_url: "/password".into(),
        back_url: "/settings".into(),
        min_length: 12,
        forced,
        errors: if forced { vec![] } else { errors },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_blames_no_field_and_keeps_the_e_mail() {
        let html = sample(vec![SignInPage::refused()]).render().expect("renders");
        assert!(html.contains("<title>Error: Sign in") && html.contains("There is a problem"));
        assert!(!html.contains("aria-invalid") && html.contains("value=\"rosa&#34;&#62;"));
    }

    #[test]
    fn a_company_account_goes_first_and_may_be_the_only_way() {
        let mut page = sample(vec![]);
        let (name, url) = ("Northlight <b>".to_owned(), "/sign-in/oidc?next=%2F".to_owned());
        page.elsewhere = Some(Elsewhere { name, url });
        let html = page.render().expect("renders");
        let at = |text: &str| html.find(text).expect("is on the page");
        assert!(at("Sign in with Northlight &#60;b&#62;") < at("name=\"password\""));
        page.local = false;
        let html = page.render().expect("renders");
        assert!(html.contains("/sign-in/oidc?next") && !html.contains("<form"));
    }

    #[test]
    fn a_lock_says_for_how_long() {
        let html = sample(vec![SignInPage::locked("in 4 minutes")]).render().expect("renders");
        assert!(html.contains("Try again in 4 minutes."));
    }

    #[test]
    fn a_short_password_is_told_at_the_field_and_in_the_summary() {
        let html = sample_password(false).render().expect("renders");
        assert_eq!(html.matches("this has 7").count(), 2);
        assert!(sample_password(true).render().expect("renders").contains("Choose your own"));
    }
}
