//! Single sign-on as people see it, in a browser.

use anyhow::Result;
use harness::{
    browser::{Browser, Look, Page},
    oidc::SECRET,
};

use super::Company;

/// Nothing on the page is in anybody's way.
async fn anybody_can_use(page: &Page) -> Result<()> {
    let wrong = page.axe().await?;
    assert!(wrong.is_empty(), "{}: {wrong:#?}", page.url().await?);
    assert!(!page.overflows().await?, "{} is too wide", page.url().await?);
    Ok(())
}

#[tokio::test]
async fn somebody_signs_in_with_the_company_account() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    // Others are on the page with the settings by then.
    company.site.anyone().sign_in_as("/", "vera").await?;
    let (browser, url) = (Browser::start().await?, &company.site.url);
    let narrow = Look { dark: true, width: 320, height: 640, ..Look::default() };
    for look in [Look::default(), narrow, Look { javascript: false, ..Look::default() }] {
        let page = browser.page(look).await?;
        page.goto(&format!("{url}/audit")).await?;
        anybody_can_use(&page).await?;
        page.has("#password").await?;

        page.click_link("Sign in with a Northlight account").await?;
        page.fill("Who are you?", "nobody").await?;
        page.click_button("Go on").await?;
        page.sees("It was cancelled at your company's sign-in").await?;
        anybody_can_use(&page).await?;
        page.click("main >> role=link[name=\"Sign in\"]").await?;

        page.goto(&format!("{url}/audit")).await?;
        page.click_link("Sign in with a Northlight account").await?;
        page.fill("Who are you?", "adam").await?;
        page.click_button("Go on").await?;
        page.sees("adam <b>").await?;
        assert!(page.url().await?.ends_with("/audit"), "{}", page.url().await?);
        page.goto(&format!("{url}/settings")).await?;
        page.sees("From your company’s groups").await?;
        anybody_can_use(&page).await?;
        page.click_button("Sign out").await?;
        page.sees("With a local account").await?;
        assert_eq!(page.problems().await?.iter().filter(|one| one.kind != "console").count(), 0);
    }
    Ok(())
}

#[tokio::test]
async fn somebody_is_told_that_the_company_does_not_answer() -> Result<()> {
    let company = Company::without_provider("site", SECRET, &[]).await?;
    let page = Browser::start().await?.page(Look::default()).await?;
    page.goto(&format!("{}/sign-in", company.site.url)).await?;
    page.click_link("Sign in with a Northlight account").await?;
    page.sees("Your company's sign-in does not answer").await?;
    anybody_can_use(&page).await
}
