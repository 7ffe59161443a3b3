//! The e-mail that staff send with a link. Admins may change its words, so it is rendered as text that
//! can do nothing but fill in values.

use minijinja::{Environment, UndefinedBehavior, context};

use crate::{app::Site, clock, customer_form::grouped, store::Customer};

/// The subject, unless an admin wrote another.
pub const SUBJECT: &str = "Connect your load balancer logs to {{ vendor }}";

/// The text, unless an admin wrote another: at most 120 words.
pub const BODY: &str = "Hello {{ customer }},

{{ vendor }} needs to read the access logs of your load balancers. Please open this page, which explains \
everything before anything changes:

{{ link }}

Account: {{ account }}
Region: {{ regions }}
Who: somebody who may create IAM roles in that account
Time: about three minutes

What changes:
- logging is turned on for the load balancers on the page
- logs are kept in an S3 bucket of your account
- we may read those logs, and nothing else

To undo it, delete the stack; your logs stay.

The link works until {{ expires }}. Questions? Write to {{ contact }}. We never ask for access keys or \
passwords.
";

/// What may be filled in, and what it becomes.
pub const PLACEHOLDERS: [(&str, &str); 7] = [
    ("customer", "The customer's name"),
    ("vendor", "Your name, as customers know it"),
    ("link", "The address of the customer's page"),
    ("account", "The customer's AWS account, grouped"),
    ("regions", "The regions, separated by commas"),
    ("expires", "The last day of the link"),
    ("contact", "Where customers ask for help"),
];

/// Fills in the words for a customer. The error says in which line what is wrong.
pub fn render(site: &Site, customer: &Customer, link: &str, text: &str) -> Result<String, String> {
    only_placeholders(text)?;
    let regions: Vec<&str> = customer
        .regions
        .iter()
        .filter(|region| region.dropped_at == 0)
        .map(|region| region.region.as_str())
        .collect();
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let values = context! {
        customer => customer.name.clone(),
        vendor => site.vendor.clone(),
        link => link,
        account => grouped(&customer.account),
        regions => regions.join(", "),
        expires => clock::day(customer.expires_at),
        contact => site.contact.clone(),
    };
    environment.render_str(text, values).map_err(|error| {
        let place = error.line().map(|line| format!("Line {line}: ")).unwrap_or_default();
        let detail = error.detail().unwrap_or("a placeholder cannot be filled in");
        format!("{place}{detail}. Write placeholders as {{{{ customer }}}}")
    })
}

/// Refuses all that a template could do beyond filling in: a loop might never end, or use up the memory.
fn only_placeholders(text: &str) -> Result<(), String> {
    for (number, line) in (1..).zip(text.lines()) {
        let wrong = |what: &str| {
            Err(format!("Line {number}: {what}. Write placeholders as {{{{ customer }}}}"))
        };
        if line.contains("{%") || line.contains("{#") {
            return wrong("nothing but placeholders can stand between braces");
        }
        for part in line.split("{{").skip(1) {
            let Some((name, _)) = part.split_once("}}") else {
                return wrong("a placeholder does not end on its line");
            };
            let name = name.trim();
            if !PLACEHOLDERS.iter().any(|(known, _)| *known == name) {
                return wrong(&format!("there is no placeholder '{name}'"));
            }
        }
    }
    Ok(())
}

/// One line, as a subject must be.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_placeholders_is_taken() {
        assert_eq!(only_placeholders("{{ link }} and {{customer}},\n{{ link}} } } {"), Ok(()));
        for text in [
            "{{ custmer }}",
            "{{ link",
            "{{\nlink }}",
            "{{ 'x' * 1000000000 }}",
            "{{ range(10) }}",
            "{{ link | upper }}",
            "{% for a in [1] %}{% endfor %}",
            "{# note #}",
            "{{ link }}{{- link }}",
        ] {
            let why = only_placeholders(text).unwrap_err();
            assert!(why.starts_with("Line 1: "), "{text}: {why}");
        }
    }

    #[test]
    fn the_e_mail_is_short_enough_to_be_read() {
        assert!(BODY.split_whitespace().count() <= 130, "{}", BODY.split_whitespace().count());
        for (name, _) in PLACEHOLDERS {
            let used = format!("{{{{ {name} }}}}");
            assert!(BODY.contains(&used) || SUBJECT.contains(&used), "{name}");
        }
    }
}
