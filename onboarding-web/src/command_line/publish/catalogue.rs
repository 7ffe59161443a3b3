//! What the site knows of published versions, before and after.

use anyhow::{Result, ensure};
use templates::{catalog::AWS_ROLES, vendor::Constants};

use crate::{
    catalogue::{Catalogue, parts},
    publish::{
        artefacts::{Artefact, PROGRAMS},
        report::{Changes, Report},
    },
    serve,
    settings::Storage,
    store::{Actor, Kept, Store},
};

/// Opens the site's database. It is made where there is none, unless nothing may be changed.
pub(super) async fn open(storage: &Storage, dry_run: bool) -> Result<Option<Store>> {
    let file = storage.database_url.strip_prefix("sqlite://");
    let path = file.map(|path| path.split('?').next().unwrap_or(path));
    let absent = path.is_some_and(|path| !std::path::Path::new(path).exists());
    if dry_run && (absent || !storage.key_file.exists()) {
        return Ok(None);
    }
    serve::open(storage).await.map(Some)
}

/// Versions that the site knows with another text, and that customers may have links to.
pub(super) async fn conflicts(store: &Store, artefacts: &[Artefact]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for Artefact { id, version, digest, .. } in artefacts {
        if !store.may_take(id, version, digest).await? {
            problems.push(format!(
                "{id} {version} was published before with other bytes, or customers have links to it. A \
                 published version never changes. Raise the version, or use the settings and the zip of \
                 that time"
            ));
        }
    }
    Ok(problems)
}

/// What is new in each template since the version before it.
pub(super) async fn changes(store: Option<&Store>, artefacts: &[Artefact]) -> Result<Vec<Changes>> {
    let known = match store {
        Some(store) => store.template_versions().await?,
        None => Vec::new(),
    };
    let of = |artefact: &Artefact| {
        let before = known.iter().filter(|one| {
            one.template_id == artefact.id && parts(&one.version) < parts(artefact.version)
        });
        Changes::between(before.max_by_key(|one| parts(&one.version)), artefact)
    };
    Ok(artefacts.iter().filter(|one| !PROGRAMS.contains(&one.id)).map(of).collect())
}

/// Keeps what was read back: the versions, and the regions that have them.
pub(super) async fn record(
    store: &Store,
    constants: &Constants,
    artefacts: &[Artefact],
    report: &Report,
) -> Result<()> {
    let complete: Vec<_> = report.buckets.iter().filter(|bucket| bucket.complete).collect();
    if complete.is_empty() {
        return Ok(());
    }
    Catalogue::new(store.clone()).publish(constants, None).await?;
    let (id, version) = (AWS_ROLES.id, AWS_ROLES.version);
    let kept = store.add_template_version(id, version, AWS_ROLES.body, &AWS_ROLES.notes()).await?;
    ensure!(kept, "{id} {version} is known with another text");
    let all: Vec<Kept> = artefacts.iter().map(kept_of).collect();
    for bucket in complete {
        let place = (bucket.region.as_str(), bucket.bucket.as_str());
        store.add_artefacts(&Actor::of("command line"), place, &all).await?;
    }
    Ok(())
}

fn kept_of(artefact: &Artefact) -> Kept {
    Kept {
        id: artefact.id.to_owned(),
        version: artefact.version.to_owned(),
        digest: artefact.digest.clone(),
    }
}
