//! Who may call what, and what every answer carries.

pub(super) mod rows;
pub(crate) mod world;

use std::collections::BTreeSet;

use anyhow::Result;
use harness::site::{Answered, Visitor};
use http::{Method, StatusCode};

use onboarding_web::{
    access::Access,
    clock::Clock,
    routes,
    store::{Actor, AuditFilter, Role},
};
use templates::report::{Phase, Report};

use self::{
    rows::{API, ROWS, Row, WHO},
    world::{Inside, OWN, Prepared, REGION, Subject, World, new_customer, read, set_cookie},
};

/// The words that a page for somebody whose role is too low has, and that of a link that is gone.
const TOO_LOW: &str = "You may not do this";
const GONE: &str = "This link does not work any more";

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let routes: BTreeSet<String> =
        routes::table().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let programs = API.iter().map(|(method, path, _)| format!("{method} {path}"));
    let rows: BTreeSet<String> =
        ROWS.iter().map(|row| format!("{} {}", row.method, row.path)).chain(programs).collect();
    assert_eq!(
        routes.difference(&rows).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "without a row"
    );
    assert_eq!(rows.difference(&routes).collect::<Vec<_>>(), Vec::<&String>::new(), "no routes");
    let all = ROWS.len() + API.len();
    assert_eq!((routes::table().len(), all), (routes.len(), rows.len()), "there twice");
    for route in routes::table() {
        let program = API.iter().find(|row| row.0 == route.method && row.1 == route.path);
        if let Some((.., scope)) = program {
            assert_eq!(route.access, Access::Token(*scope), "{} {}", route.method, route.path);
            continue;
        }
        let row = ROWS.iter().find(|row| row.method == route.method && row.path == route.path);
        assert_eq!(row.unwrap().access, route.access, "{} {}", route.method, route.path);
    }
}

/// The customers whose tokens are tried.
struct Tokens {
    own: Subject,
    other: Subject,
    expired: Subject,
    revoked: Subject,
}

impl Tokens {
    async fn new(world: &World) -> Result<Self> {
        Ok(Self {
            own: world.customer("Owner Ltd").await?,
            other: world.customer("Neighbour Ltd").await?,
            expired: world.expired("Expired Ltd").await?,
            revoked: world.revoked("Revoked Ltd").await?,
        })
    }

    /// Page token and stack token that somebody has.
    fn of(&self, who: &str) -> (&str, &str) {
        let subject = match who {
            "other customer" => &self.other,
            "expired" => &self.expired,
            "revoked" => &self.revoked,
            "unknown" => return (UNKNOWN, UNKNOWN),
            _ => &self.own,
        };
        (&subject.page, &subject.stack)
    }
}

const UNKNOWN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The first report of a new stack of a customer.
fn report(subject: &Subject) -> Report {
    let arn = format!("arn:aws:cloudformation:{REGION}:{}:stack/logs-analysis/1", subject.account);
    Report {
        stack_id: arn,
        request_id: "r-1".to_owned(),
        request_type: "Create".to_owned(),
        phase: Phase::Started,
        step: None,
        reason: String::new(),
        begun: 0,
        version: String::new(),
        configuration: String::new(),
        outputs: Vec::new(),
    }
}

/// Somebody calls an address.
async fn call(world: &World, tokens: &Tokens, row: &Row, who: &str) -> Result<Answered> {
    let staff = match who {
        "viewer" => &world.viewer,
        "editor" => &world.editor,
        "admin" => &world.admin,
        _ => &world.site.anyone(),
    };
    let (page, stack) = tokens.of(who);
    let mut prepared = world.prepare(row.method, row.path, staff).await?;
    prepared.path = prepared.path.replace("{token}", page);
    let mut headers = OWN.to_vec();
    let mut cookie = staff.cookie().to_owned();
    let bearer = format!("Bearer {}", if row.access == Access::Stack { stack } else { page });
    let has_token = !["anyone", "viewer", "editor", "admin"].contains(&who);
    if row.access == Access::Stack {
        // Whoever it is reports about a stack of the same customer.
        prepared.body = serde_json::to_vec(&report(match who {
            "expired" => &tokens.expired,
            "revoked" => &tokens.revoked,
            _ => &tokens.own,
        }))?;
    }
    if has_token {
        headers.push(("authorization", bearer.as_str()));
        cookie = format!("onboarding={page}");
    }
    world.send(&prepared, &cookie, &headers).await
}

fn is(expected: &str, answer: &Answered) -> bool {
    let status = answer.status.as_u16();
    match expected {
        "in" => status == 303 && answer.location.starts_with("/sign-in?next="),
        "403" => status == 403 && answer.text.contains(TOO_LOW),
        "gone" => status == 404 && answer.text.contains(GONE),
        "refused" => status == 403 && answer.text.starts_with("{\"refused\":"),
        "303" => status == 303 && !answer.location.starts_with("/sign-in?"),
        other => other == status.to_string(),
    }
}

#[tokio::test]
async fn every_route_answers_each_role_as_its_row_says() -> Result<()> {
    let world = World::start().await?;
    let tokens = Tokens::new(&world).await?;
    let mut wrong = Vec::new();
    for row in ROWS {
        for (who, expected) in WHO.into_iter().zip(row.answers) {
            let answer = call(&world, &tokens, row, who).await?;
            if !is(expected, &answer) {
                let Answered { status, location, text, .. } = answer;
                let text: String = text.chars().take(200).collect();
                let Row { method, path, .. } = row;
                wrong.push(format!(
                    "{method} {path} as {who}: not {expected} but {status} {location} {text}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_link_shows_its_own_customer_only() -> Result<()> {
    let world = World::start().await?;
    let tokens = Tokens::new(&world).await?;
    let (own, other) = (&tokens.own, &tokens.other);
    for route in routes::table().iter().filter(|route| route.access == Access::Link) {
        let path = route.path.replace("{token}", &other.page);
        let shown = read(world.request(Method::GET, &path)).await?.text;
        for secret in [&own.name, &own.account, &own.page, &own.stack, &own.id] {
            assert!(!shown.contains(secret.as_str()), "{secret} is on {path}");
        }
    }
    let page = read(world.request(Method::GET, &format!("/c/{}", other.page))).await?;
    assert!(page.text.contains("Neighbour Ltd"), "{}", page.text);
    Ok(())
}

#[tokio::test]
async fn a_link_that_expired_or_was_revoked_looks_as_if_it_never_was() -> Result<()> {
    let world = World::start().await?;
    let tokens = Tokens::new(&world).await?;
    let replaced = world.customer("Replaced Ltd").await?;
    world.store.rotate_link(&Actor::of("test"), &replaced.id).await?;
    for route in routes::table().iter().filter(|route| route.access == Access::Link) {
        let mut answers = Vec::new();
        let four = [&tokens.expired.page, &tokens.revoked.page, &replaced.page, UNKNOWN];
        for token in four {
            let path = route.path.replace("{token}", token);
            let answer = read(world.request(Method::GET, &path)).await?;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
            let mut headers: Vec<_> = headers.map(|(k, v)| (k.clone(), v.clone())).collect();
            headers.sort_by_key(|(name, _)| name.to_string());
            answers.push((headers, answer.text));
        }
        assert!(answers.iter().all(|one| *one == answers[3]), "{}: {answers:#?}", route.path);
        assert!(answers[0].1.contains(GONE));
    }
    Ok(())
}

/// What every answer has, whatever it is.
const GOLDEN: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// What is wrong with the headers of an answer.
fn header_faults(what: &str, path: &str, answer: &Answered) -> Vec<String> {
    let of_link = path.starts_with("/c/");
    let asset = path.starts_with("/assets/") && answer.status.is_success();
    let mut expected = GOLDEN.to_vec();
    expected.push(("referrer-policy", if of_link { "no-referrer" } else { "same-origin" }));
    expected.push((
        "cache-control",
        if asset { "public, max-age=31536000, immutable" } else { "no-store" },
    ));
    let mut faults = Vec::new();
    for (name, value) in expected {
        let found: Vec<_> = answer.headers.get_all(name).iter().collect();
        if found != [value] {
            faults.push(format!("{what}: {name} is {found:?}, not {value:?}"));
        }
    }
    faults
}

#[tokio::test]
async fn every_answer_has_the_security_headers() -> Result<()> {
    let world = World::start().await?;
    let tokens = Tokens::new(&world).await?;
    let mut faults = Vec::new();
    for row in ROWS {
        for who in ["anyone", "viewer", "admin", "unknown"] {
            let answer = call(&world, &tokens, row, who).await?;
            let what = format!("{} {} as {who}", row.method, row.path);
            faults.extend(header_faults(&what, row.path, &answer));
            assert!(!answer.headers.contains_key("strict-transport-security"), "{what}");
            assert!(!answer.headers.contains_key("server"), "{what}");
        }
    }
    for (method, path) in [("GET", "/nowhere"), ("DELETE", "/customers"), ("POST", "/c/x")] {
        let request = world.request(Method::from_bytes(method.as_bytes())?, path);
        faults.extend(header_faults(method, path, &read(request).await?));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_https_where_the_site_has_it() -> Result<()> {
    let site = Inside::start("https://onboarding.example.com", Clock::system()).await?;
    let customer = world::add(&site.store, new_customer("Acme")).await?;
    let (_, cookie) = site.sign_in(Role::Admin).await?;
    for row in ROWS.iter().filter(|row| row.method == "GET" && !row.path.contains("{id}")) {
        let path = row.path.replace("{token}", &customer.page);
        let answer = site.get(&path, &cookie).await?;
        let told = answer.headers.get_all("strict-transport-security");
        let told: Vec<_> = told.iter().collect();
        assert_eq!(told, ["max-age=31536000; includeSubDomains"], "{path}");
        assert!(!answer.text.contains("http://127.0.0.1"), "{path} names another address");
    }
    Ok(())
}

#[tokio::test]
async fn customers_get_no_cookie() -> Result<()> {
    let world = World::start().await?;
    let tokens = Tokens::new(&world).await?;
    for row in ROWS.iter().filter(|row| !matches!(row.access, Access::Staff(_))) {
        for who in WHO.into_iter().filter(|who| !["viewer", "editor", "admin"].contains(who)) {
            let mut prepared = world.prepare(row.method, row.path, &world.site.anyone()).await?;
            let (page, stack) = tokens.of(who);
            prepared.path = prepared.path.replace("{token}", page);
            let bearer = format!("Bearer {stack}");
            let answer = world.send(&prepared, "", &[("authorization", &bearer)]).await?;
            assert_eq!(set_cookie(&answer), "", "{} {} as {who}", row.method, row.path);
        }
    }
    // Somebody of staff who opens a customer's page is a customer there.
    let path = format!("/c/{}", tokens.own.page);
    let answer = world.admin.get(&path).await?;
    assert_eq!((answer.status, set_cookie(&answer)), (StatusCode::OK, String::new()));
    assert!(!answer.text.contains("Signed in as") && !answer.text.contains("/customers"));
    Ok(())
}

/// Every page that a viewer may open, about this customer.
fn of_a_viewer(customer: &Subject) -> Vec<String> {
    let rows = ROWS
        .iter()
        .filter(|row| row.method == "GET" && matches!(row.access, Access::Staff(Role::Viewer)));
    let mut paths: Vec<String> = rows
        .map(|row| row.path.replace("/customers/{id}", &format!("/customers/{}", customer.id)))
        .map(|path| path.replace("{id}", "logs-analysis-onboarding").replace("{version}", "0.1.0"))
        .collect();
    let name = customer.name.replace(' ', "+");
    paths.push(format!("/customers?q={name}&sort=name"));
    paths.push(format!("/customers?q={}", &customer.page[37..]));
    paths.push(format!("/audit?customer={name}"));
    paths
}

#[tokio::test]
async fn a_viewer_never_sees_a_token() -> Result<()> {
    let world = World::start().await?;
    let customer = world.customer("Acme Stores").await?;
    let actor = Actor::of("test");
    world.store.rotate_link(&actor, &customer.id).await?;
    let key = world.store.key();
    let present = [key.page_token(&customer.id, 2), key.stack_token(&customer.id, REGION, 2)];
    // With everything on the page that there can be.
    let mut failed = report(&customer);
    (failed.phase, failed.reason) = (Phase::Failed, "Access Denied".to_owned());
    let taken = world.site.anyone().report(&present[1], &serde_json::to_string(&failed)?).await?;
    assert_eq!(taken.status, StatusCode::NO_CONTENT, "{}", taken.text);
    for path in of_a_viewer(&customer) {
        let shown = world.viewer.get(&path).await;
        // Of a stream, what the fragment shows is what it sends.
        let Ok(shown) = shown else { continue };
        for token in [&customer.page, &customer.stack, &present[0], &present[1]] {
            assert!(!shown.text.contains(token.as_str()), "a token is on {path}");
        }
        assert!(!shown.text.contains("/c/"), "a customer's address is on {path}");
    }
    // And an editor does, so the search above can find it.
    for path in ["/customers".to_owned(), format!("/customers/{}", customer.id)] {
        assert!(world.editor.get(&path).await?.text.contains(&present[0]), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn somebody_elses_list_is_nobody_elses_business() -> Result<()> {
    let world = World::start().await?;
    let (open, done) =
        (world.import(&world.editor, false).await?, world.import(&world.editor, true).await?);
    let paths = [
        format!("/customers/import/{open}"),
        format!("/customers/import/{open}/errors.csv"),
        format!("/customers/import/{done}/links.csv"),
    ];
    for path in &paths {
        assert_eq!(world.editor.get(path).await?.status, StatusCode::OK, "{path}");
        assert_eq!(world.admin.get(path).await?.status, StatusCode::NOT_FOUND, "{path}");
    }
    let answer = world.admin.post(&paths[0], &[("mode", "all")]).await?;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    Ok(())
}

/// What a method of no route comes to, and what HEAD does.
async fn other_methods(world: &World, staff: &Visitor, path: &str) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        let method = Method::from_bytes(method.as_bytes())?;
        let prepared =
            Prepared { method, path: path.to_owned(), kind: String::new(), body: Vec::new() };
        let status = world.send(&prepared, staff.cookie(), OWN).await?.status;
        if status != StatusCode::METHOD_NOT_ALLOWED {
            wrong.push(format!("{} {path}: {status}", prepared.method));
        }
    }
    let get = read(world.request(Method::GET, path).header("cookie", staff.cookie())).await?;
    let head = read(world.request(Method::HEAD, path).header("cookie", staff.cookie())).await?;
    if (head.status, head.text.as_str()) != (get.status, "") {
        wrong.push(format!("HEAD {path}: {}, and GET {}", head.status, get.status));
    }
    Ok(wrong)
}

#[tokio::test]
async fn other_methods_do_nothing_and_head_answers_as_get() -> Result<()> {
    let world = World::start().await?;
    let customer = world.customer("Acme Stores").await?;
    let before = world.store.audit_rows(&AuditFilter::default(), 1, 0).await?.1;
    let mut wrong = Vec::new();
    for row in ROWS.iter().filter(|row| row.method == "GET" && !row.path.contains("import/{id}")) {
        let path = row.path.replace("/customers/{id}", &format!("/customers/{}", customer.id));
        let path = path.replace("{token}", &customer.page);
        let path = match path.as_str() {
            path if path.contains('{') => world.prepare("GET", row.path, &world.admin).await?.path,
            path => path.to_owned(),
        };
        wrong.extend(other_methods(&world, &world.admin, &path).await?);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(world.store.audit_rows(&AuditFilter::default(), 1, 0).await?.1, before);
    Ok(())
}
