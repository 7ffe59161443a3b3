//! What the site knows of what was published, and what it makes of it.

use std::fs;

use anyhow::{Context, Result};
use harness::{
    cloudformation::fresh_account,
    console,
    site::{Site, Visitor},
    target,
};
use templates::{catalog::LOGS_ANALYSIS_ONBOARDING, digest::sha256, vendor::render};

use super::bench::{Bench, REGIONS};

async fn site_of(bench: &mut Bench, more: &[&str]) -> Result<Site> {
    let flags = bench.vendor();
    let flags: Vec<&str> = flags.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let site = Site::start(&flags).await?;
    bench.beside(&site);
    Ok(site)
}

fn fields<'a>(account: &'a str, load_balancers: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("name", "Acme Stores"),
        ("email", "ops@acme.test"),
        ("account", account),
        ("load_balancers", load_balancers),
    ]
}

/// What the form says to load balancers of a region that nothing was published in.
async fn refused(admin: &Visitor, load_balancers: &str) -> Result<String> {
    let account = fresh_account();
    let answer = admin.post("/customers/new", &fields(&account, load_balancers)).await?;
    assert_eq!(answer.status.as_u16(), 422, "{}", answer.text);
    Ok(answer.text)
}

#[tokio::test]
async fn a_link_leads_to_the_published_bytes_and_a_region_without_them_is_refused() -> Result<()> {
    let mut bench = Bench::new().await?;
    let site = site_of(&mut bench, &[]).await?;
    let admin = site.admin().await?;
    // Until something was published from here, every region is on offer.
    admin.add_customer(&fields(&fresh_account(), "eu-west-3 all")).await?;
    bench.published(&REGIONS).await?;

    let account = fresh_account();
    let id = admin.add_customer(&fields(&account, "us-east-1 all")).await?;
    let page = admin.customer_page(&id).await?;
    let links = admin.links(&page).await?;
    let link = links.first().context("no link")?;
    let form = console::open(&bench.clients(&account, "us-east-1").await?, link).await?;
    let key = LOGS_ANALYSIS_ONBOARDING.key();
    assert!(form.template.as_bytes() == bench.object("us-east-1", &key).await?);
    assert!(site.anyone().get(&page).await?.text.contains(&sha256(&form.template)));

    let said = refused(&admin, "us-east-1 all\neu-west-3 all").await?;
    let words = "is not published in eu-west-3, so there can be no link for load balancers there. It \
                 is published in ap-southeast-2, eu-west-1, us-east-1";
    assert!(said.contains(words), "{said}");
    bench.published(&["eu-west-3"]).await?;
    admin.add_customer(&fields(&fresh_account(), "us-east-1 all\neu-west-3 all")).await?;
    Ok(())
}

#[tokio::test]
async fn a_customer_from_before_is_told_that_the_region_has_no_template() -> Result<()> {
    let mut bench = Bench::new().await?;
    let site = site_of(&mut bench, &[]).await?;
    let admin = site.admin().await?;
    let id = admin.add_customer(&fields(&fresh_account(), "eu-west-1 all\neu-west-3 all")).await?;
    let page = admin.customer_page(&id).await?;
    assert_eq!(admin.links(&page).await?.len(), 2);

    bench.published(&["eu-west-3"]).await?;
    let links = admin.links(&page).await?;
    assert_eq!(links.len(), 1);
    assert!(links[0].contains("region=eu-west-3"), "{links:?}");
    let shown = site.anyone().get(&page).await?.text;
    let missing = "has not published version 0.1.0 in eu-west-1 yet";
    assert!(shown.contains(missing), "{shown}");
    let role = shown.split("href=\"").find(|rest| rest.contains("stack-launch-role.yaml"));
    let role = role.context("no link to the launch role")?;
    assert!(role.starts_with("https://eu-west-3.console"), "{role}");
    let staff = admin.get(&format!("/customers/{id}")).await?.text;
    assert!(staff.contains("Template 0.1.0 is not published in eu-west-1"), "{staff}");

    bench.published(&["eu-west-1"]).await?;
    assert_eq!(admin.links(&page).await?.len(), 2);
    assert!(!site.anyone().get(&page).await?.text.contains(missing));
    Ok(())
}

#[tokio::test]
async fn a_version_that_lies_nowhere_is_not_the_current_one() -> Result<()> {
    let mut bench = Bench::new().await?;
    let id = LOGS_ANALYSIS_ONBOARDING.id;
    let folder = target().join("stories/publish").join(format!("newer-{}", bench.account));
    fs::create_dir_all(folder.join(id))?;
    let newer = render(LOGS_ANALYSIS_ONBOARDING.body, &bench.constants())?
        .replace(LOGS_ANALYSIS_ONBOARDING.version, "9.0.0");
    fs::write(folder.join(id).join("9.0.0.yaml"), newer)?;
    let flag = format!("--template-folder={}", folder.display());
    let site = site_of(&mut bench, &[&flag]).await?;
    let admin = site.admin().await?;
    let rows = async || -> Result<Vec<String>> {
        let page = admin.get("/templates").await?.text;
        let start = page.find(&format!("id=\"versions-{id}\"")).context("no table")?;
        let table = page[start..].split("</table>").next().unwrap_or_default();
        Ok(table.split("<tr>").skip(2).map(str::to_owned).collect())
    };
    let before = rows().await?;
    assert!(before[0].contains("9.0.0") && before[0].contains("Current"), "{before:?}");
    assert!(before[1].contains("Available"), "{before:?}");

    bench.published(&["eu-west-1"]).await?;
    let after = rows().await?;
    assert!(after[0].contains("9.0.0") && after[0].contains("Not published"), "{after:?}");
    assert!(!after[0].contains("Current"), "{after:?}");
    assert!(after[1].contains("0.1.0") && after[1].contains("Current"), "{after:?}");
    fs::remove_dir_all(folder)?;
    Ok(())
}

#[tokio::test]
async fn a_dry_run_of_an_import_names_the_rows_without_a_published_region() -> Result<()> {
    let mut bench = Bench::new().await?;
    let site = site_of(&mut bench, &[]).await?;
    let admin = site.admin().await?;
    bench.published(&REGIONS[..1]).await?;
    let file = format!(
        "name,email,account,load_balancers\nAcme,ops@acme.test,{},eu-west-1 all\n\
         Bolt,ops@bolt.test,{},eu-west-3 all\n",
        fresh_account(),
        fresh_account()
    );
    let body = format!(
        "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\
         content-type: text/csv\r\n\r\n{file}\r\n--cut--\r\n"
    );
    let request = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let answer = request
        .post(format!("{}/customers/import", site.url))
        .header("cookie", admin.cookie())
        .header("sec-fetch-site", "same-origin")
        .header("origin", &site.url)
        .header("content-type", "multipart/form-data; boundary=cut")
        .body(body)
        .send()
        .await?;
    let to = answer.headers().get("location").context("no check")?.to_str()?.to_owned();
    let page = admin.get(&to).await?.text;
    assert!(page.contains("is not published in eu-west-3"), "{page}");
    assert!(!page.contains("is not published in eu-west-1"), "{page}");
    Ok(())
}

#[tokio::test]
async fn what_is_new_since_the_version_before_is_told_in_words() -> Result<()> {
    let mut bench = Bench::new().await?;
    let id = LOGS_ANALYSIS_ONBOARDING.id;
    let folder = target().join("stories/publish").join(format!("older-{}", bench.account));
    fs::create_dir_all(folder.join(id))?;
    let older = render(LOGS_ANALYSIS_ONBOARDING.body, &bench.constants())?
        .replace(LOGS_ANALYSIS_ONBOARDING.version, "0.0.9")
        .replace("                  - s3:GetBucketTagging\n", "")
        .replace("    Default: 365\n", "    Default: 180\n");
    fs::write(folder.join(id).join("0.0.9.yaml"), older)?;
    let flag = format!("--template-folder={}", folder.display());
    let site = site_of(&mut bench, &[&flag]).await?;
    let ran = bench.publish(&REGIONS[..1], &["--dry-run"]).await?;
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in [
        "logs-analysis-onboarding 0.1.0, since 0.0.9: permissions changed",
        "s3:GetBucketTagging",
        "Parameter LogRetentionDays: default changed from “180” to “365”",
        "stack-launch-role 0.1.0: the first version",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    let admin = site.admin().await?;
    assert!(admin.get("/customers/new").await?.text.contains("0.0.9"));
    let told = bench.publish(&REGIONS[..1], &["--json"]).await?.json()?;
    assert_eq!(told["templates"][0]["since"], "0.0.9");
    // What lies in no bucket is not offered once anything does.
    assert!(!admin.get("/customers/new").await?.text.contains("0.0.9"));
    let page = admin.get("/templates").await?.text;
    for words in ["First version.", "in eu-west-1<", "in no region yet"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let log = admin.get("/audit").await?.text;
    assert!(log.contains(&bench.bucket(REGIONS[0])), "{log}");
    fs::remove_dir_all(folder)?;
    Ok(())
}
