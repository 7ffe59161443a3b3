//! What is put into every bucket: the handler's zip and the templates, with the vendor's constants.

use templates::{
    catalog::{self, AWS_ROLES, LOGS_ANALYSIS_ONBOARDING, MAX_INLINE_BYTES, Template},
    digest::sha256,
    quick_create,
    vendor::{self, Constants},
};

use super::program_zip;
use crate::permissions;

/// The programs, by what they are called in their zips: the function's code, and what customers look
/// with before they launch.
pub const PROGRAMS: [&str; 2] = [program_zip::BOOTSTRAP, program_zip::PREFLIGHT];

/// One object, the same in every region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    /// A template's id, or one of [`PROGRAMS`].
    pub id: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Where it lies.
    pub key: String,
    /// For whoever downloads it.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Their SHA-256 as hexadecimal digits.
    pub digest: String,
}

/// Everything, checked. The programs' zips come first: a template that is there can be launched.
pub fn all(constants: &Constants, zips: [Vec<u8>; 2]) -> Result<Vec<Artefact>, String> {
    let mut all = Vec::new();
    for (id, zip) in PROGRAMS.into_iter().zip(zips) {
        program_zip::check(id, &zip).map_err(|why| format!("the zip of {id} is no good: {why}"))?;
        all.push(Artefact {
            id,
            version: LOGS_ANALYSIS_ONBOARDING.version,
            key: catalog::program_key(id),
            content_type: "application/zip",
            digest: sha256(&zip),
            body: zip,
        });
    }
    for template in catalog::ALL {
        let unfit =
            |why: String| format!("the template {} cannot be published: {why}", template.id);
        let body =
            vendor::render(template.body, constants).map_err(|why| unfit(why.to_string()))?;
        quick_create::check_contract(template.id, &body).map_err(|why| unfit(why.to_string()))?;
        all.push(artefact(&template, body, "text/yaml; charset=utf-8").map_err(unfit)?);
    }
    let unfit = |why: String| format!("the template {} cannot be published: {why}", AWS_ROLES.id);
    all.push(artefact(&AWS_ROLES, AWS_ROLES.body.to_owned(), "application/json").map_err(unfit)?);
    Ok(all)
}

fn artefact(
    template: &Template,
    body: String,
    content_type: &'static str,
) -> Result<Artefact, String> {
    if body.len() >= MAX_INLINE_BYTES {
        return Err(format!("it has {} bytes, and has to stay below 51,200", body.len()));
    }
    if !body.contains(template.version) {
        return Err(format!("it does not state its version, {}", template.version));
    }
    permissions::read(&body).map_err(|error| error.to_string())?;
    Ok(Artefact {
        id: template.id,
        version: template.version,
        key: template.key(),
        content_type,
        digest: sha256(&body),
        body: body.into_bytes(),
    })
}
