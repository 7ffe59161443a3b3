//! Which pages there are, and how to get at each of their states.

use std::collections::BTreeMap;

use super::seeded::{NEWEST, OLDER, Person};

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Anyone,
    Viewer,
    Admin,
}

/// What is done before one looks. `{n}` is another digit in each view.
#[derive(Debug, Clone)]
pub(super) enum Do {
    Fill(&'static str, String),
    Upload(String),
    Press(&'static str),
    Click(&'static str),
}

/// A page in a state.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) name: String,
    /// As in the site's table; empty for what is nowhere.
    pub(super) route: &'static str,
    pub(super) path: String,
    pub(super) who: Who,
    pub(super) steps: Vec<Do>,
    pub(super) status: u16,
}

/// Parts of pages that scripts ask for.
pub(super) const FRAGMENTS: [&str; 3] =
    ["/c/{token}/progress", "/customers/{id}/progress", "/customers/new/parse"];

/// What is no page, and what only leads to one: the start, and the ways of single sign-on.
pub(super) const FILES: [&str; 18] = [
    "/",
    "/sign-in/oidc",
    "/sign-in/oidc/return",
    "/assets/{hash}/{name}",
    "/favicon.ico",
    "/favicon.svg",
    "/healthz",
    "/readyz",
    "/c/{token}/events",
    "/c/{token}/template.yaml",
    "/c/{token}/launch-role.yaml",
    "/customers/{id}/events",
    "/customers/import/sample.csv",
    "/customers/import/{id}/errors.csv",
    "/customers/import/{id}/links.csv",
    "/templates/{id}/{version}/raw",
    "/audit/export.csv",
    "/audit/export.json",
];

const ONBOARDING: &str = "logs-analysis-onboarding";

fn scene(name: &str, route: &'static str, path: impl Into<String>) -> Scene {
    let (name, path) = (name.to_owned(), path.into());
    Scene { name, route, path, who: Who::Admin, steps: Vec::new(), status: 200 }
}

impl Scene {
    fn by(self, who: Who) -> Self {
        Self { who, ..self }
    }

    fn after(mut self, step: Do) -> Self {
        self.steps.push(step);
        self
    }

    fn fill(self, field: &'static str, text: &str) -> Self {
        self.after(Do::Fill(field, text.to_owned()))
    }

    fn press(self, button: &'static str) -> Self {
        self.after(Do::Press(button))
    }

    fn gives(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// Every page of a site on which everything has happened.
pub(super) fn of_a_busy_site(people: &BTreeMap<&'static str, Person>) -> Vec<Scene> {
    let of = |key: &str| people.get(key).cloned().unwrap_or_default();
    [
        of_anyone(),
        of_links(&of),
        of_lists(),
        of_customers(&of),
        of_forms(&of("active")),
        of_imports(),
        of_templates(),
        of_audit(),
        of_settings(),
        of_errors(&of),
    ]
    .concat()
}

fn of_anyone() -> Vec<Scene> {
    let sign_in = |name: &str| scene(name, "/sign-in", "/sign-in").by(Who::Anyone);
    let wrong = |scene: Scene, email: &str| {
        scene.fill("E-mail", email).fill("Password", "not my password at all").press("Sign in")
    };
    let mut locked = sign_in("sign-in-locked");
    for _ in 0..6 {
        locked = wrong(locked, "locked-for-all@vendor.test");
    }
    vec![
        sign_in("sign-in"),
        wrong(sign_in("sign-in-wrong"), "nobody-{n}@vendor.test").gives(422),
        locked.gives(429),
        scene("help", "/help", "/help").by(Who::Anyone),
        scene("help-for-staff", "/help", "/help"),
    ]
}

fn of_links(of: &dyn Fn(&str) -> Person) -> Vec<Scene> {
    let mut scenes: Vec<Scene> = [
        "sent",
        "running",
        "failed",
        "unknown",
        "undeletable",
        "kept",
        "astray",
        "active",
        "removed",
        "leaving",
        "gone",
        "dropped",
        "stale",
        "hostile",
        "long",
        "older",
    ]
    .map(|who| scene(&format!("launch-{who}"), "/c/{token}", of(who).page).by(Who::Anyone))
    .to_vec();
    let page = of("sent").page;
    let explain =
        |name: &str| scene(name, "/c/{token}/explain", format!("{page}/explain")).by(Who::Anyone);
    let unfold = Do::Click("summary:has-text('Create the launch role')");
    scenes.extend([
        scene("launch-unfolded", "/c/{token}", page.clone()).by(Who::Anyone).after(unfold),
        scene("permissions", "/c/{token}/permissions", format!("{page}/permissions"))
            .by(Who::Anyone),
        explain("explain"),
        explain("explain-known")
            .fill("What AWS said", "Requires capabilities : [CAPABILITY_IAM]")
            .press("Explain"),
        explain("explain-unknown").fill("What AWS said", "<b>What?</b>").press("Explain"),
    ]);
    scenes
}

fn of_lists() -> Vec<Scene> {
    let list = |name: &str, query: &str| scene(name, "/customers", format!("/customers{query}"));
    vec![
        list("customers", ""),
        list("customers-last-page", "?page=3"),
        list("customers-by-name", "?sort=name&region=eu-west-1"),
        list("customers-failed", "?state=failed"),
        list("customers-no-match", "?q=%3Cb%3Enobody%3C%2Fb%3E&state=failed"),
        list("customers-for-viewers", "?q=Acme").by(Who::Viewer),
    ]
}

fn of_customers(of: &dyn Fn(&str) -> Person) -> Vec<Scene> {
    let page = |name: &str, who: &str| {
        scene(name, "/customers/{id}", format!("/customers/{}", of(who).id))
    };
    let mut scenes: Vec<Scene> = [
        "sent",
        "opened",
        "running",
        "failed",
        "unknown",
        "undeletable",
        "kept",
        "astray",
        "active",
        "removed",
        "revoked",
        "expired",
        "leaving",
        "gone",
        "dropped",
        "stale",
        "older",
        "long",
        "hostile",
    ]
    .map(|who| page(&format!("customer-{who}"), who))
    .to_vec();
    let id = of("active").id;
    let asks = [
        ("/customers/{id}/rotate", "rotate"),
        ("/customers/{id}/revoke", "revoke"),
        ("/customers/{id}/offboard", "offboard"),
    ];
    let ask = |(route, what): (&'static str, &str)| {
        scene(&format!("ask-{what}"), route, format!("/customers/{id}/{what}"))
    };
    scenes.extend(asks.map(ask));
    scenes.extend([
        page("customer-failed-for-viewers", "failed").by(Who::Viewer),
        page("customer-unfolded", "active")
            .after(Do::Click("summary:has-text('Read them') >> nth=0")),
        page("customer-after-notes", "sent").press("Save notes"),
        scene("preview", "/customers/{id}/preview", format!("/customers/{id}/preview")),
    ]);
    scenes
}

fn of_forms(active: &Person) -> Vec<Scene> {
    let new = |name: &str| scene(name, "/customers/new", "/customers/new");
    let edit = format!("/customers/{}/edit", active.id);
    let send = "Add customer and make links";
    vec![
        new("new"),
        new("new-nothing-typed").press(send).gives(422),
        new("new-all-wrong")
            .fill("#name", "<b>")
            .fill("#email", "nobody")
            .fill("#account", "1234")
            .fill("#load_balancers", "eu-west-1 all\nnonsense\natlantis-1 all\neu-west-1 tag:Team")
            .after(Do::Click("summary"))
            .fill("#existing_bucket", "s3://Bucket/logs")
            .fill("#retention_days", "0")
            .press(send)
            .gives(422),
        scene("edit", "/customers/{id}/edit", edit.clone()),
        scene("edit-wrong", "/customers/{id}/edit", edit)
            .fill("#account", "999999999999")
            .fill("#email", "")
            .press("Save changes")
            .gives(422),
    ]
}

const GOOD: &str =
    "name,email,account,load_balancers\nShop {n},it@shop.example,90000000000{n},eu-west-1 all\n";
const BAD: &str = "name,email,account,load_balancers,notes\n\
    Shop,it@shop.example,900000000099,eu-west-1 all,\n\
    <script>window.owned=4</script>,nobody,12,\"eu-west-1 all; atlantis-1 all\",\n\
    Same,it@same.example,900000000099,eu-west-1 all,twice\n";

fn of_imports() -> Vec<Scene> {
    let import = |name: &str| scene(name, "/customers/import", "/customers/import");
    let check = |name: &str, text: &str| {
        let scene = import(name).after(Do::Upload(text.to_owned())).press("Check the file");
        Scene { route: "/customers/import/{id}", ..scene }
    };
    let hopeless = "name,email,account,load_balancers\nShop,,,\n";
    vec![
        import("import"),
        import("import-nothing").press("Check the file").gives(422),
        import("import-no-csv")
            .after(Do::Upload("this,is,not\n1,2,3\n".to_owned()))
            .press("Check the file")
            .gives(422),
        check("import-bad-rows", BAD),
        check("import-no-good-row", hopeless),
        check("import-good", GOOD),
        check("import-done", GOOD).press("Add 1 customer"),
    ]
}

const POP: &str = "/templates/pop-roles";
const WRONG: &str = "SchedulerRole=<b>none</b>";

fn pop_outputs() -> String {
    let arn = "arn:aws:iam::111122223333:role/test-";
    onboarding_web::pop_roles::OUTPUTS.map(|output| format!("{output}={arn}{output}\n")).concat()
}

fn of_templates() -> Vec<Scene> {
    let (one, diff) = ("/templates/{id}/{version}", "/templates/{id}/diff");
    let compare = format!("/templates/{ONBOARDING}/diff?from={OLDER}&to=");
    vec![
        scene("templates", "/templates", "/templates"),
        scene("templates-for-viewers", "/templates", "/templates").by(Who::Viewer),
        scene("pop-roles", POP, POP),
        scene("pop-roles-for-viewers", POP, POP).by(Who::Viewer),
        scene("pop-roles-unfolded", POP, POP).after(Do::Click("main summary >> nth=1")),
        scene("pop-roles-launch", POP, format!("{POP}?region=eu-west-1")),
        scene("pop-roles-wrong", POP, POP)
            .fill("#outputs", WRONG)
            .press("Show the ARNs")
            .gives(422),
        scene("pop-roles-arns", POP, POP).fill("#outputs", &pop_outputs()).press("Show the ARNs"),
        scene("template", one, format!("/templates/{ONBOARDING}/{NEWEST}")),
        scene("template-launch-role", one, "/templates/stack-launch-role/0.1.0"),
        scene("template-diff", diff, format!("{compare}{NEWEST}")),
        scene("template-diff-same", diff, format!("{compare}{OLDER}")),
    ]
}

fn of_audit() -> Vec<Scene> {
    let audit = |name: &str, query: &str| scene(name, "/audit", format!("/audit{query}"));
    vec![
        audit("audit", ""),
        audit("audit-unfolded", "?action=change+customer").after(Do::Click("summary >> nth=0")),
        audit("audit-last-page", "?page=2"),
        audit("audit-no-match", "?customer=nobody&from=2026-01-01"),
        audit("audit-wrong", "?from=yesterday"),
        audit("audit-for-viewers", "?action=refuse+report").by(Who::Viewer),
    ]
}

fn of_settings() -> Vec<Scene> {
    let settings = |name: &str| scene(name, "/settings", "/settings");
    let password = |name: &str| scene(name, "/settings/password", "/settings/password");
    let add = |name: &str| settings(name).after(Do::Click("summary:has-text('Add somebody')"));
    vec![
        settings("settings"),
        settings("settings-for-viewers").by(Who::Viewer),
        settings("settings-saved").after(Do::Click("form[action$=preferences] button")),
        add("settings-staff-wrong").press("Add and make a password").gives(422),
        add("settings-staff-added")
            .fill("#email", "rosa-{n}@vendor.test")
            .fill("#name", "Rosa <b>Lindqvist</b>")
            .press("Add and make a password"),
        settings("settings-email-wrong")
            .fill("#body", "Hello {{ custmer }}")
            .press("Preview")
            .gives(422),
        settings("settings-email-preview").press("Preview"),
        scene("tokens", "/settings/tokens", "/settings/tokens"),
        scene("tokens-wrong", "/settings/tokens", "/settings/tokens")
            .press("Make the token")
            .gives(422),
        scene("tokens-made", "/settings/tokens", "/settings/tokens")
            .fill("#name", "CRM <b>{n}</b>")
            .after(Do::Click("input[name='customers:read']"))
            .press("Make the token"),
        scene("webhooks", "/settings/webhooks", "/settings/webhooks"),
        scene("webhooks-wrong", "/settings/webhooks", "/settings/webhooks")
            .fill("#url", "https://10.0.0.1/<b>")
            .press("Add and make a secret")
            .gives(422),
        scene("webhooks-made", "/settings/webhooks", "/settings/webhooks")
            .fill("#url", "https://crm-{n}.example.com/hooks")
            .press("Add and make a secret"),
        password("password"),
        password("password-wrong")
            .fill("Password now", "wrong")
            .fill("New password", "short")
            .press("Change password")
            .gives(422),
    ]
}

fn of_errors(of: &dyn Fn(&str) -> Person) -> Vec<Scene> {
    let error = |name: &str, path: &str, status| scene(name, "", path).gives(status);
    vec![
        error("error-404", "/nothing/here", 404),
        error("error-404-for-anyone", "/nothing/here", 404).by(Who::Anyone),
        error("error-404-customer", "/customers/nobody", 404),
        error("error-403", "/customers/new", 403).by(Who::Viewer),
        error("error-405", "/sign-out", 405),
        error("error-500", &format!("/customers/{}", of("broken").id), 500),
        error("error-500-for-anyone", &of("broken").page, 500).by(Who::Anyone),
        error("link-gone", &format!("{}x", of("sent").page), 404).by(Who::Anyone),
        error("link-revoked", &of("revoked").page, 404).by(Who::Anyone),
        error("link-expired", &of("expired").page, 404).by(Who::Anyone),
    ]
}

/// The pages of a site that was just started.
pub(super) fn of_an_empty_site() -> Vec<Scene> {
    vec![
        scene("empty-customers", "/customers", "/customers"),
        scene("empty-customers-for-viewers", "/customers", "/customers").by(Who::Viewer),
        scene("empty-templates", "/templates", "/templates"),
        scene("empty-audit", "/audit", "/audit"),
        scene("empty-settings", "/settings", "/settings"),
        scene("empty-no-match", "/customers", "/customers?q=x"),
    ]
}

/// What a viewer who has never chosen a password is led to.
pub(super) fn first_password() -> Scene {
    scene("password-first", "/settings/password", "/audit").by(Who::Viewer)
}

/// The page of somebody who guesses at links.
pub(super) fn too_many() -> Scene {
    scene("error-429", "", "/c/guess").by(Who::Anyone).gives(429)
}

/// Where files and parts of pages are.
pub(super) fn paths(people: &BTreeMap<&'static str, Person>) -> BTreeMap<&'static str, String> {
    let active = &people["active"];
    let (page, id) = (&active.page, &active.id);
    BTreeMap::from([
        ("/c/{token}/progress", format!("{page}/progress")),
        ("/customers/{id}/progress", format!("/customers/{id}/progress")),
        ("/customers/new/parse", "/customers/new/parse?load_balancers=eu-west-1+all".to_owned()),
        ("/favicon.svg", "/favicon.svg".to_owned()),
        ("/healthz", "/healthz".to_owned()),
        ("/readyz", "/readyz".to_owned()),
        ("/c/{token}/template.yaml", format!("{page}/template.yaml")),
        ("/c/{token}/launch-role.yaml", format!("{page}/launch-role.yaml")),
        ("/customers/import/sample.csv", "/customers/import/sample.csv".to_owned()),
        ("/templates/{id}/{version}/raw", format!("/templates/{ONBOARDING}/{NEWEST}/raw")),
        ("/audit/export.csv", "/audit/export.csv".to_owned()),
        ("/audit/export.json", "/audit/export.json".to_owned()),
    ])
}
