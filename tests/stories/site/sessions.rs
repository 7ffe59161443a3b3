//! Sessions: where they begin, when they end, and what nobody else can do with them.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Result};
use futures_util::future::join_all;
use harness::site::{Answered, PASSWORD, Site, Visitor};
use http::StatusCode;
use onboarding_web::{
    access::Access,
    clock::{Clock, HOUR, MINUTE},
    store::{Actor, AuditFilter, Role},
};
use serde_json::Value;
use url::Url;

use super::access::{
    rows::ROWS,
    world::{Inside, OWN, REGION, World, add_staff, read, set_cookie},
};

/// Whether somebody is signed in with a cookie.
async fn is_in(visitor: &Visitor, cookie: &str) -> Result<bool> {
    let answer = visitor.with_cookie(cookie).get("/settings").await?;
    let inside = answer.status == StatusCode::OK;
    assert!(inside || answer.location.starts_with("/sign-in?next="), "{answer:?}");
    Ok(inside)
}

/// The page that says a form was not taken because of where it came from.
fn is_foreign(answer: &Answered) -> bool {
    answer.status == StatusCode::FORBIDDEN && answer.text.contains("<h1>Nothing was changed</h1>")
}

/// Adds somebody whose first password has to be changed; e-mail and password.
fn newcomer(site: &Site, role: &str) -> Result<(String, String)> {
    let email = format!("new-{}@vendor.test", uuid::Uuid::new_v4());
    let (code, text) = site.run(&["staff", "add", &email, "--role", role])?;
    assert_eq!(code, 0, "{text}");
    let first = text.split("with the password ").nth(1).context("no password")?;
    Ok((email, first.split(',').next().unwrap_or_default().to_owned()))
}

#[tokio::test]
async fn a_planted_cookie_is_worth_nothing_after_signing_in() -> Result<()> {
    let world = World::start().await?;
    let email = add_staff(&world.store, Role::Admin).await?;
    let made_up = "onboarding=AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    // One that somebody thought of, and one that the attacker is signed in with.
    for planted in [made_up, world.viewer.cookie().to_owned()] {
        let mut victim = world.site.anyone().with_cookie(&planted);
        let answer = victim.sign_in(&email, PASSWORD).await?;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        assert_ne!(victim.cookie(), planted);
        assert!(is_in(&victim, victim.cookie()).await?);
        assert!(!is_in(&victim, &planted).await?, "the planted cookie works");
    }
    Ok(())
}

#[tokio::test]
async fn each_signing_in_has_a_cookie_of_its_own() -> Result<()> {
    let world = World::start().await?;
    let email = add_staff(&world.store, Role::Viewer).await?;
    let mut cookies = BTreeSet::new();
    let mut visitor = world.site.anyone();
    for _ in 0..3 {
        visitor.sign_in(&email, PASSWORD).await?;
        let value = visitor.cookie().split_once('=').context("no cookie")?.1.to_owned();
        // 128 bits in Base64.
        assert_eq!(value.len(), 22, "{value}");
        cookies.insert(value);
    }
    assert_eq!(cookies.len(), 3);
    Ok(())
}

#[tokio::test]
async fn signing_out_ends_the_session_whatever_else_is_under_way() -> Result<()> {
    let world = World::start().await?;
    let old = world.viewer.cookie().to_owned();
    assert!(is_in(&world.viewer, &old).await?);
    let others = (0..12).map(|at| {
        let visitor = world.viewer.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(at * 4)).await;
            // Some are turned away by then.
            visitor.get("/audit").await.map(|answer| answer.status)
        }
    });
    let sign_out = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        world.viewer.post("/sign-out", &[]).await
    };
    let (others, signed_out) = tokio::join!(join_all(others), sign_out);
    assert_eq!(signed_out?.location, "/sign-in");
    for status in others {
        assert!([StatusCode::OK, StatusCode::SEE_OTHER].contains(&status?));
    }
    assert!(!is_in(&world.viewer, &old).await?, "the old cookie works");
    Ok(())
}

#[tokio::test]
async fn a_new_password_ends_every_session_but_the_one_that_set_it() -> Result<()> {
    let world = World::start().await?;
    let email = add_staff(&world.store, Role::Editor).await?;
    let (mut here, mut there) = (world.site.anyone(), world.site.anyone());
    here.sign_in(&email, PASSWORD).await?;
    there.sign_in(&email, PASSWORD).await?;
    let new = "another horse, other batteries";
    let change = [("current", PASSWORD), ("new", new)];
    let answer = here.post("/settings/password", &change).await?;
    assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, "/settings"));
    assert!(!is_in(&there, there.cookie()).await?, "the other device");
    assert!(!is_in(&here, here.cookie()).await?, "the old cookie");
    let fresh = set_cookie(&answer);
    assert!(is_in(&here, fresh.split(';').next().unwrap_or_default()).await?);
    assert_eq!(there.sign_in(&email, PASSWORD).await?.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(there.sign_in(&email, new).await?.status, StatusCode::SEE_OTHER);
    Ok(())
}

#[tokio::test]
async fn a_changed_role_and_a_switched_off_account_end_its_sessions() -> Result<()> {
    let world = World::start().await?;
    for change in [&[("action", "role"), ("role", "viewer")][..], &[("action", "disable")]] {
        let email = add_staff(&world.store, Role::Editor).await?;
        let id = world.store.staff_by_email(&email).await?.context("nobody")?.id;
        let mut visitor = world.site.anyone();
        visitor.sign_in(&email, PASSWORD).await?;
        let answer = world.admin.post(&format!("/settings/staff/{id}"), change).await?;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        assert!(!is_in(&visitor, visitor.cookie()).await?, "{change:?}");
        let again = visitor.sign_in(&email, PASSWORD).await?.status;
        let off = change[0].1 == "disable";
        let expected = if off { 422 } else { 303 };
        assert_eq!(again.as_u16(), expected, "{change:?}");
    }
    let email = add_staff(&world.store, Role::Editor).await?;
    let mut visitor = world.site.anyone();
    visitor.sign_in(&email, PASSWORD).await?;
    assert_eq!(world.site.run(&["staff", "reset-password", &email])?.0, 0);
    assert!(!is_in(&visitor, visitor.cookie()).await?, "a password from the command line");
    Ok(())
}

#[tokio::test]
async fn a_live_page_falls_silent_when_its_session_ends() -> Result<()> {
    let world = World::start().await?;
    let email = add_staff(&world.store, Role::Viewer).await?;
    let id = world.store.staff_by_email(&email).await?.context("nobody")?.id;
    let mut visitor = world.site.anyone();
    visitor.sign_in(&email, PASSWORD).await?;
    let customer = world.customer("Acme Stores").await?;
    let path = format!("/customers/{}/events", customer.id);
    let stream = world.request(http::Method::GET, &path).header("cookie", visitor.cookie());
    let mut stream = stream.send().await?;
    let first = stream.chunk().await?.context("no first block")?;
    assert!(String::from_utf8_lossy(&first).contains("was not opened yet"));
    let off = [("action", "disable")];
    world.admin.post(&format!("/settings/staff/{id}"), &off).await?;
    assert!(!is_in(&visitor, visitor.cookie()).await?);
    // Something happens that somebody without a session must not hear of.
    read(world.request(http::Method::GET, &format!("/c/{}", customer.page))).await?;
    let mut heard = String::new();
    let listen = async {
        while let Ok(Some(chunk)) = stream.chunk().await {
            heard += &String::from_utf8_lossy(&chunk);
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(4), listen).await;
    assert!(!heard.contains("The page was opened"), "still told: {heard}");
    Ok(())
}

#[tokio::test]
async fn a_session_ends_after_two_idle_hours_and_after_twelve_in_any_case() -> Result<()> {
    let now = Clock::system().now();
    let idle = Clock::standing_at(now);
    let site = Inside::start("", idle.clone()).await?;
    let (_, cookie) = site.sign_in(Role::Viewer).await?;
    idle.advance(HOUR + 55 * MINUTE);
    assert_eq!(site.get("/settings", &cookie).await?.status, StatusCode::OK);
    idle.advance(10 * MINUTE);
    assert_eq!(site.get("/settings", &cookie).await?.status, StatusCode::SEE_OTHER, "idle");

    // The clock of idle sessions is the world's: they are not idle here.
    let long = Clock::standing_at(now - 12 * HOUR);
    let site = Inside::start("", long.clone()).await?;
    let (_, cookie) = site.sign_in(Role::Viewer).await?;
    long.advance(12 * HOUR - MINUTE);
    assert_eq!(site.get("/settings", &cookie).await?.status, StatusCode::OK);
    long.advance(2 * MINUTE);
    assert_eq!(site.get("/settings", &cookie).await?.status, StatusCode::SEE_OTHER, "too long");
    Ok(())
}

#[tokio::test]
async fn the_cookie_is_for_this_site_and_no_script() -> Result<()> {
    let names = |cookie: &str| -> BTreeSet<String> {
        cookie.split(';').skip(1).map(|part| part.trim().to_owned()).collect()
    };
    let without_time = |mut all: BTreeSet<String>| {
        all.retain(|part| !part.starts_with("Max-Age=") && !part.starts_with("Expires="));
        all
    };
    let expected = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<BTreeSet<_>>();
    let world = World::start().await?;
    let email = add_staff(&world.store, Role::Viewer).await?;
    let cookie = set_cookie(&world.site.anyone().sign_in(&email, PASSWORD).await?);
    assert!(cookie.starts_with("onboarding="), "{cookie}");
    let plain = expected(&["HttpOnly", "SameSite=Lax", "Path=/"]);
    assert_eq!(without_time(names(&cookie)), plain);

    let site = Inside::start("https://onboarding.example.com", Clock::system()).await?;
    let (answer, _) = site.sign_in(Role::Viewer).await?;
    let cookie = set_cookie(&answer);
    assert!(cookie.starts_with("__Host-onboarding="), "{cookie}");
    let secure = expected(&["HttpOnly", "SameSite=Lax", "Path=/", "Secure"]);
    assert_eq!(without_time(names(&cookie)), secure);
    Ok(())
}

/// Where a form comes from that a stranger had somebody's browser send; nothing: no browser.
fn strangers(own: &str) -> Vec<Vec<(&'static str, String)>> {
    let origin = |text: &str| vec![("origin", text.to_owned())];
    let site = |text: &str| vec![("sec-fetch-site", text.to_owned())];
    let other_port = own.rsplit_once(':').map_or(own, |(host, _)| host).to_owned() + ":1";
    vec![
        vec![],
        origin("https://evil.test"),
        origin("null"),
        origin(&other_port),
        origin(&format!("{own}.evil.test")),
        origin(&format!("https://evil.test/{own}")),
        site("cross-site"),
        site("same-site"),
        [site("cross-site"), origin(own)].concat(),
    ]
}

#[tokio::test]
async fn no_form_is_taken_from_elsewhere() -> Result<()> {
    let world = World::start().await?;
    let own = world.site.url.clone();
    let entries =
        async || anyhow::Ok(world.store.audit_rows(&AuditFilter::default(), 1, 0).await?.1);
    let mut wrong = Vec::new();
    for row in ROWS.iter().filter(|row| row.method == "POST" && row.path != "/reports") {
        let prepared = world.prepare("POST", row.path, &world.admin).await?;
        let before = entries().await?;
        for headers in strangers(&own) {
            // A browser always says where a form comes from; what does not has no session to abuse.
            if headers.is_empty() && !matches!(row.access, Access::Staff(_)) {
                continue;
            }
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = world.send(&prepared, world.admin.cookie(), &headers).await?;
            if !is_foreign(&answer) {
                wrong.push(format!("{} with {headers:?}: {}", row.path, answer.status));
            }
        }
        assert_eq!(entries().await?, before, "{} did something", row.path);
        assert!(is_in(&world.admin, world.admin.cookie()).await?, "{}", row.path);
        if row.path != "/sign-out" {
            let answer = world.send(&prepared, world.admin.cookie(), OWN).await?;
            assert!(!is_foreign(&answer), "{} is taken from nowhere", row.path);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Tries to sign in; status and words without what was typed.
async fn attempt(site: &Site, email: &str, password: &str) -> Result<(u16, String)> {
    let answer = site.anyone().sign_in(email, password).await?;
    Ok((answer.status.as_u16(), answer.text.replace(email, "EMAIL")))
}

#[tokio::test]
async fn five_wrong_passwords_and_one_waits() -> Result<()> {
    let world = World::start().await?;
    let known = add_staff(&world.store, Role::Viewer).await?;
    let other = add_staff(&world.store, Role::Viewer).await?;
    let nobody = "nobody-at-all@vendor.test";
    for round in 1..=5 {
        let (a, b) = (
            attempt(&world.site, &known, "wrong").await?,
            attempt(&world.site, nobody, "wrong").await?,
        );
        assert_eq!(a, b, "an account can be told from none");
        assert_eq!(a.0, 422, "try {round}");
        assert!(a.1.contains("The e-mail or the password is not right"), "{}", a.1);
    }
    // Also in capitals, and with blanks around.
    for email in [known.clone(), known.to_uppercase(), format!(" {known} ")] {
        let (status, text) = attempt(&world.site, &email, PASSWORD).await?;
        assert_eq!(status, 429, "{email}");
        assert!(text.contains("There were too many tries. Try again in"), "{text}");
    }
    let (a, b) = (
        attempt(&world.site, &known, PASSWORD).await?,
        attempt(&world.site, nobody, PASSWORD).await?,
    );
    assert_eq!(a, b, "an account can be told from none");
    assert_eq!(attempt(&world.site, &other, PASSWORD).await?.0, 303, "another account waits too");
    Ok(())
}

#[tokio::test]
async fn many_tries_at_once_are_no_more_than_one_after_another() -> Result<()> {
    let world = World::start().await?;
    let email = add_staff(&world.store, Role::Admin).await?;
    let tries = (0..20).map(|at| {
        let (site, email) = (&world.site, &email);
        async move { attempt(site, email, &format!("wrong {at}")).await.map(|(status, _)| status) }
    });
    let tries = join_all(tries).await.into_iter().collect::<Result<Vec<_>>>()?;
    let tested = tries.iter().filter(|status| **status == 422).count();
    assert!(tested <= 5, "{tested} passwords were tried at once");
    Ok(())
}

#[tokio::test]
async fn an_address_that_tries_many_accounts_waits() -> Result<()> {
    let world = World::start().await?;
    let mut last = 0;
    for at in 0..31 {
        last = attempt(&world.site, &format!("{at}@vendor.test"), "wrong").await?.0;
    }
    assert_eq!(last, 429);
    Ok(())
}

const ELSEWHERE: [&str; 24] = [
    "https://evil.test",
    "http://evil.test/customers",
    "//evil.test",
    "///evil.test",
    "////evil.test/..",
    "/\\evil.test",
    "\\\\evil.test",
    "/\\/evil.test",
    "\\/evil.test",
    "/\t/evil.test",
    "/\n/evil.test",
    "/\r\n/evil.test",
    "\t//evil.test",
    " //evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.test%2f..",
    "https:evil.test",
    "https:/evil.test",
    "@evil.test",
    ".evil.test",
    "/\u{2f}evil.test",
    "/%09/evil.test/..",
    "/／evil.test",
];

#[tokio::test]
async fn signing_in_leads_to_this_site_only() -> Result<()> {
    let world = World::start().await?;
    let email = add_staff(&world.store, Role::Viewer).await?;
    let own = Url::parse(&world.site.url)?;
    for next in ELSEWHERE {
        let form = [("email", email.as_str()), ("password", PASSWORD), ("next", next)];
        let query = url::form_urlencoded::Serializer::new(String::new());
        let query = { query }.append_pair("next", next).finish();
        let page = format!("/sign-in?{query}");
        let shown = world.site.anyone().get(&page).await?.text;
        let posted = world.site.anyone().post("/sign-in", &form).await?;
        let already = world.viewer.get(&page).await?;
        for answer in [posted, already] {
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{next:?}");
            let to = own.join(&answer.location)?;
            assert_eq!(to.origin(), own.origin(), "{next:?} leads to {to}");
        }
        let hidden = shown.split("name=\"next\" value=\"").nth(1).context("no field")?;
        let hidden = hidden.split('"').next().unwrap_or_default();
        assert_eq!(own.join(hidden)?.origin(), own.origin(), "{next:?} is in the form");
    }
    let form = [("email", email.as_str()), ("password", PASSWORD), ("next", "/audit?action=x")];
    assert_eq!(world.site.anyone().post("/sign-in", &form).await?.location, "/audit?action=x");
    Ok(())
}

#[tokio::test]
async fn a_first_password_is_changed_before_anything_else() -> Result<()> {
    let world = World::start().await?;
    let (email, first) = newcomer(&world.site, "admin")?;
    let mut visitor = world.site.anyone();
    assert_eq!(visitor.sign_in(&email, &first).await?.status, StatusCode::SEE_OTHER);
    for row in ROWS.iter().filter(|row| matches!(row.access, Access::Staff(_))) {
        let prepared = world.prepare(row.method, row.path, &world.admin).await?;
        let answer = world.send(&prepared, visitor.cookie(), OWN).await?;
        if row.path == "/settings/password" {
            assert_ne!(answer.location, "/settings/password");
            continue;
        }
        let found = (answer.status, answer.location.as_str());
        assert_eq!(found, (StatusCode::SEE_OTHER, "/settings/password"), "{}", row.path);
    }
    Ok(())
}

#[tokio::test]
async fn weak_passwords_are_refused_with_the_reason() -> Result<()> {
    let world = World::start().await?;
    let email = add_staff(&world.store, Role::Viewer).await?;
    let mut visitor = world.site.anyone();
    visitor.sign_in(&email, PASSWORD).await?;
    let (long, own) = ("ab".repeat(501), format!("my {email} is it"));
    let cases = [
        (PASSWORD, "fourteen chars", "at least 15 characters"),
        (PASSWORD, "", "at least 15 characters"),
        (PASSWORD, "ÄÖÜäöüßÄÖÜäöüß", "at least 15 characters"),
        (PASSWORD, "aaaaaaaaaaaaaaaaaaaaaaa", "harder to guess"),
        (PASSWORD, own.as_str(), "harder to guess"),
        (PASSWORD, long.as_str(), "at most 1000 characters"),
        (PASSWORD, PASSWORD, "other than the one you use now"),
        ("wrong", "a new one that would do", "Enter the password that you use now"),
    ];
    for (current, new, why) in cases {
        let form = [("current", current), ("new", new)];
        let answer = visitor.post("/settings/password", &form).await?;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{new}");
        assert!(answer.text.contains(why), "'{why}' is not said of {new:?}: {}", answer.text);
        assert!(new.is_empty() || !answer.text.contains(&format!("value=\"{new}")), "{new}");
    }
    let mut again = world.site.anyone();
    assert_eq!(again.sign_in(&email, PASSWORD).await?.status, StatusCode::SEE_OTHER);
    Ok(())
}

#[tokio::test]
async fn wrong_passwords_are_in_the_audit_log_without_what_was_typed() -> Result<()> {
    let world = World::start().await?;
    let email = add_staff(&world.store, Role::Viewer).await?;
    attempt(&world.site, &email, "canary-wrong-password").await?;
    // People type a password where the e-mail goes.
    attempt(&world.site, "canary-typed-as-email", "x").await?;
    let rows = world.admin.get("/audit/export.json?action=fail+to+sign+in").await?.text;
    let rows: Vec<Value> = serde_json::from_str(&rows)?;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let [actor, ip, subject] = ["actor", "ip", "subject"].map(|name| &rows[0][name]);
    assert_eq!((actor, ip, subject), (&"visitor".into(), &"127.0.0.1".into(), &email.into()));
    let all = world.admin.get("/audit/export.json").await?.text;
    assert!(!all.contains("canary"), "{all}");
    let folder = world.site.folder();
    for name in ["onboarding.db", "onboarding.db-wal"] {
        let bytes = std::fs::read(folder.join(name)).unwrap_or_default();
        assert!(!bytes.is_empty(), "{name} is empty");
        assert!(!String::from_utf8_lossy(&bytes).contains("canary"), "it is in {name}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_secret_is_in_the_log_of_the_service() -> Result<()> {
    let world = World::start().await?;
    let (email, first) = newcomer(&world.site, "editor")?;
    let customer = world.customer("Canary Customer Ltd").await?;
    let mut visitor = world.site.anyone();
    let mut secrets = vec![first.clone(), PASSWORD.to_owned(), "canary-password".to_owned()];
    visitor.sign_in(&email, "canary-password").await?;
    visitor.sign_in(&email, &first).await?;
    for staff in [&world.viewer, &world.editor, &world.admin, &visitor] {
        secrets.push(staff.cookie().split_once('=').context("no cookie")?.1.to_owned());
    }
    let form = [("current", first.as_str()), ("new", "canary of a new password")];
    let changed = set_cookie(&visitor.post("/settings/password", &form).await?);
    let changed = changed.split(';').next().and_then(|cookie| cookie.split_once('='));
    secrets.push(changed.context("no new cookie")?.1.to_owned());
    secrets.extend([customer.page.clone(), customer.stack.clone()]);
    secrets.extend(["canary of a new password", "canary-unknown-token"].map(str::to_owned));
    // What is refused is what ends up in logs.
    let anyone = world.site.anyone();
    let arn = format!("arn:aws:cloudformation:{REGION}:999999999999:stack/logs-analysis/1");
    let body = serde_json::json!({"stack_id": arn, "request_id": "r", "request_type": "Create",
        "phase": "failed", "reason": "x"});
    assert_eq!(anyone.report(&customer.stack, &body.to_string()).await?.status, 403);
    assert_eq!(anyone.report(&customer.stack, "not JSON").await?.status, 400);
    assert_eq!(anyone.report("canary-unknown-token", "{}").await?.status, 401);
    for path in ["", "/progress", "/explain?text=x", "/nothing", "/../x"] {
        anyone.get(&format!("/c/{}{path}", customer.page)).await?;
    }
    anyone.get("/c/canary-unknown-token").await?;
    anyone.get(&format!("/sign-in?next=/c/{}", customer.page)).await?;
    world.admin.post(&format!("/customers/{}/rotate", customer.id), &[]).await?;
    world.admin.get(&format!("/customers?q={}", customer.page)).await?;
    secrets.push(world.store.key().page_token(&customer.id, 2));
    secrets.push(std::fs::read_to_string(world.site.folder().join("onboarding.key"))?);

    let log = world.site.log();
    assert!(log.contains("\"message\":\"request\"") && log.contains("a report was refused"));
    for secret in secrets {
        assert!(!log.contains(secret.trim()), "{secret} is in the log");
    }
    Ok(())
}

#[tokio::test]
async fn the_first_password_is_said_once_and_not_logged() -> Result<()> {
    let mut site = Site::start(&[]).await?;
    let out = std::fs::read_to_string(site.folder().join("out"))?;
    let first = out.split("with the password ").nth(1).context("no password")?;
    let first = first.split_whitespace().next().unwrap_or_default();
    assert!(!std::fs::read_to_string(site.folder().join("err"))?.contains(first));
    site.kill();
    site.restart().await?;
    assert_eq!(site.log().matches("with the password ").count(), 1, "{}", site.log());
    let mut visitor = site.anyone();
    let answer = visitor.sign_in("admin@localhost", first).await?;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let answer = visitor.get("/customers").await?;
    assert_eq!(answer.location, "/settings/password");
    site.run(&["audit", "verify"]).map(|(code, text)| assert_eq!(code, 0, "{text}"))
}

#[tokio::test]
async fn nobody_takes_the_last_admin_away() -> Result<()> {
    let site = Site::start(&[]).await?;
    let admin = site.admin().await?;
    let page = admin.get("/settings").await?.text;
    assert!(page.contains("This is you"));
    let (email, first) = newcomer(&site, "admin")?;
    let mut second = site.anyone();
    second.sign_in(&email, &first).await?;
    let form = [("current", first.as_str()), ("new", PASSWORD)];
    let cookie = set_cookie(&second.post("/settings/password", &form).await?);
    let second = second.with_cookie(cookie.split(';').next().unwrap_or_default());
    let id = |page: &str, email: &str| {
        let at = page.find(email)?;
        let rest = &page[at..];
        rest.split("/settings/staff/").nth(1)?.split('"').next().map(str::to_owned)
    };
    let first_admin = id(&second.get("/settings").await?.text, "admin@localhost");
    let first_admin = format!("/settings/staff/{}", first_admin.context("not listed")?);
    let off = second.post(&first_admin, &[("action", "disable")]).await?;
    assert_eq!(off.location, "/settings");
    assert!(!is_in(&admin, admin.cookie()).await?);
    let key = onboarding_web::token::Key::load(&site.folder().join("onboarding.key"))?;
    let url = format!("sqlite://{}", site.folder().join("onboarding.db").display());
    let store = onboarding_web::store::Store::open(&url, key, Clock::system()).await?;
    let own = store.staff_by_email(&email).await?.context("nobody")?;
    let path = format!("/settings/staff/{}", own.id);
    for change in [&[("action", "disable")][..], &[("action", "role"), ("role", "viewer")]] {
        second.post(&path, change).await?;
        assert!(is_in(&second, second.cookie()).await?, "{change:?}");
    }
    let changed = store.change_staff(&Actor::of("test"), &own, Role::Viewer, false).await?;
    assert!(!changed, "nobody is left");
    Ok(())
}
