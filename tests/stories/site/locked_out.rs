//! Who guesses passwords from many addresses waits, locks nobody out by it, and does not fill the memory.

use anyhow::Result;
use futures_util::future::try_join_all;
use harness::{
    process,
    site::{PASSWORD, Site},
};
use http::Method;
use onboarding_web::store::Role;

use super::access::world::{World, add_staff, read};

/// Signs in through the proxy in front, as from an address; the status.
async fn from(world: &World, address: &str, email: &str, password: &str) -> Result<u16> {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("email", email)
        .append_pair("password", password)
        .finish();
    let request = world
        .request(Method::POST, "/sign-in")
        .header("x-forwarded-for", address)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded");
    Ok(read(request.body(body)).await?.status.as_u16())
}

/// Guesses until even the right password is turned away at an address that nobody came from before.
async fn locked_from_everywhere(world: &World, email: &str) -> Result<()> {
    let guesses = (0..60).map(|at| {
        let address = format!("198.51.{}.{}", at / 4, at % 4 + 1);
        async move { from(world, &address, email, "wrong").await }
    });
    let refused = try_join_all(guesses).await?;
    assert_eq!(refused.iter().filter(|status| **status == 422).count(), 50, "{refused:?}");
    assert_eq!(from(world, "192.0.2.1", email, PASSWORD).await?, 429);
    Ok(())
}

#[tokio::test]
async fn somebody_who_signed_in_from_here_before_is_not_locked_out_from_elsewhere() -> Result<()> {
    let world = World::of(Site::start(&["--trusted-proxies=1"]).await?, "").await?;
    let email = add_staff(&world.store, Role::Admin).await?;
    let other = add_staff(&world.store, Role::Admin).await?;
    let (office, home) = ("203.0.113.7", "2001:db8:7:7::1");
    assert_eq!(from(&world, office, &email, PASSWORD).await?, 303);
    assert_eq!(from(&world, home, &other, PASSWORD).await?, 303);
    locked_from_everywhere(&world, &email).await?;

    assert_eq!(from(&world, office, &email, "mistyped").await?, 422);
    assert_eq!(from(&world, office, &email, PASSWORD).await?, 303);
    assert_eq!(from(&world, home, &email, PASSWORD).await?, 429, "a place of another account");
    // What is known is the address, and an address has its few tries.
    for _ in 0..5 {
        assert_eq!(from(&world, office, &email, "wrong").await?, 422);
    }
    assert_eq!(from(&world, office, &email, PASSWORD).await?, 429);
    Ok(())
}

/// Hashing one takes 20 MB, and three are hashed at once.
#[tokio::test]
async fn guesses_take_no_more_memory_the_more_there_are() -> Result<()> {
    let site = Site::start(&[]).await?;
    let guess = |at: usize| {
        let email = format!("nobody-{at}@vendor.test");
        let site = &site;
        async move { site.anyone().sign_in(&email, "a guess of some length").await }
    };
    site.anyone().get("/sign-in").await?;
    let before = process::memory(site.pid())?;
    try_join_all((0..25).map(guess)).await?;
    let after = process::memory(site.pid())?;
    assert!(after < before + 100.0, "{after:.0} MB, and {before:.0} before 25 guesses");
    Ok(())
}
