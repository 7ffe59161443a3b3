//! The same work from a shell: for people by default, for programs with --json, and nothing but the
//! result where it can be piped.

use std::{
    fs,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use harness::site::Site;
use serde_json::Value;

use super::access::world::{client, new_account};

/// Runs it; what is the result.
fn done(site: &Site, arguments: &[&str]) -> Result<String> {
    let (code, out, errors) = site.run_apart(arguments)?;
    ensure!(code == 0, "{arguments:?} ended with {code}: {out}{errors}");
    Ok(out)
}

fn json(site: &Site, arguments: &[&str]) -> Result<Value> {
    let out = done(site, &[arguments, &["--json"]].concat())?;
    serde_json::from_str(&out).with_context(|| out)
}

/// Runs what has to fail; what it says.
fn refused(site: &Site, arguments: &[&str], code: i32) -> Result<String> {
    let (ended, out, errors) = site.run_apart(arguments)?;
    ensure!(ended == code, "{arguments:?} ended with {ended}: {out}{errors}");
    ensure!(!errors.contains("panicked"), "{errors}");
    Ok(errors)
}

fn add(site: &Site, name: &str, account: &str) -> Result<String> {
    let all = ["customers", "add", "--name", name, "--email", "it@acme.test", "--account", account];
    done(site, &[&all[..], &["--load-balancer", "eu-west-1 all"]].concat())
}

#[tokio::test]
async fn a_link_is_printed_and_nothing_else() -> Result<()> {
    let site = Site::start(&[]).await?;
    let account = new_account();
    let made = add(&site, "Acme Stores", &account)?;
    let link = done(&site, &["link", &account])?;
    assert_eq!(made, link);
    assert_eq!(link.lines().count(), 1, "{link}");
    // It is the link of the site that runs.
    let page = reqwest::get(link.trim()).await?.text().await?;
    assert!(page.contains("Acme Stores"));
    let quick = done(&site, &["link", "acme stores", "--quick-create", "eu-west-1"])?;
    assert!(page.contains(&quick.trim().replace('&', "&#38;")), "{quick}");
    let cli = done(&site, &["link", "Acme Stores", "--cli", "eu-west-1"])?;
    assert!(cli.starts_with("aws cloudformation create-stack"), "{cli}");
    assert!(done(&site, &["link", &account, "--email"])?.contains(link.trim()));
    let all = json(&site, &["link", &account])?;
    assert_eq!(all["page_url"], link.trim());
    assert_eq!(all["stacks"][0]["quick_create_url"], quick.trim());

    let why = refused(&site, &["link", "nobody"], 1)?;
    assert!(why.contains("there is no customer with the id, account or name nobody"), "{why}");
    let why = refused(&site, &["link", &account, "--cli", "us-east-1"], 1)?;
    assert!(why.contains("has nothing in us-east-1, but in eu-west-1"), "{why}");
    refused(&site, &["link"], 2)?;
    refused(&site, &["link", &account, "--email", "--cli", "eu-west-1"], 2)?;
    Ok(())
}

#[tokio::test]
async fn customers_are_listed_shown_and_changed() -> Result<()> {
    let site = Site::start(&[]).await?;
    let (acme, beta) = (new_account(), new_account());
    let first = add(&site, "Acme Stores", &acme)?;
    add(&site, "Beta Bank", &beta)?;
    let table = done(&site, &["customers", "list", "--sort", "name"])?;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("NAME") && lines.len() == 3, "{table}");
    assert!(lines[1].contains("Acme Stores") && lines[1].contains("sent"), "{table}");
    let found = json(&site, &["customers", "list", "beta"])?;
    assert_eq!(
        (found.as_array().map(Vec::len), &found[0]["account"]),
        (Some(1), &Value::from(beta.as_str()))
    );

    let new = done(&site, &["customers", "rotate", "Acme Stores"])?;
    assert_ne!(new, first);
    assert_eq!(reqwest::get(first.trim()).await?.status(), 404);
    assert_eq!(reqwest::get(new.trim()).await?.status(), 200);
    done(&site, &["customers", "revoke", &acme])?;
    assert_eq!(reqwest::get(new.trim()).await?.status(), 404);
    assert!(refused(&site, &["link", &acme], 1)?.contains("expired or was revoked"));
    let shown = done(&site, &["customers", "show", &acme])?;
    for words in ["Acme Stores (opened)", "Link     revoked", "command line: revoked the link"] {
        assert!(shown.contains(words), "'{words}' is not in {shown}");
    }
    done(&site, &["customers", "offboard", "Beta Bank"])?;
    done(&site, &["customers", "reinstate", "Beta Bank"])?;
    assert_eq!(json(&site, &["customers", "show", &beta])?["state"], "sent");

    let bad = ["customers", "add", "--name", "x", "--email", "nobody", "--account", "12"];
    let why = refused(&site, &[&bad[..], &["--load-balancer", "nonsense"]].concat(), 1)?;
    for field in ["email: ", "account: ", "load_balancers: ", "nothing was added"] {
        assert!(why.contains(field), "{why}");
    }
    let audit = json(&site, &["audit", "list", "--actor", "command line"])?;
    assert_eq!(audit[0]["action"], "reinstate customer", "{audit}");
    assert!(done(&site, &["audit", "list", "--limit", "2"])?.lines().count() == 3);
    done(&site, &["audit", "verify"])?;
    Ok(())
}

#[tokio::test]
async fn a_file_is_imported_and_its_links_are_piped_on() -> Result<()> {
    let site = Site::start(&[]).await?;
    let file = site.folder().join("many.csv");
    let (one, two) = (new_account(), new_account());
    let row = |name: &str, account: &str| format!("{name},it@shop.test,{account},eu-west-1 all\n");
    let head = "name,email,account,load_balancers\n";
    fs::write(&file, format!("{head}{}{}Bad,nobody,1,x\n", row("One", &one), row("Two", &two)))?;
    let path = file.to_string_lossy().into_owned();
    let why = refused(&site, &["import", &path], 1)?;
    assert!(why.contains("row 4, email: ") && why.contains("Nothing was added"), "{why}");
    assert_eq!(json(&site, &["customers", "list"])?.as_array().map(Vec::len), Some(0));
    let (code, out, errors) = site.run_apart(&["import", &path, "--only-good-rows"])?;
    assert_eq!(code, 1, "a row was bad: {errors}");
    assert!(errors.contains("2 of 3 rows were added"), "{errors}");
    let link = done(&site, &["link", &one])?;
    assert!(out.starts_with("\"name\"") && out.contains(link.trim()), "{out}");
    assert!(
        !out.contains('\u{1b}') && !errors.contains('\u{1b}'),
        "a progress bar where nobody looks"
    );

    fs::write(&file, format!("{head}{}", row("Three", &new_account())))?;
    let dry = json(&site, &["import", &path, "--dry-run"])?;
    assert_eq!((&dry["good"], &dry["dry_run"]), (&1.into(), &true.into()));
    assert_eq!(json(&site, &["customers", "list"])?.as_array().map(Vec::len), Some(2));
    assert!(
        refused(&site, &["import", "/nowhere.csv"], 1)?.contains("/nowhere.csv cannot be read")
    );
    Ok(())
}

#[tokio::test]
async fn tokens_are_made_listed_and_revoked() -> Result<()> {
    let site = Site::start(&[]).await?;
    let token = done(&site, &["token", "add", "CRM", "--scope", "customers:read"])?;
    let http = client()?;
    let call = || http.get(format!("{}/api/v1/customers", site.url));
    assert_eq!(call().bearer_auth(token.trim()).send().await?.status(), 200);
    let all = json(&site, &["token", "list"])?;
    assert_eq!((&all[0]["name"], &all[0]["valid"]), (&"CRM".into(), &true.into()));
    assert!(!done(&site, &["token", "list"])?.contains(token.trim()));
    done(&site, &["token", "revoke", "CRM"])?;
    assert_eq!(call().bearer_auth(token.trim()).send().await?.status(), 401);
    assert!(refused(&site, &["token", "revoke", "CRM"], 1)?.contains("no valid token CRM"));
    let why = refused(&site, &["token", "add", "CRM", "--scope", "everything"], 2)?;
    assert!(why.contains("must be one of customers:read"), "{why}");
    Ok(())
}

#[tokio::test]
async fn without_a_site_the_shell_says_what_to_do() -> Result<()> {
    let program = harness::site::program()?;
    let run =
        |database: &str| Command::new(&program).args([database, "customers", "list"]).output();
    let output = run("--database-url=sqlite:///nowhere/x.db")?;
    assert_eq!(output.status.code(), Some(1));
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(why.contains("there is no database at /nowhere/x.db"), "{why}");
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::new(&program).args(["completions", shell]).output()?;
        assert!(String::from_utf8_lossy(&output.stdout).contains("rotate"), "{shell}");
    }
    Ok(())
}

#[tokio::test]
async fn whoever_reads_may_go_away() -> Result<()> {
    let site = Site::start(&[]).await?;
    add(&site, "Acme Stores", &new_account())?;
    let text = site.run(&["--help"])?.1;
    for words in ["link", "customers", "import", "audit", "token", "completions", "Exit codes"] {
        assert!(text.contains(words), "{words}");
    }
    let mut shell = Command::new("sh");
    let program = harness::site::program()?;
    let folder = site.folder();
    let line = format!(
        "{} --database-url=sqlite://{}/onboarding.db --key-file={}/onboarding.key customers list | true",
        program.display(),
        folder.display(),
        folder.display(),
    );
    let output = shell.args(["-c", &line]).stdin(Stdio::null()).output()?;
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    Ok(())
}
