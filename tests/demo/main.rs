//! `cargo demo`: the whole product on this machine, in a minute or two once it is built.
//!
//! Staff add a customer on the site; the customer launches the stack by its link; a log arrives, the
//! vendor hears of it and reads it, and that turns the page green. Then a person can do the same by hand;
//! at the end the stack is deleted, and the account is as before but for the kept logs.

mod console;
mod logs;
mod screen;

use std::{
    io::{IsTerminal, Read, stdin},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::types::StackEvent;
use clap::Parser;
use flate2::read::GzDecoder;
use harness::{
    console::{Form, open},
    package,
    site::{self, PASSWORD, Site, Visitor},
    sns::Sns,
    vendor::Vendor,
    whole_path::WholePath,
};
use screen::Screen;
use serde_json::Value;

/// Onboards a customer in an AWS emulator on this machine, and lets you do the same by hand.
#[derive(Debug, Parser)]
#[command(name = "cargo demo")]
struct Options {
    /// Do not wait for a person: delete the stack, compare the account with before, and end. So it is
    /// also where there is no terminal.
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let started = Instant::now();
    let mut screen = Screen::new();
    let outcome = tell(&mut screen, &options).await;
    if let Err(error) = &outcome {
        screen.fail(&format!("{error:#}"));
    }
    screen.line(&format!("\n{:.1} s in all.", started.elapsed().as_secs_f64()));
    if outcome.is_ok() && screen.all_held() {
        screen.line("Everything held.");
        ExitCode::SUCCESS
    } else {
        screen.line("Not everything held: see the lines marked ✗.");
        ExitCode::FAILURE
    }
}

/// The customer on the site.
struct Onboarded {
    site: Site,
    staff: Visitor,
    id: String,
    page: String,
}

async fn tell(screen: &mut Screen, options: &Options) -> Result<()> {
    let mut path = set_up(screen).await?;
    let web = path.customer.application_load_balancer("web").await?;
    screen.did(&format!("the customer, account {}, has load balancer web", path.customer.account));
    let onboarded = add_customer(screen, &mut path, &web).await?;
    let before = path.customer.snapshot().await?;
    screen.chapter("The customer launches the stack by its link");
    let role = launch_role(screen, &path, &onboarded).await?;
    let links = onboarded.site.anyone().links(&onboarded.page).await?;
    let form = open(&path.direct, links.first().context("no launch link")?).await?;
    let outputs = launch(screen, &path, &form, Some(&role)).await?;
    let waits = says(&onboarded, "waits for the first log").await?;
    screen
        .check(waits, "the customer's page says that logging is set up and the first log awaited");
    let confirmed = staff_see(&onboarded, "the subscription was confirmed").await?;
    screen.check(confirmed, "the vendor has confirmed the subscription");

    screen.chapter("What the stack made");
    for (name, value) in &outputs {
        screen.line(&format!("  {name:<16} {value}"));
    }
    let bucket = outputs.get("Buckets").context("no bucket")?;
    log_arrives(screen, &path, &onboarded, (bucket, &web)).await?;

    let path = Arc::new(path);
    if !options.once && stdin().is_terminal() {
        by_hand(screen, &path, &onboarded, &role).await?;
    }
    screen.chapter("The customer deletes the stack");
    let state = path.delete(&form.stack_name, |event| screen.event(&row(event))).await?;
    screen.check(state.status == "DELETE_COMPLETE", &format!("the stack is {}", state.status));
    let vendor_reads = path.vendor.read(bucket, &logs::key(&path.customer, &web)).await.is_ok();
    screen.check(!vendor_reads, "the vendor can read nothing any more");
    let told = says(&onboarded, "The stack was deleted and everything was put back").await?;
    screen.check(told, "the customer's page says that everything was put back");
    if options.once || !stdin().is_terminal() {
        compare(screen, &before, &path.customer.snapshot().await?, bucket);
        let watched = path.proxy.violations();
        screen.check(watched.is_empty(), &format!("rules the handler broke: {}", watched.len()));
    }
    Ok(())
}

/// The vendor's site, with one customer.
async fn add_customer(screen: &mut Screen, path: &mut WholePath, web: &str) -> Result<Onboarded> {
    screen.chapter("Support staff add the customer");
    // AWS signs what its topics say; the emulator does not, so its messages go through here.
    let sns = Sns::start(&path.customer.region).await?;
    path.vendor.endpoint = sns.endpoint();
    let constants = path.vendor.constants();
    let arguments = [
        "--vendor-name=Data Theorem",
        "--intake=https",
        &format!("--intake-certificates={}", sns.url()),
        &format!("--vendor-account-id={}", constants.account_id),
        &format!("--notification-endpoint={}", constants.notification_endpoint),
        &format!("--code-bucket-prefix={}", constants.code_bucket_prefix),
        "--regions=eu-west-1",
    ];
    let credentials = (path.proxy.customer_port, constants.account_id.as_str());
    let site = Site::with_aws("", &arguments, credentials).await?;
    sns.pass_to(&site.url);
    path.vendor.report_url = format!("{}/reports", site.url);
    path.vendor.publish_templates(&path.direct).await?;
    screen.did(&format!("the site runs at {}", site.url));
    let staff = site.admin().await?;
    let fields = [
        ("name", "Acme Stores"),
        ("email", "ops@acme.test"),
        ("account", path.customer.account.as_str()),
        ("load_balancers", web),
    ];
    let id = staff.add_customer(&fields).await?;
    let page = staff.customer_page(&id).await?;
    screen.did("the customer has a page of their own, and a link to it");
    Ok(Onboarded { site, staff, id, page })
}

async fn launch_role(
    screen: &mut Screen,
    path: &WholePath,
    onboarded: &Onboarded,
) -> Result<String> {
    let page = onboarded.site.anyone().get(&onboarded.page).await?.text;
    let link = page.split("href=\"").find(|rest| rest.contains("stack-launch-role.yaml"));
    let link =
        link.and_then(|rest| rest.split('"').next()).context("no link to the launch role")?;
    let form = open(&path.direct, &link.replace("&#38;", "&")).await?;
    let outputs = launch(screen, path, &form, None).await?;
    outputs.get("LaunchRoleArn").cloned().context("the launch role has no ARN")
}

/// Whether the customer's page comes to say something within ten seconds.
async fn says(onboarded: &Onboarded, words: &str) -> Result<bool> {
    shows(&onboarded.site.anyone(), &onboarded.page, words).await
}

/// The same of the page that staff have of the customer.
async fn staff_see(onboarded: &Onboarded, words: &str) -> Result<bool> {
    shows(&onboarded.staff, &format!("/customers/{}", onboarded.id), words).await
}

async fn shows(visitor: &Visitor, page: &str, words: &str) -> Result<bool> {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if visitor.get(page).await?.text.contains(words) {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(false)
}

async fn turns_green(screen: &mut Screen, onboarded: &Onboarded) -> Result<()> {
    let green = says(onboarded, "Connected. Data Theorem reads the logs").await?;
    screen.check(green, "and that turned the customer's page green: Connected");
    if !green {
        for line in onboarded.site.log().lines().filter(|line| !line.contains("\"INFO\"")) {
            screen.line(line);
        }
    }
    let staff = staff_see(onboarded, "reads the logs").await?;
    screen.check(staff, "and the one of staff");
    Ok(())
}

/// Says how to do the same in a browser, and waits.
async fn by_hand(
    screen: &mut Screen,
    path: &Arc<WholePath>,
    onboarded: &Onboarded,
    role: &str,
) -> Result<()> {
    let shop = path.customer.application_load_balancer("shop").await?;
    let console = console::start(Arc::clone(path)).await?;
    let Onboarded { site, id, page, .. } = onboarded;
    screen.chapter("Now you");
    screen.line(&format!(
        "  Staff page       {url}/customers/{id}\n  Customer's page  {url}{page}\n  Sign in          \
         {url}/sign-in as admin@localhost with the password\n                   {PASSWORD}\n  AWS console      \
         {console} (a stand-in: AWS itself knows nothing of this)\n\n  1. Sign in, choose Add customer, \
         and enter any name and e-mail,\n     account {account}, and the load balancer\n     {shop}\n  2. Open \
         the link on the page that follows. Copy the address of its launch button.\n  3. Paste it into the \
         AWS console's stand-in and create the stack, if you like with the role\n     {role}\n  4. Watch the \
         customer's page turn green, once the load balancer has written its first log.\n\n  Ctrl-C goes on: the first stack is deleted, and everything ends.",
        url = site.url,
        account = path.customer.account,
    ));
    screen.doing("waiting for you, or Ctrl-C");
    let (writing, writer) = (Arc::clone(path), shop.clone());
    let writing = tokio::spawn(async move { logs::keep_writing(&writing, &writer).await });
    tokio::signal::ctrl_c().await?;
    writing.abort();
    Ok(())
}

async fn set_up(screen: &mut Screen) -> Result<WholePath> {
    screen.chapter("Getting ready");
    screen.doing("building the handler as it is shipped (minutes, the first time)");
    let package = tokio::task::spawn_blocking(package::build).await??;
    let (major, minor) = package.glibc;
    let megabytes = package.zip_bytes.div_ceil(10_000);
    screen.did(&format!(
        "the handler is packaged: {}.{:02} MB zip, needs GLIBC_{major}.{minor}",
        megabytes / 100,
        megabytes % 100,
    ));
    screen.doing("building the site");
    tokio::task::spawn_blocking(site::build_alone).await??;
    screen.did("the site is built");
    screen.doing("starting an AWS emulator (and fetching it, the first time)");
    let path = WholePath::start(&package).await?;
    screen.did("AWS runs on this machine, with IAM enforced");
    Ok(path)
}

async fn launch(
    screen: &mut Screen,
    path: &WholePath,
    form: &Form,
    role: Option<&str>,
) -> Result<std::collections::BTreeMap<String, String>> {
    let name = &form.stack_name;
    screen.doing(&format!("launching {name}"));
    let state = path.create(form, role, |event| screen.event(&row(event))).await?;
    let made = state.status == "CREATE_COMPLETE";
    screen.check(made, &format!("{name} is {}", state.status));
    if !made {
        bail!("{name} was not created");
    }
    Ok(state.outputs)
}

pub(crate) fn row(event: &StackEvent) -> String {
    let status = event.resource_status().map_or("", |status| status.as_str());
    let reason = event.resource_status_reason().unwrap_or_default();
    let what = event.logical_resource_id().unwrap_or_default();
    format!("{status:<20} {what:<34} {reason}").trim_end().to_owned()
}

async fn log_arrives(
    screen: &mut Screen,
    path: &WholePath,
    onboarded: &Onboarded,
    (bucket, load_balancer): (&str, &str),
) -> Result<()> {
    screen.chapter("A log arrives");
    let Vendor { account, aws, .. } = &path.vendor;
    let key = logs::write(&path.customer, load_balancer, bucket).await?;
    screen.did(&format!("the load balancer wrote …{}", &key[key.len() - 40..]));
    turns_green(screen, onboarded).await?;
    let mut text = String::new();
    GzDecoder::new(path.vendor.read(bucket, &key).await?.as_slice()).read_to_string(&mut text)?;
    let read = text == logs::entry(load_balancer);
    screen.check(read, &format!("the vendor, account {account}, reads it: {}…", &text[..60]));
    let write = aws.s3.put_object().bucket(bucket).key(&key).body(Vec::new().into()).send().await;
    screen.check(write.is_err(), "the vendor may not write it");
    let delete = aws.s3.delete_object().bucket(bucket).key(&key).send().await;
    screen.check(delete.is_err(), "the vendor may not delete it");
    let list = aws.s3.list_objects_v2().bucket(bucket).send().await;
    screen.check(list.is_err(), "the vendor may not list the rest of the bucket");
    Ok(())
}

/// The account before and after, side by side: equal but for the kept bucket.
fn compare(screen: &mut Screen, before: &Value, after: &Value, kept: &str) {
    screen.chapter("The account before and after");
    let none = serde_json::Map::new();
    let (before, after) = (before.as_object().unwrap_or(&none), after.as_object().unwrap_or(&none));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (old, new) = (summary(before.get(name)), summary(after.get(name)));
        if *name == format!("bucket {kept}") {
            let private =
                !after.get(name).is_some_and(|one| one.to_string().contains("VendorRead"));
            screen.check(private, &format!("{name}: kept, since logs are in it"));
            screen.line(&format!("      {old:<36} │ {new}"));
        } else {
            let equal = before.get(name) == after.get(name);
            let short = name.split(":loadbalancer/").last().unwrap_or(name);
            let verdict = if equal { "equal" } else { "DIFFERENT" };
            screen.check(equal, &format!("{short}: {verdict}"));
            screen.line(&format!("      {old:<36} │ {new}"));
        }
    }
}

fn summary(state: Option<&Value>) -> String {
    let Some(state) = state else { return "not there".to_owned() };
    if let Some(objects) = state["objects"].as_array() {
        let statements = state["policy"]["Statement"].as_array().map_or(0, Vec::len);
        let rules = state["notifications"].as_array().map_or(0, Vec::len);
        return format!("{} objects, {statements} statements, {rules} rules", objects.len());
    }
    let kinds = ["access", "connection", "health_check"];
    let on = |kind: &&str| state[format!("{kind}_logs.s3.enabled")] == "true";
    let on: Vec<&str> = kinds.into_iter().filter(on).collect();
    if on.is_empty() { "logging off".to_owned() } else { format!("logs {}", on.join(", ")) }
}
