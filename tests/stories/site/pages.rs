//! Every kind of page can be used by everybody: light, dark, and on a phone.

use anyhow::Result;
use harness::{
    browser::{Browser, Look},
    site::{PASSWORD, Site},
};

const ARN: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188";

#[tokio::test]
async fn everybody_can_use_every_kind_of_page() -> Result<()> {
    let site = Site::start(&[]).await?;
    let admin = site.admin().await?;
    let fields = [
        ("name", "Acme Stores"),
        ("email", "ops@acme.test"),
        ("account", "111122223333"),
        ("load_balancers", ARN),
    ];
    let customer = format!("/customers/{}", admin.add_customer(&fields).await?);
    let launch = admin.customer_page(customer.trim_start_matches("/customers/")).await?;
    let template = "/templates/logs-analysis-onboarding";
    let paths = [
        "/customers".to_owned(),
        "/customers?q=nobody".to_owned(),
        "/customers/new".to_owned(),
        "/customers/import".to_owned(),
        format!("{customer}/revoke"),
        "/templates".to_owned(),
        format!("{template}/0.1.0"),
        format!("{template}/diff?from=0.1.0&to=0.1.0"),
        "/audit".to_owned(),
        "/settings".to_owned(),
        "/settings/password".to_owned(),
        "/help".to_owned(),
        "/nothing-here".to_owned(),
        customer,
        launch.clone(),
        format!("{launch}/permissions"),
        format!("{launch}/explain?text=OperationAborted"),
        "/c/unknown".to_owned(),
    ];
    let browser = Browser::start().await?;
    let phone = Look { width: 320, height: 640, ..Look::default() };
    for look in [Look::default(), Look { dark: true, ..Look::default() }, phone] {
        let page = browser.page(look).await?;
        page.goto(&format!("{}/sign-in", site.url)).await?;
        assert_eq!(page.axe().await?, vec![], "/sign-in {look:?}");
        page.fill("E-mail", "admin@localhost").await?;
        page.fill("Password", PASSWORD).await?;
        page.click_button("Sign in").await?;
        for path in &paths {
            page.goto(&format!("{}{path}", site.url)).await?;
            assert_eq!(page.axe().await?, vec![], "{path} {look:?}");
            assert!(!page.overflows().await?, "{path} is wider than {look:?}");
            assert_eq!(page.count("h1").await?, 1, "{path}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_customers_page_is_light() -> Result<()> {
    let site = Site::start(&[]).await?;
    let admin = site.admin().await?;
    let fields = [
        ("name", "Acme Stores"),
        ("email", "ops@acme.test"),
        ("account", "111122223333"),
        ("load_balancers", ARN),
    ];
    let id = admin.add_customer(&fields).await?;
    let launch = admin.customer_page(&id).await?;
    let page = Browser::start().await?.page(Look::default()).await?;
    page.goto(&format!("{}{launch}", site.url)).await?;
    let bytes: u64 =
        page.requests().await?.iter().map(|one| one.body_bytes + one.header_bytes).sum();
    assert!(bytes > 0 && bytes <= 60_000, "{bytes} bytes");
    Ok(())
}
