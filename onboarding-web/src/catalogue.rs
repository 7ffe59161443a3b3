//! The templates as the site needs them: the published text, its declared parameters, its permissions.
//! Read once each.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use templates::{
    catalog::{self, LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE},
    declared::{self, Declared},
    quick_create,
    vendor::{self, Constants},
};

use crate::{
    permissions::{self, RolePermissions, never::Limits},
    store::{Customer, Store, StoreError, TemplateVersion, VersionPlace},
};

/// A published version, read.
#[derive(Debug)]
pub struct Template {
    /// As it is stored.
    pub row: TemplateVersion,
    /// The parameters that it declares.
    pub declared: Vec<Declared>,
    /// What its roles may do.
    pub roles: Vec<RolePermissions>,
    /// What they cannot do.
    pub limits: Vec<Limits>,
}

/// The templates that were read so far.
#[derive(Debug, Clone)]
pub struct Catalogue {
    store: Store,
    read: Arc<RwLock<Read>>,
}

/// The versions of all templates, and in which of some regions they lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnOffer(Vec<VersionPlace>);

impl OnOffer {
    /// The versions of a template that new links may pin, newest first. Those that lie in no bucket yet
    /// are not among them, once any version of any template does.
    pub fn versions(&self, id: &str) -> Vec<String> {
        let in_use = |one: &&VersionPlace| one.retired_at == 0;
        let there = |one: &&VersionPlace| one.somewhere != 0 || one.anything == 0;
        let all = self.0.iter().filter(|one| one.template_id == id).filter(in_use).filter(there);
        let mut versions: Vec<String> = all.map(|one| one.version.clone()).collect();
        versions.sort_by_key(|version| std::cmp::Reverse(parts(version)));
        versions.dedup();
        versions
    }

    /// The version of a template that is launched from now on.
    pub fn newest(&self, id: &str) -> Option<String> {
        self.versions(id).into_iter().next()
    }

    /// In which of the regions a version lies; `None` if nothing was ever published from here.
    pub fn published_in(&self, id: &str, version: &str) -> Option<Vec<String>> {
        let is = |one: &&VersionPlace| one.template_id == id && one.version == version;
        let anything = self.0.iter().any(|one| one.anything != 0);
        let there = self.0.iter().filter(is).map(|one| one.region.clone());
        anything.then(|| there.filter(|region| !region.is_empty()).collect())
    }
}

/// By id and version.
type Read = HashMap<(String, String), Arc<Template>>;

/// Why the templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A vendor's constant does not fit.
    #[error("the template {0} cannot be filled in: {1}")]
    Render(String, vendor::RenderError),
    /// It does not go with the links that this program makes.
    #[error("links cannot be made for the template {0}: {1}")]
    Contract(String, String),
    /// The same version with another text.
    #[error(
        "the template {0} {1} was published with another text, and customers may have links to it. Use \
         the vendor's settings of that time (account, notification endpoint, public URL, code bucket \
         prefix), or publish a new version"
    )]
    Changed(String, String),
    /// The folder of templates.
    #[error("the template folder cannot be read: {0}: {1}")]
    Folder(PathBuf, io::Error),
}

impl Catalogue {
    /// Nothing is read yet.
    pub fn new(store: Store) -> Self {
        Self { store, read: Arc::default() }
    }

    /// A version, if it is known.
    pub async fn template(
        &self,
        id: &str,
        version: &str,
    ) -> Result<Option<Arc<Template>>, CatalogueError> {
        let name = (id.to_owned(), version.to_owned());
        let found = self.read.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if found.is_some() {
            return Ok(found);
        }
        let Some(row) = self.store.template_version(id, version).await? else { return Ok(None) };
        let template = Arc::new(read(row)?);
        let mut all = self.read.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(name, Arc::clone(&template));
        Ok(Some(template))
    }

    /// What new links may pin, and what of it lies in some regions.
    pub async fn on_offer(&self, regions: &[&str]) -> Result<OnOffer, CatalogueError> {
        Ok(OnOffer(self.store.version_places(regions).await?))
    }

    /// The same for the regions of a customer.
    pub async fn on_offer_to(&self, customer: &Customer) -> Result<OnOffer, CatalogueError> {
        let regions: Vec<&str> = customer.regions.iter().map(|one| one.region.as_str()).collect();
        self.on_offer(&regions).await
    }

    /// The customer of a page, and what is on offer to them.
    pub async fn customer_by_page(
        &self,
        token: &str,
    ) -> Result<Option<(Customer, OnOffer)>, CatalogueError> {
        let found = self.store.customer_and_versions(token).await?;
        Ok(found.map(|(customer, versions)| (customer, OnOffer(versions))))
    }

    /// The versions of the onboarding stack that new links may pin, newest first.
    pub async fn offered(&self) -> Result<Vec<String>, CatalogueError> {
        Ok(self.on_offer(&[]).await?.versions(LOGS_ANALYSIS_ONBOARDING.id))
    }

    /// The newest launch role of those on offer.
    pub async fn launch_role(
        &self,
        on_offer: &OnOffer,
    ) -> Result<Option<Arc<Template>>, CatalogueError> {
        match on_offer.newest(STACK_LAUNCH_ROLE.id) {
            Some(version) => self.template(STACK_LAUNCH_ROLE.id, &version).await,
            None => Ok(None),
        }
    }

    /// Takes in the templates of this release, and those of a folder.
    pub async fn publish(
        &self,
        constants: &Constants,
        folder: Option<&Path>,
    ) -> Result<(), CatalogueError> {
        for template in catalog::ALL {
            let unfit = |error| CatalogueError::Render(template.id.to_owned(), error);
            let body = vendor::render(template.body, constants).map_err(unfit)?;
            self.take(template.id, template.version, &body, &template.notes()).await?;
        }
        let Some(folder) = folder else { return Ok(()) };
        for template in catalog::ALL {
            for (version, body) in versions_in(&folder.join(template.id))? {
                self.take(template.id, &version, &body, "").await?;
            }
        }
        Ok(())
    }

    async fn take(
        &self,
        id: &str,
        version: &str,
        body: &str,
        notes: &str,
    ) -> Result<(), CatalogueError> {
        let unfit = |why: String| CatalogueError::Contract(format!("{id} {version}"), why);
        let numbers: Vec<&str> = version.split('.').collect();
        if numbers.len() != 3 || numbers.iter().any(|number| number.parse::<u32>().is_err()) {
            return Err(unfit("a version has three numbers, such as 1.4.0".to_owned()));
        }
        if body.len() > LARGEST {
            return Err(unfit("CloudFormation takes at most 1 MB of text from S3".to_owned()));
        }
        quick_create::check_contract(id, body).map_err(|error| unfit(error.to_string()))?;
        permissions::read(body).map_err(|error| unfit(error.to_string()))?;
        if self.store.add_template_version(id, version, body, notes).await? {
            Ok(())
        } else {
            Err(CatalogueError::Changed(id.to_owned(), version.to_owned()))
        }
    }
}

/// CloudFormation's limit for a template in S3 (CloudFormation quotas).
const LARGEST: usize = 1024 * 1024;

/// A version's numbers, so that 0.10.0 comes after 0.9.0.
pub fn parts(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

fn read(row: TemplateVersion) -> Result<Template, CatalogueError> {
    let unfit = |why: String| CatalogueError::Contract(row.template_id.clone(), why);
    let declared = declared::parameters(&row.body).map_err(|error| unfit(error.to_string()))?;
    let roles = permissions::read(&row.body).map_err(|error| unfit(error.to_string()))?;
    let limits = roles.iter().map(permissions::never::limits).collect();
    Ok(Template { row, declared, roles, limits })
}

/// The files `VERSION.yaml` of a folder; none if it does not exist.
fn versions_in(folder: &Path) -> Result<Vec<(String, String)>, CatalogueError> {
    let failed = |error| CatalogueError::Folder(folder.to_owned(), error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let known = path.extension().is_some_and(|end| end == "yaml" || end == "json");
        let version = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        if let Some(version) = version.filter(|_| known) {
            found.push((version, fs::read_to_string(&path).map_err(failed)?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(version: &str, region: &str, somewhere: i64, anything: i64) -> VersionPlace {
        VersionPlace {
            template_id: "stack".to_owned(),
            version: version.to_owned(),
            retired_at: 0,
            region: region.to_owned(),
            somewhere,
            anything,
        }
    }

    #[test]
    fn what_lies_nowhere_is_offered_only_while_nothing_was_published() {
        let before = OnOffer(vec![place("0.9.0", "", 0, 0), place("0.10.0", "", 0, 0)]);
        assert_eq!(before.versions("stack"), ["0.10.0", "0.9.0"]);
        assert_eq!(before.newest("role"), None);
        assert_eq!(before.published_in("stack", "0.9.0"), None);
        let after = OnOffer(vec![
            place("0.9.0", "eu-west-1", 1, 1),
            place("0.9.0", "us-east-1", 1, 1),
            place("0.10.0", "", 0, 1),
        ]);
        assert_eq!(after.newest("stack").as_deref(), Some("0.9.0"));
        assert_eq!(after.versions("stack").len(), 1);
        let regions = ["eu-west-1".to_owned(), "us-east-1".to_owned()];
        assert_eq!(after.published_in("stack", "0.9.0"), Some(regions.to_vec()));
        assert_eq!(after.published_in("stack", "0.10.0"), Some(vec![]));
        let retired = VersionPlace { retired_at: 1, ..place("0.9.0", "eu-west-1", 1, 1) };
        assert_eq!(OnOffer(vec![retired]).newest("stack"), None);
    }
}
