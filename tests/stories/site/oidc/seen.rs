//! Single sign-on as people see it, in a browser.

use anyhow::Result;
use harness::browser::{Browser, Look, Page};

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
    let (company, provider) = Company::start().await?;
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
        anybody_can_use(&page).await?;
        page.click_button("Sign out").await?;
        page.sees("With a local account").await?;
        assert_eq!(page.problems().await?.iter().filter(|one| one.kind != "console").count(), 0);
    }
    drop(provider);
    let page = browser.page(narrow).await?;
    // What the site knows of the provider is good for a while: it sends people there all the same.
    page.goto(&format!("{url}/sign-in")).await?;
    anybody_can_use(&page).await
}
