//! Staff add a customer in a browser; the customer opens the link, launches what it says, and both
//! pages turn green.

use anyhow::{Context, Result};
use harness::{
    browser::{Browser, Look, Page},
    console::{self, Form},
    package,
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

/// Staff sign in and add the customer; the address of the customer's page.
async fn added(staff: &Page, site: &Site, account: &str, load_balancer: &str) -> Result<String> {
    staff.goto(&format!("{}/customers", site.url)).await?;
    staff.fill("E-mail", "admin@localhost").await?;
    staff.fill("Password", PASSWORD).await?;
    staff.click_button("Sign in").await?;
    staff.click("a[data-new]").await?;
    staff.fill("#name", "Acme Stores").await?;
    staff.fill("#email", "ops@acme.test").await?;
    staff.fill("#account", account).await?;
    staff.fill("#load_balancers", load_balancer).await?;
    staff.sees("1 load balancer in 1 region").await?;
    staff.click("main form[method=post] button.primary").await?;
    staff.sees("The customer was added and the link is ready").await?;
    staff.sees("The link was not opened yet").await?;
    staff.text_of("#page-link").await
}

/// An administrator of the customer launches the launch role by its link; its ARN.
async fn launch_role(path: &WholePath, customer: &Page) -> Result<String> {
    let link = customer.attribute("#launch-role ~ details a.primary", "href").await?;
    let form = console::open(&path.direct, &link.context("no link to the launch role")?).await?;
    assert!(form.template.contains(STACK_LAUNCH_ROLE.version));
    let stack = path.create(&form, None, |_| {}).await?;
    assert_eq!(stack.status, "CREATE_COMPLETE");
    stack.outputs.get("LaunchRoleArn").cloned().context("no role")
}

/// What the launch button opens, held against what the page says.
async fn console_page(path: &WholePath, customer: &Page) -> Result<Form> {
    let href = customer.attribute("a.launch", "href").await?.context("no launch link")?;
    let form = console::open(&path.direct, &href).await?;
    let sha = customer.text_of("#template-sha256").await?;
    assert_eq!(
        sha.trim(),
        templates::digest::sha256(&form.template),
        "not the text that was shown"
    );
    Ok(form)
}

#[tokio::test]
async fn from_a_customers_name_to_two_green_pages_and_back() -> Result<()> {
    let package = tokio::task::spawn_blocking(package::build).await??;
    let mut path = WholePath::start(&package).await?;
    let web = path.customer.application_load_balancer("web").await?;
    let site = site_of(&mut path).await?;
    site.admin().await?;
    let browser = Browser::start().await?;
    let (staff, customer) =
        (browser.page(Look::default()).await?, browser.page(Look::default()).await?);

    let link = added(&staff, &site, &path.customer.account, &web).await?;
    assert_eq!(customer.goto(&link).await?, 200);
    customer.sees("Connect your load balancer logs").await?;
    staff.sees("The page was opened").await?;
    let role = launch_role(&path, &customer).await?;
    let mut form = console_page(&path, &customer).await?;
    assert!(form.parameters.contains(&("LoadBalancers".to_owned(), web.clone())), "{form:?}");
    let stack = path.create(&form, Some(&role), |_| {}).await?;
    assert_eq!(stack.status, "CREATE_COMPLETE", "{:#?}", path.proxy.calls());
    for page in [&customer, &staff] {
        page.sees("Connected. Logging is on").await?;
    }
    staff.sees(&stack.outputs["Buckets"]).await?;
    assert_eq!(path.customer.attributes(&web).await?["access_logs.s3.enabled"], "true");

    let shop = path.customer.application_load_balancer("shop").await?;
    let both = format!("{web},{shop}");
    let list = form.parameters.iter_mut().find(|(name, _)| name == "LoadBalancers");
    list.context("no LoadBalancers")?.1 = both;
    assert_eq!(path.change(&form).await?.status, "UPDATE_COMPLETE");
    staff.sees("app/shop/").await?;

    assert_eq!(path.delete(&form.stack_name, |_| {}).await?.status, "DELETE_COMPLETE");
    for page in [&customer, &staff] {
        page.sees("The stack was deleted and everything was put back").await?;
        assert_eq!(page.problems().await?, vec![]);
        assert_eq!(page.axe().await?, vec![]);
    }
    Ok(())
}
