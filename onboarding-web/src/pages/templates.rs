//! The templates: versions, their text with its permissions explained, and what changed between two.

use askama::Template as Page;

use super::{
    customers::{Choice, Moment},
    frame::{Frame, Tag},
    permissions::RolePermissions,
};

/// `GET /templates`.
#[derive(Page)]
#[template(path = "templates.html")]
pub struct Templates {
    /// Around the page.
    pub frame: Frame,
    /// Each template, with its versions.
    pub templates: Vec<TemplateCard>,
}

/// A template.
#[derive(Debug, Clone)]
pub struct TemplateCard {
    /// Such as `logs-analysis-onboarding`; part of addresses and ids.
    pub id: String,
    /// Such as `Onboarding stack`.
    pub name: String,
    /// What it is for, one or two sentences.
    pub purpose: String,
    /// The newest first.
    pub versions: Vec<VersionRow>,
    /// The older side of a comparison.
    pub from: Vec<Choice>,
    /// The newer side.
    pub to: Vec<Choice>,
}

/// A published version.
#[derive(Debug, Clone)]
pub struct VersionRow {
    /// Such as `0.1.0`.
    pub version: String,
    /// `Current`, `Published` or `Retired`.
    pub tag: Tag,
    /// SHA-256 of the text, hexadecimal.
    pub digest: String,
    /// When it was published.
    pub published: Moment,
    /// Where it lies in the vendor's buckets, such as `in eu-west-1`; may be empty.
    pub regions: String,
    /// Customers whose links or stacks have it.
    pub customers: usize,
    /// Those customers.
    pub customers_url: String,
    /// What is new; may be empty.
    pub notes: String,
    /// The text, for people.
    pub url: String,
    /// The text, to the byte.
    pub raw_url: String,
    /// Where retiring is posted to; `None` if retired, current, or for those who may not.
    pub retire_url: Option<String>,
    /// Where an admin takes it back into use, if it is retired.
    pub restore_url: Option<String>,
}

impl VersionRow {
    /// The first 12 digits of the digest: enough to compare by eye.
    pub fn short_digest(&self) -> &str {
        self.digest.get(..12).unwrap_or(&self.digest)
    }
}

/// `GET /templates/{id}/{version}`.
#[derive(Page)]
#[template(path = "template.html")]
pub struct TemplateText {
    /// Around the page.
    pub frame: Frame,
    /// Such as `Onboarding stack`.
    pub name: String,
    /// `Current`, `Published` or `Retired`.
    pub tag: Tag,
    /// SHA-256 of the text, hexadecimal.
    pub digest: String,
    /// The text, to the byte.
    pub raw_url: String,
    /// Compared with the version before, if there is one.
    pub diff_url: Option<String>,
    /// What it may do, statement by statement.
    pub roles: Vec<RolePermissions>,
    /// The text, line by line.
    pub lines: Vec<String>,
}

/// `GET /templates/{id}/diff?from=&to=`.
#[derive(Page)]
#[template(path = "template_diff.html")]
pub struct TemplateDiff {
    /// Around the page.
    pub frame: Frame,
    /// Part of the form's address.
    pub id: String,
    /// Such as `Onboarding stack`.
    pub name: String,
    /// The older side.
    pub from: Vec<Choice>,
    /// The newer side.
    pub to: Vec<Choice>,
    /// Whether the two texts are the same.
    pub same: bool,
    /// What may be done that could not be before, and the other way round.
    pub permissions: Vec<WordedChange>,
    /// What is asked when launching.
    pub parameters: Vec<WordedChange>,
    /// The texts side by side; long stretches that did not change are left out.
    pub lines: Vec<DiffLine>,
}

/// A change in words.
#[derive(Debug, Clone)]
pub struct WordedChange {
    /// `Added`, `Removed` or `Changed`, in its colour.
    pub tag: Tag,
    /// Such as `may read the tags of buckets whose names begin with dtlogs-`.
    pub words: String,
    /// The name in AWS, such as `s3:GetBucketTagging`; may be empty.
    pub name: String,
}

impl WordedChange {
    /// Something that was not there before.
    pub fn added(words: impl Into<String>, name: impl Into<String>) -> Self {
        Self { tag: Tag::new("info", "plus", "Added"), words: words.into(), name: name.into() }
    }

    /// Something that is no longer there.
    pub fn removed(words: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            tag: Tag::new("neutral", "minus", "Removed"),
            words: words.into(),
            name: name.into(),
        }
    }

    /// Something that is there still, in another way.
    pub fn changed(words: impl Into<String>, name: impl Into<String>) -> Self {
        Self { tag: Tag::new("warn", "alert", "Changed"), words: words.into(), name: name.into() }
    }
}

/// A line of the comparison.
#[derive(Debug, Clone)]
pub struct DiffLine {
    /// `added`, `removed`, `skipped`, or empty for a line that is in both.
    pub class: &'static str,
    /// Its number in the older text; empty if not there.
    pub old: String,
    /// Its number in the newer text; empty if not there.
    pub new: String,
    /// The line; for `skipped`, such as `112 lines that are the same`.
    pub text: String,
}

impl DiffLine {
    /// What its colour says, for those who do not see it: `+`, `−` or a blank.
    pub fn sign(&self) -> &'static str {
        match self.class {
            "added" => "+",
            "removed" => "−",
            _ => " ",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::pages::{
        customers::tests::{HOSTILE, LONG, moment, rendered},
        permissions::samples,
    };

    const ID: &str = "logs-analysis-onboarding";

    fn version(version: &str, tag: Tag, retire: bool) -> VersionRow {
        VersionRow {
            version: version.into(),
            tag,
            digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            published: moment("20 November 2026"),
            regions: "in ap-southeast-2, eu-central-1, eu-west-1, us-east-1".into(),
            customers: 12,
            customers_url: format!("/customers?version={version}"),
            notes: "Reads the tags of buckets, so that stacks can share one.".into(),
            url: format!("/templates/{ID}/{version}"),
            raw_url: format!("/templates/{ID}/{version}/raw"),
            retire_url: retire.then(|| format!("/templates/{ID}/{version}/retire")),
            restore_url: None,
        }
    }

    fn current() -> Tag {
        Tag::new("ok", "check", "Current")
    }

    fn versions(selected: &str) -> Vec<Choice> {
        Choice::list([("0.2.0", "0.2.0"), ("0.1.0", "0.1.0")], selected)
    }

    fn card(id: &str, name: &str, rows: Vec<VersionRow>) -> TemplateCard {
        TemplateCard {
            id: id.into(),
            name: name.into(),
            purpose:
                "Turns on logging for the load balancers of a region and lets us read the logs."
                    .into(),
            versions: rows,
            from: versions("0.1.0"),
            to: versions("0.2.0"),
        }
    }

    fn list(notes: &str) -> Templates {
        let mut rows = vec![
            version("0.2.0", current(), false),
            version("0.1.0", Tag::new("neutral", "dot", "Published"), true),
            version("0.0.9", Tag::new("warn", "lock", "Retired"), false),
        ];
        rows[0].notes = notes.into();
        let role = vec![version("0.1.0", current(), false)];
        Templates {
            frame: Frame::staff_sample("Templates", "templates"),
            templates: vec![
                card(ID, "Onboarding stack", rows),
                card("stack-launch-role", "Launch role", role),
            ],
        }
    }

    fn text(lines: &[&str]) -> TemplateText {
        TemplateText {
            frame: Frame::staff_sample("Onboarding stack 0.1.0", "templates"),
            name: "Onboarding stack".into(),
            tag: current(),
            digest: version("0.1.0", current(), false).digest,
            raw_url: format!("/templates/{ID}/0.1.0/raw"),
            diff_url: Some(format!("/templates/{ID}/diff?from=0.0.9&to=0.1.0")),
            roles: samples::page().roles,
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
        }
    }

    fn diff(same: bool, word: &str) -> TemplateDiff {
        let line = |class, old: &str, new: &str, text: &str| DiffLine {
            class,
            old: old.into(),
            new: new.into(),
            text: text.into(),
        };
        let lines = vec![
            line("skipped", "", "", "112 lines that are the same"),
            line("", "113", "113", "                Action:"),
            line("removed", "114", "", &format!("                  - {word}")),
            line("added", "", "114", "                  - s3:GetBucketTagging"),
        ];
        let changes = vec![
            WordedChange::added(
                "The function may read the tags of a bucket",
                "s3:GetBucketTagging",
            ),
            WordedChange::removed(word, "s3:GetBucketAcl"),
            WordedChange::changed("The function may subscribe the vendor only", "sns:Subscribe"),
        ];
        TemplateDiff {
            frame: Frame::staff_sample("What changed from 0.1.0 to 0.2.0", "templates"),
            id: ID.into(),
            name: "Onboarding stack".into(),
            from: versions("0.1.0"),
            to: versions("0.2.0"),
            same,
            permissions: if same { vec![] } else { changes },
            parameters: vec![],
            lines: if same { vec![] } else { lines },
        }
    }

    /// Every sample of this module, rendered.
    pub(crate) fn samples() -> Vec<(&'static str, String)> {
        let mut empty = list("");
        empty.templates[0].versions.clear();
        let mut all = rendered(vec![
            ("templates", list("")),
            ("templates-empty", empty),
            ("templates-hostile", list(HOSTILE)),
        ]);
        let lines =
            ["AWSTemplateFormatVersion: \"2010-09-09\"", "", "Resources:", "  # a comment", LONG];
        all.extend(rendered(vec![
            ("template", text(&lines)),
            ("template-hostile", text(&[HOSTILE])),
        ]));
        all.extend(rendered(vec![
            ("template-diff", diff(false, "s3:GetBucketAcl")),
            ("template-diff-same", diff(true, "")),
            ("template-diff-hostile", diff(false, HOSTILE)),
        ]));
        all
    }

    #[test]
    fn every_sample_is_sound() {
        assert_eq!(samples().len(), 8);
    }

    #[test]
    fn only_what_may_be_retired_offers_it() {
        let html = list("").render().expect("a page");
        assert_eq!(html.matches("/retire\"").count(), 1);
    }

    #[test]
    fn a_digest_is_short_for_the_eye() {
        let mut row = version("0.1.0", current(), false);
        assert_eq!(row.short_digest(), "ba7816bf8f01");
        row.digest = "é".into();
        assert_eq!(row.short_digest(), "é");
    }
}
