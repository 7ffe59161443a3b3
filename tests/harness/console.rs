//! The AWS console, as far as a quick-create link goes: reads the link, fetches the template from its
//! bucket, drops what the template does not declare, shows the rest.

use anyhow::{Context, Result, ensure};
use templates::{declared, quick_create};

use crate::customer::Clients;

/// The page that a link opens, before the button is pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The region at the top right.
    pub region: String,
    /// Whatever the link says; people may change it.
    pub stack_name: String,
    /// The text that was fetched.
    pub template: String,
    /// Every parameter that the template declares, with the link's value or the default.
    pub parameters: Vec<(String, String)>,
}

/// Opens a link. `aws` can read the template's bucket.
pub async fn open(aws: &Clients, link: &str) -> Result<Form> {
    let parsed = quick_create::parse(link)?;
    let (bucket, key) = object(&parsed.template_url)?;
    let answer = aws.s3.get_object().bucket(&bucket).key(&key).send().await;
    let answer = answer.with_context(|| format!("S3 error: the template {key} in {bucket}"))?;
    let template = String::from_utf8(answer.body.collect().await?.to_vec())?;
    let given = |name: &str| {
        let found = parsed.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let mut parameters = Vec::new();
    for one in declared::parameters(&template)? {
        // A NoEcho parameter is left blank, whatever the link says.
        let value = given(&one.name).filter(|_| !one.no_echo).or(one.default.clone());
        parameters.push((one.name, value.unwrap_or_default()));
    }
    Ok(Form { region: parsed.region, stack_name: parsed.stack_name, template, parameters })
}

/// Bucket and key of `https://BUCKET.s3.REGION.SUFFIX/KEY`.
fn object(url: &str) -> Result<(String, String)> {
    let url = url::Url::parse(url)?;
    ensure!(url.scheme() == "https", "TemplateURL must be a supported URL.");
    let host = url.host_str().context("no host")?;
    let (bucket, _) = host.split_once(".s3.").context("TemplateURL must be a supported URL.")?;
    Ok((bucket.to_owned(), url.path().trim_start_matches('/').to_owned()))
}
