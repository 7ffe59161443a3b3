//! Staff add a customer in a browser; the customer opens the link, launches what it says, and both
//! pages turn green.

use anyhow::{Context, Result};
use harness::{
    browser::{Browser, Look},
    console, package,
    site::{PASSWORD, Site},
    whole_path::WholePath,
};
use templates::catalog::STACK_LAUNCH_ROLE;

/// A site for the vendor of a whole path, with its templates published.
async fn site_of(path: &mut WholePath) -> Result<Site> {
    let constants = path.vendor.constants();
    let account = format!("--vendor-account-id={}", constants.account_id);
    let endpoint = format!("--notification-endpoint={}", constants.notification_endpoint);
    let prefix = format!("--code-bucket-prefix={}", constants.code_bucket_prefix);
    let site = Site::start(&[&account, &endpoint, &prefix, "--vendor-name=Data Theorem"]).await?;
    path.vendor.report_url = format!("{}/reports", site.url);
    path.vendor.publish_templates(&path.direct).await?;
    Ok(site)
}

#[tokio::test]
async fn from_a_customers_name_to_two_green_pages() -> Result<()> {
    let package = tokio::task::spawn_blocking(package::build).await??;
    let mut path = WholePath::start(&package).await?;
    let web = path.customer.application_load_balancer("web").await?;
    let site = site_of(&mut path).await?;
    site.admin().await?;

    // Staff.
    let browser = Browser::start().await?;
    let staff = browser.page(Look::default()).await?;
    staff.goto(&format!("{}/customers", site.url)).await?;
    staff.fill("E-mail", "admin@localhost").await?;
    staff.fill("Password", PASSWORD).await?;
    staff.click_button("Sign in").await?;
    staff.click(".actions a[data-new], a[data-new]").await?;
    staff.fill("#name", "Acme Stores").await?;
    staff.fill("#email", "ops@acme.test").await?;
    staff.fill("#account", &path.customer.account).await?;
    staff.fill("#load_balancers", &web).await?;
    staff.sees("1 load balancer in 1 region").await?;
    staff.click("main form[method=post] button.primary").await?;
    staff.sees("The customer was added and the link is ready").await?;
    staff.sees("The link was not opened yet").await?;
    let link = staff.text_of("#page-link").await?;

    // The customer.
    let customer = browser.page(Look::default()).await?;
    assert_eq!(customer.goto(&link).await?, 200);
    customer.sees("Connect your load balancer logs").await?;
    staff.sees("The page was opened").await?;
    let role_link = customer.attribute("#launch-role ~ details a.primary", "href").await?;
    let role =
        console::open(&path.direct, &role_link.context("no link to the launch role")?).await?;
    assert!(role.template.contains(STACK_LAUNCH_ROLE.version));
    let role = path.create(&role, None, |_| {}).await?;
    assert_eq!(role.status, "CREATE_COMPLETE");
    let role = role.outputs.get("LaunchRoleArn").map(String::as_str);
    let href = customer.attribute("a.launch", "href").await?.context("no launch link")?;
    let form = console::open(&path.direct, &href).await?;
    assert!(form.parameters.contains(&("LoadBalancers".to_owned(), web.clone())), "{form:?}");
    assert_eq!(form.region, "eu-west-1");
    let sha = customer.text_of("#template-sha256").await?;
    assert_eq!(
        sha.trim(),
        templates::catalog::digest(&form.template),
        "not the text that was shown"
    );

    let stack = path.create(&form, role, |_| {}).await?;
    assert_eq!(stack.status, "CREATE_COMPLETE", "{:#?}", path.proxy.calls());
    customer.sees("Connected. Logging is on").await?;
    staff.sees("Connected. Logging is on").await?;
    staff.sees(&stack.outputs["Buckets"]).await?;
    assert_eq!(path.customer.attributes(&web).await?["access_logs.s3.enabled"], "true");

    // And back.
    let gone = path.delete(&form.stack_name, |_| {}).await?;
    assert_eq!(gone.status, "DELETE_COMPLETE");
    customer.sees("The stack was deleted and everything was put back").await?;
    staff.sees("The stack was deleted").await?;
    for page in [&customer, &staff] {
        assert_eq!(page.problems().await?, vec![]);
        assert_eq!(page.axe().await?, vec![]);
    }
    Ok(())
}
