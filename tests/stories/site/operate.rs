//! What docs/operate.md promises to whoever runs the service.

use std::{fs, process::Command};

use anyhow::{Context, Result, ensure};
use harness::{
    postgres::{self, Postgres},
    root,
    site::Site,
};
use sqlx::{AnyPool, any::install_default_drivers};

use super::access::world::new_account;

fn add(site: &Site, name: &str) -> Result<String> {
    let account = new_account();
    let all = ["customers", "add", "--name", name, "--email", "a@b.test", "--account", &account];
    let (code, out, errors) =
        site.run_apart(&[&all[..], &["--load-balancer", "eu-west-1 all"]].concat())?;
    ensure!(code == 0, "{errors}");
    Ok(out.trim().to_owned())
}

/// The page behind a link that an earlier site made.
fn at(site: &Site, link: &str) -> Result<String> {
    let path = link.split_once("/c/").context("no link")?.1;
    Ok(format!("{}/c/{path}", site.url))
}

#[tokio::test]
async fn a_copy_made_while_the_service_runs_is_all_that_is_needed_to_go_on() -> Result<()> {
    let mut site = Site::start(&[]).await?;
    let link = add(&site, "Acme Stores")?;
    let database = site.folder().join("onboarding.db");
    let copy = site.folder().join("copy.db");
    install_default_drivers();
    let pool = AnyPool::connect(&format!("sqlite://{}", database.display())).await?;
    let vacuum = format!("VACUUM INTO '{}'", copy.display());
    sqlx::query(sqlx::AssertSqlSafe(vacuum)).execute(&pool).await?;
    pool.close().await;
    let late = add(&site, "Too late")?;
    site.kill();
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{end}", database.display()));
    }
    fs::rename(&copy, &database)?;
    let (code, text) = site.run(&["audit", "verify"])?;
    assert_eq!(code, 0, "{text}");
    site.restart().await?;
    assert!(reqwest::get(at(&site, &link)?).await?.text().await?.contains("Acme Stores"));
    assert_eq!(reqwest::get(at(&site, &late)?).await?.status(), 404);
    Ok(())
}

#[tokio::test]
async fn a_dump_of_postgresql_is_restored_with_all_its_links() -> Result<()> {
    let server = Postgres::shared().await?;
    let (first, second) = (server.new_database().await?, server.new_database().await?);
    let mut site = Site::on(&first, &[]).await?;
    let link = add(&site, "Acme Stores")?;
    let dump = site.folder().join("onboarding.dump");
    let tool = |name: &str| postgres::program(name).map(Command::new);
    let made =
        tool("pg_dump")?.args(["--format=custom", "--file"]).arg(&dump).arg(&first).output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let restored =
        tool("pg_restore")?.args(["--no-owner", "--dbname", &second]).arg(&dump).output()?;
    ensure!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    site.restart_with("--database-url", &[&format!("--database-url={second}")]).await?;
    assert!(reqwest::get(at(&site, &link)?).await?.text().await?.contains("Acme Stores"));
    let (code, text) = site.run(&["audit", "verify"])?;
    assert_eq!(code, 0, "{text}");
    Ok(())
}

#[tokio::test]
async fn the_settings_of_the_guide_are_settings_and_its_commands_are_commands() -> Result<()> {
    let guide = fs::read_to_string(root().join("docs/operate.md"))?;
    let site = Site::start(&[]).await?;
    let help = site.run(&["--help"])?.1 + &site.run(&["serve", "--help"])?.1;
    let names = guide.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    for name in names.filter(|name| name.starts_with("ONBOARDING_")) {
        assert!(help.contains(&format!("env: {name}=")), "{name} is no setting");
    }
    let guides = guide + &fs::read_to_string(root().join("docs/intake.md"))?;
    let mut metrics = String::new();
    for file in ["webhooks", "routes", "staff/sign_in", "serve", "intake/door", "intake/stream"] {
        metrics += &fs::read_to_string(root().join(format!("onboarding-web/src/{file}.rs")))?;
    }
    let words = guides.split(|c: char| !c.is_ascii_lowercase() && c != '_');
    let is_metric = |word: &&str| word.ends_with("_total") || word.ends_with("_waiting");
    for metric in words.filter(|word| word.starts_with("onboarding_")).filter(is_metric) {
        assert!(metrics.contains(&format!("!(\"{metric}\"")), "{metric} is no metric");
    }
    for command in ["publish", "token", "customers", "audit", "staff"] {
        assert_eq!(site.run(&[command, "--help"])?.0, 0, "{command}");
    }
    Ok(())
}
