//! What a run of `publish` found and did, for people and for programs.

use serde::Serialize;

use super::{Bucket, artefacts::Artefact, plan::Step};
use crate::{store::TemplateVersion, template_diff};

/// A whole run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Report {
    /// Whether it only looked.
    pub dry_run: bool,
    /// The templates, and what is new in them.
    pub templates: Vec<Changes>,
    /// The buckets, region by region.
    pub buckets: Vec<InBucket>,
    /// Everything that went wrong; empty if all is published.
    pub problems: Vec<String>,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InBucket {
    /// Its region.
    pub region: String,
    /// Its name.
    pub bucket: String,
    /// What was done to the bucket itself, or would be.
    pub settings: Vec<&'static str>,
    /// What lies in it.
    pub objects: Vec<Object>,
    /// Whether all that is to be there is there, read back whole.
    pub complete: bool,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// The SHA-256 of its bytes.
    pub sha256: String,
    /// How many there are.
    pub bytes: usize,
    /// Where it stands.
    pub state: State,
}

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was there with these bytes.
    Same,
    /// It was uploaded and read back.
    Uploaded,
    /// It is not there yet.
    Missing,
}

/// What is new in a template since the version before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Which template.
    pub template: String,
    /// Its version.
    pub version: String,
    /// The version that was published before; empty for the first.
    pub since: String,
    /// Changes of permissions in words.
    pub permissions: Vec<String>,
    /// Changes of parameters in words.
    pub parameters: Vec<String>,
}

impl Step {
    /// What it is called; empty for uploads.
    pub fn words(self) -> &'static str {
        match self {
            Self::Create => "bucket",
            Self::SetPublicAccess => "public access settings",
            Self::SetPolicy => "policy",
            Self::KeepVersions => "versioning",
            Self::Upload(_) => "",
        }
    }
}

impl InBucket {
    /// Before anything is done.
    pub fn planned(bucket: &Bucket, steps: &[Step], artefacts: &[Artefact]) -> Self {
        let object = |(at, artefact): (usize, &Artefact)| Object {
            key: artefact.key.clone(),
            sha256: artefact.digest.clone(),
            bytes: artefact.body.len(),
            state: if steps.contains(&Step::Upload(at)) { State::Missing } else { State::Same },
        };
        let settings = steps.iter().map(|step| step.words()).filter(|words| !words.is_empty());
        Self {
            region: bucket.region.clone(),
            bucket: bucket.name.clone(),
            settings: settings.collect(),
            objects: artefacts.iter().enumerate().map(object).collect(),
            complete: steps.is_empty(),
        }
    }

    /// After all of its steps were done.
    pub fn complete(&mut self) {
        self.complete = true;
        for object in &mut self.objects {
            if object.state == State::Missing {
                object.state = State::Uploaded;
            }
        }
    }

    /// One line for a person.
    pub fn words(&self) -> String {
        let count = |state: State| self.objects.iter().filter(|one| one.state == state).count();
        let (same, new, missing) =
            (count(State::Same), count(State::Uploaded), count(State::Missing));
        let mut parts = Vec::new();
        if new > 0 {
            parts.push(format!("{new} uploaded and read back"));
        }
        if missing > 0 {
            parts.push(format!("{missing} to upload"));
        }
        if same > 0 {
            parts.push(format!("{same} there already"));
        }
        if !self.settings.is_empty() {
            let verb = if self.complete { "set" } else { "to set" };
            parts.push(format!("{verb}: {}", self.settings.join(", ")));
        }
        format!("{} ({}): {}", self.region, self.bucket, parts.join("; "))
    }
}

impl Changes {
    /// Holds an artefact that is a template against the version before it.
    pub fn between(before: Option<&TemplateVersion>, artefact: &Artefact) -> Self {
        let body = String::from_utf8_lossy(&artefact.body);
        let diff = before.map(|before| template_diff::diff(&before.body, &body));
        let diff = diff.unwrap_or_default();
        let words =
            |all: Vec<template_diff::Change>| all.into_iter().map(|one| one.words).collect();
        Self {
            template: artefact.id.to_owned(),
            version: artefact.version.to_owned(),
            since: before.map(|before| before.version.clone()).unwrap_or_default(),
            permissions: words(diff.permissions),
            parameters: words(diff.parameters),
        }
    }

    /// For a person.
    pub fn words(&self) -> Vec<String> {
        let Self { template, version, since, .. } = self;
        if since.is_empty() {
            return vec![format!("{template} {version}: the first version")];
        }
        let none = self.permissions.is_empty();
        let first = if none { "no permission changed" } else { "permissions changed" };
        let mut lines = vec![format!("{template} {version}, since {since}: {first}")];
        let all = self.permissions.iter().chain(&self.parameters);
        lines.extend(all.map(|words| format!("  - {words}")));
        lines
    }
}
