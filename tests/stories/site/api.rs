//! Programs do what staff do on the pages, with a token and no more than it lets them.

mod described;
mod makers;
mod told;

use anyhow::{Context, Result, ensure};
use http::{Method, StatusCode};
use onboarding_web::{
    api::caller::Scope,
    clock::{Clock, DAY},
    store::{Actor, Store},
};
use serde_json::{Value, json};

use super::access::{
    rows::API,
    world::{World, new_account},
};

/// A token that may do all of this for a month.
async fn token(store: &Store, scopes: &[Scope]) -> Result<String> {
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    let named = ("tests", scopes.join(" "));
    let (actor, ends) = (Actor::of("test"), store.now() + 30 * DAY);
    Ok(store.add_api_token(&actor, None, (named.0, &named.1), ends).await?)
}

/// Somebody who calls.
struct Program<'a> {
    world: &'a World,
    token: String,
}

/// What it gets.
#[derive(Debug)]
struct Got {
    status: StatusCode,
    location: String,
    body: Value,
}

impl<'a> Program<'a> {
    async fn with(world: &'a World, scopes: &[Scope]) -> Result<Self> {
        Ok(Self { world, token: token(&world.store, scopes).await? })
    }

    fn request(&self, method: &str, path: &str) -> Result<reqwest::RequestBuilder> {
        let method = Method::from_bytes(method.as_bytes())?;
        Ok(self.world.request(method, path).bearer_auth(&self.token))
    }

    async fn get(&self, path: &str) -> Result<Got> {
        got(self.request("GET", path)?).await
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Got> {
        let request = self.request(method, path)?.header("content-type", "application/json");
        got(request.body(body.to_string())).await
    }

    async fn once(&self, path: &str, body: &Value, key: &str) -> Result<Got> {
        let request = self.request("POST", path)?.header("content-type", "application/json");
        got(request.header("idempotency-key", key).body(body.to_string())).await
    }
}

async fn got(request: reqwest::RequestBuilder) -> Result<Got> {
    let answer = request.send().await?;
    let header = |name: &str| {
        let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (status, kind, location) = (answer.status(), header("content-type"), header("location"));
    let text = answer.text().await?;
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).with_context(|| format!("{status} {text}"))?
    };
    if status.is_client_error() || status.is_server_error() {
        ensure!(kind == "application/problem+json", "{status} {kind}");
        ensure!(body["status"] == status.as_u16(), "{body}");
        ensure!(!body["title"].as_str().unwrap_or_default().is_empty(), "{body}");
        ensure!(!body["detail"].as_str().unwrap_or_default().is_empty(), "{body}");
    }
    Ok(Got { status, location, body })
}

fn customer() -> Value {
    json!({
        "name": "Acme Stores",
        "email": "cloud@acme.test",
        "account": new_account(),
        "load_balancers": ["eu-west-1 all", "us-east-1 tag:Team=shop"],
    })
}

#[tokio::test]
async fn a_token_opens_what_its_scope_names_and_nothing_else() -> Result<()> {
    let world = World::start().await?;
    let mut wrong = Vec::new();
    for scope in Scope::ALL {
        let program = Program::with(&world, &[scope]).await?;
        for (method, path, needed) in API {
            let path = path.replace("{id}", "none").replace("{version}", "none");
            let answer = program.send(method, &path, &json!({})).await?;
            let refused = answer.status == StatusCode::FORBIDDEN;
            let named = answer.body["detail"].as_str().unwrap_or_default().contains(needed.name());
            if refused == (scope == *needed) || refused != named {
                wrong.push(format!("{} {method} {path}: {answer:?}", scope.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_told() -> Result<()> {
    let world = World::start().await?;
    let mut program = Program::with(&world, &Scope::ALL).await?;
    assert_eq!(program.get("/api/v1/customers").await?.status, 200);
    let id = world.store.api_tokens().await?[0].id.clone();
    assert!(world.store.revoke_api_token(&Actor::of("test"), &id).await?);
    assert_eq!(program.get("/api/v1/customers").await?.status, 401, "revoked");
    let clock = Clock::standing_at(world.store.now() - 31 * DAY);
    let file = format!("sqlite://{}", world.site.folder().join("onboarding.db").display());
    let then = Store::open(&file, world.store.key().clone(), clock).await?;
    program.token = token(&then, &Scope::ALL).await?;
    assert_eq!(program.get("/api/v1/customers").await?.status, 401, "expired");
    // A session is none, nor is a token that stands elsewhere.
    program.token = token(&world.store, &Scope::ALL).await?;
    let path = format!("/api/v1/customers?token={}", program.token);
    let session = world.request(Method::GET, &path).header("cookie", world.admin.cookie());
    assert_eq!(got(session).await?.status, 401);
    let basic =
        world.request(Method::GET, "/api/v1/customers").basic_auth("", Some(&program.token));
    assert_eq!(got(basic).await?.status, 401);
    // And it opens no page.
    let page = program.request("GET", "/customers")?.send().await?;
    assert!(page.headers()["location"].to_str()?.starts_with("/sign-in?"));
    // Whoever guesses is asked to wait.
    program.token = "onb_guess".to_owned();
    let mut last = StatusCode::OK;
    for _ in 0..40 {
        last = program.get("/api/v1/customers").await?.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    Ok(())
}

#[tokio::test]
async fn a_customer_is_added_sent_a_link_changed_and_taken_off() -> Result<()> {
    let world = World::start().await?;
    let program = Program::with(&world, &Scope::ALL).await?;
    let fields = customer();
    let added = program.send("POST", "/api/v1/customers", &fields).await?;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    let place = added.location.clone();
    assert_eq!(added.body["state"], "sent");
    assert_eq!(added.body["regions"].as_array().map(Vec::len), Some(2));
    assert_eq!(program.get(&place).await?.body, added.body);

    let link = program.get(&format!("{place}/link")).await?.body;
    let page = link["page_url"].as_str().context("no page")?.to_owned();
    let shown = reqwest::get(&page).await?.text().await?;
    assert!(shown.contains("Acme Stores"));
    let quick = link["stacks"][0]["quick_create_url"].as_str().unwrap_or_default();
    assert!(quick.starts_with("https://eu-west-1.console.aws.amazon.com/"), "{quick}");
    assert!(shown.contains(&quick.replace('&', "&#38;")), "the page has another link");
    assert!(link["email"]["body"].as_str().unwrap_or_default().contains(&page));
    assert!(
        link["launch_role"]["aws_cli"].as_str().is_some_and(|cli| cli.contains("create-stack"))
    );

    let mut changed = fields.clone();
    changed["name"] = json!("Acme Group");
    changed["retention_days"] = json!(30);
    let after = program.send("PUT", &place, &changed).await?;
    assert_eq!(
        (&after.body["name"], &after.body["retention_days"]),
        (&json!("Acme Group"), &json!(30))
    );

    let rotate = format!("{place}/link/rotate");
    let new = program.send("POST", &rotate, &json!({"generation": 1})).await?;
    assert_eq!((new.status.as_u16(), &new.body["generation"]), (200, &json!(2)));
    let again = program.send("POST", &rotate, &json!({"generation": 1})).await?;
    assert_eq!(again.status, StatusCode::CONFLICT, "a request that came twice made two links");
    assert_eq!(reqwest::get(&page).await?.status(), StatusCode::NOT_FOUND, "the old link works");
    let revoke = program.send("POST", &format!("{place}/link/revoke"), &json!({})).await?;
    assert_eq!(revoke.status, StatusCode::NO_CONTENT);
    assert_eq!(program.get(&format!("{place}/link")).await?.status, StatusCode::GONE);

    let off = program.send("POST", &format!("{place}/offboard"), &json!({})).await?;
    assert!(off.body["offboarded_at"].is_string(), "{off:?}");
    let back = program.send("POST", &format!("{place}/reinstate"), &json!({})).await?;
    assert!(back.body["offboarded_at"].is_null(), "{back:?}");
    let events = program.get(&format!("{place}/events")).await?.body;
    let whos: Vec<&str> =
        events.as_array().context("none")?.iter().filter_map(|one| one["who"].as_str()).collect();
    let id = &world.store.api_tokens().await?[0].id;
    let who = format!("token tests ({id})");
    assert!(whos.contains(&who.as_str()), "{whos:?}");
    let audit = program.get(&format!("/api/v1/audit?actor=token+tests+({id})")).await?.body;
    assert_eq!(audit["total"], 6, "{audit}");
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_is_told_by_field_and_nothing_is_changed() -> Result<()> {
    let world = World::start().await?;
    let program = Program::with(&world, &Scope::ALL).await?;
    let mut bad = customer();
    bad["email"] = json!("nobody");
    bad["account"] = json!("12");
    let refused = program.send("POST", "/api/v1/customers", &bad).await?;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields: Vec<&str> = refused.body["errors"]
        .as_array()
        .context("no errors")?
        .iter()
        .filter_map(|one| one["field"].as_str())
        .collect();
    assert_eq!(fields, ["email", "account"]);

    let good = customer();
    program.send("POST", "/api/v1/customers", &good).await?;
    let twice = program.send("POST", "/api/v1/customers", &good).await?;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    let why = twice.body["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(why.contains("Acme Stores has these load balancers"), "{why}");
    assert_eq!(program.get("/api/v1/customers").await?.body["total"], 1);

    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_words() -> Result<()> {
    let world = World::start().await?;
    let program = Program::with(&world, &Scope::ALL).await?;
    let (good, mut unknown) = (customer(), customer());
    unknown["nmae"] = json!("typed wrong");
    for (body, kind, status) in [
        (unknown.to_string(), "application/json", 400),
        ("{".to_owned(), "application/json", 400),
        ("[1]".to_owned(), "application/json", 400),
        (good.to_string(), "text/plain", 415),
        ("x".repeat(400_000), "application/json", 413),
    ] {
        let request = program.request("POST", "/api/v1/customers")?.header("content-type", kind);
        match got(request.body(body.clone())).await {
            Ok(answer) => assert_eq!(answer.status.as_u16(), status, "{body:.60}"),
            // The site may hang up on what is too large before all of it was sent.
            Err(error) => assert!(status == 413, "{error:#}"),
        }
    }
    for path in [
        "/api/v1/customers?page=0",
        "/api/v1/customers?per_page=500",
        "/api/v1/customers?state=happy",
        "/api/v1/customers?quary=typed+wrong",
        "/api/v1/audit?from=yesterday",
    ] {
        let status = program.get(path).await?.status;
        assert!(status.is_client_error(), "{path}: {status}");
    }
    for (path, status) in [("/api/v1/nothing", 404), ("/api/v1/customers/none", 404)] {
        assert_eq!(program.get(path).await?.status.as_u16(), status, "{path}");
    }
    assert_eq!(program.send("PUT", "/api/v1/customers", &good).await?.status, 405);
    Ok(())
}

#[tokio::test]
async fn a_request_that_comes_twice_is_done_once() -> Result<()> {
    let world = World::start().await?;
    let program = Program::with(&world, &Scope::ALL).await?;
    let (path, fields) = ("/api/v1/customers", customer());
    let tries = (0..6).map(|_| program.once(path, &fields, "first"));
    let all = futures_util::future::try_join_all(tries).await?;
    let ids: std::collections::BTreeSet<String> =
        all.iter().map(|one| one.body["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{all:?}");
    assert!(all.iter().all(|one| one.status == StatusCode::CREATED), "{all:?}");
    assert_eq!(program.get(path).await?.body["total"], 1);

    let other = program.once(path, &customer(), "first").await?;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(other.body["detail"].as_str().is_some_and(|why| why.contains("another request")));
    // Another program's key is another key.
    let others = Program::with(&world, &Scope::ALL).await?;
    assert_eq!(others.once(path, &customer(), "first").await?.status, StatusCode::CREATED);
    assert_eq!(program.once(path, &customer(), "a b").await?.status, StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn many_are_imported_and_read_page_by_page() -> Result<()> {
    let world = World::start().await?;
    let program = Program::with(&world, &Scope::ALL).await?;
    let row =
        |at: usize| format!("Shop {at},it@shop.test,{},eu-west-1 all\n", 100_000_000_000 + at);
    let rows: String = (0..120).map(row).collect();
    let csv = format!("name,email,account,load_balancers\n{rows}");
    let send = async |query: &str, csv: &str, key: &str| {
        let path = format!("/api/v1/customers/import{query}");
        let request = program.request("POST", &path)?.header("content-type", "text/csv");
        got(request.header("idempotency-key", key).body(csv.to_owned())).await
    };
    let dry = send("", &csv, "a").await?;
    assert_eq!((&dry.body["dry_run"], &dry.body["good"]), (&json!(true), &json!(120)));
    assert_eq!(program.get("/api/v1/customers").await?.body["total"], 0, "a dry run saved");
    let done = send("?dry_run=false", &csv, "a").await?;
    assert_eq!(done.body["added"].as_array().map(Vec::len), Some(120), "{done:?}");
    let again = send("?dry_run=false", &csv, "a").await?;
    assert_eq!(again.body["added"], done.body["added"]);

    let bad = format!("{csv}Bad,nobody,12,eu-west-1 all\n");
    let refused = send("?dry_run=false", &bad, "b").await?;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mixed =
        "name,email,account,load_balancers\nNew,a@b.test,200000000000,eu-west-1 all\nBad,x,1,y\n";
    let good = send("?dry_run=false&only_good_rows=true", mixed, "c").await?;
    assert_eq!(good.body["added"].as_array().map(Vec::len), Some(1), "{good:?}");

    let (mut names, mut page) = (Vec::new(), json!(1));
    while page.is_u64() {
        let part =
            program.get(&format!("/api/v1/customers?sort=name&per_page=50&page={page}")).await?;
        assert_eq!(part.body["total"], 121);
        let items = part.body["items"].as_array().context("no items")?.clone();
        names.extend(items.into_iter().map(|one| one["name"].to_string()));
        page = part.body["next_page"].clone();
    }
    let each: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!((names.len(), each.len()), (121, 121));
    let found = program.get("/api/v1/customers?q=shop+77").await?.body;
    assert_eq!((&found["total"], &found["items"][0]["name"]), (&json!(1), &json!("Shop 77")));
    Ok(())
}

#[tokio::test]
async fn tokens_are_made_and_revoked_on_the_page() -> Result<()> {
    let world = World::start().await?;
    let form = [("name", "CRM"), ("customers:read", "on"), ("days", "30")];
    let made = world.admin.post("/settings/tokens", &form).await?;
    let token = made.text.split("id=\"one-time-token\">").nth(1).context("no token")?;
    let token = token.split('<').next().unwrap_or_default().to_owned();
    assert!(token.starts_with("onb_") && token.len() == 47, "{token}");
    let program = Program { world: &world, token: token.clone() };
    assert_eq!(program.get("/api/v1/customers").await?.status, 200);
    let page = world.admin.get("/settings/tokens").await?.text;
    assert!(!page.contains(&token) && page.contains("CRM") && page.contains("just now"), "{page}");
    let revoke =
        page.split("action=\"").find(|part| part.contains("/revoke")).context("no button")?;
    let revoke = revoke.split('"').next().unwrap_or_default();
    assert_eq!(world.admin.post(revoke, &[]).await?.status, StatusCode::SEE_OTHER);
    assert_eq!(program.get("/api/v1/customers").await?.status, 401);
    let nothing = world.admin.post("/settings/tokens", &[("name", ""), ("days", "9")]).await?;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in ["Enter what it is for", "Choose at least one thing", "Choose when it ends"] {
        assert!(nothing.text.contains(words), "{words}");
    }
    let audit = world.admin.get("/audit").await?.text;
    assert!(audit.contains("make API token") && audit.contains("revoke API token"));
    assert!(!audit.contains(&token));
    Ok(())
}
