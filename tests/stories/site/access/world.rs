//! A site with everybody on it, and requests with every byte chosen.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use harness::{
    emulators::free_port,
    messages,
    site::{Answered, PASSWORD, Site, Visitor},
    target,
};
use http::{Method, StatusCode};
use onboarding_web::{
    assets,
    clock::{Clock, DAY},
    command_line::{Cli, Command},
    password, serve,
    store::{Actor, NewCustomer, Role, Store},
    token::Key,
};
use templates::catalog::{LOGS_ANALYSIS_ONBOARDING, Template};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Where every customer here has its load balancers.
pub(crate) const REGION: &str = "eu-west-1";

/// A running site, its database, and one member of staff of each role.
pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) store: Store,
    pub(crate) viewer: Visitor,
    pub(crate) editor: Visitor,
    pub(crate) admin: Visitor,
    http: reqwest::Client,
}

/// A customer, with what it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) account: String,
    /// The token of its page.
    pub(crate) page: String,
    /// The token of its stack.
    pub(crate) stack: String,
}

/// A request for one route, with ids that exist.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) kind: String,
    pub(crate) body: Vec<u8>,
}

/// What a browser says about a form of the site's own.
pub(crate) const OWN: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];

/// An account that no other customer has.
pub(crate) fn new_account() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(100_000_000_001);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

/// Follows nothing, keeps no cookies.
pub(crate) fn client() -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    // The site closes a connection after what is too large, which another request must not meet.
    Ok(builder.timeout(Duration::from_mins(1)).pool_max_idle_per_host(0).build()?)
}

/// Reads an answer; of a stream that never ends, the headers only.
pub(crate) async fn read(request: reqwest::RequestBuilder) -> Result<Answered> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let location = header("location").unwrap_or_default().to_owned();
    let endless = header("content-type").unwrap_or_default().starts_with("text/event-stream");
    let text = if endless { String::new() } else { answer.text().await? };
    Ok(Answered { status, location, text, headers })
}

/// A record of a customer as the form would make it.
pub(crate) fn new_customer(name: &str) -> NewCustomer {
    messages::new_customer(name, &new_account())
}

/// Adds a customer to a store.
pub(crate) async fn add(store: &Store, new: NewCustomer) -> Result<Subject> {
    let (name, account) = (new.name.clone(), new.account.clone());
    let ids = store.add_customers(&Actor::of("test"), &[new], None).await?;
    let id = ids.into_iter().next().context("no id")?;
    let (page, stack) = (store.key().page_token(&id, 1), store.key().stack_token(&id, REGION, 1));
    Ok(Subject { id, name, account, page, stack })
}

/// Adds an account with [`PASSWORD`], which need not be changed; its e-mail.
pub(crate) async fn add_staff(store: &Store, role: Role) -> Result<String> {
    // Hashing takes its time, and all have the same password.
    static HASH: OnceCell<String> = OnceCell::const_new();
    let hash = HASH.get_or_try_init(|| password::hash(PASSWORD.to_owned())).await?;
    let email = format!("{}-{}@vendor.test", role.name(), &Uuid::new_v4().to_string()[..8]);
    let actor = Actor::of("test");
    ensure!(store.add_staff(&actor, (&email, role.name()), role, hash).await?, "{email} is taken");
    let staff = store.staff_by_email(&email).await?.context("nobody was added")?;
    store.set_password(&actor, &staff, hash, false).await?;
    Ok(email)
}

/// The words of a page, without its tags.
pub(crate) fn words(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for letter in html.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => text.push(letter),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl World {
    /// Starts a site on a SQLite file of its own.
    pub(crate) async fn start() -> Result<Self> {
        Self::on("").await
    }

    /// Starts a site on a database; a SQLite file of its own if that is empty.
    pub(crate) async fn on(database: &str) -> Result<Self> {
        Self::of(Site::on(database, &[]).await?, database).await
    }

    /// With a site that runs.
    pub(crate) async fn of(site: Site, database: &str) -> Result<Self> {
        let key = Key::load(&site.folder().join("onboarding.key"))?;
        let file = format!("sqlite://{}", site.folder().join("onboarding.db").display());
        let url = if database.is_empty() { &file } else { database };
        let store = Store::open(url, key, Clock::system()).await?;
        let [viewer, editor, admin] = Role::ALL.map(|role| signed_in(&site, &store, role));
        let (viewer, editor, admin) = (viewer.await?, editor.await?, admin.await?);
        Ok(Self { viewer, editor, admin, store, http: client()?, site })
    }

    /// Another member of staff.
    pub(crate) async fn staff(&self, role: Role) -> Result<Visitor> {
        signed_in(&self.site, &self.store, role).await
    }

    /// Another customer.
    pub(crate) async fn customer(&self, name: &str) -> Result<Subject> {
        add(&self.store, new_customer(name)).await
    }

    /// A customer whose link expired two days ago.
    pub(crate) async fn expired(&self, name: &str) -> Result<Subject> {
        let clock = Clock::standing_at(self.store.now() - 3 * DAY);
        let file = format!("sqlite://{}", self.site.folder().join("onboarding.db").display());
        let then = Store::open(&file, self.store.key().clone(), clock).await?;
        add(&then, NewCustomer { expires_days: 1, ..new_customer(name) }).await
    }

    /// A customer whose link was revoked.
    pub(crate) async fn revoked(&self, name: &str) -> Result<Subject> {
        let subject = self.customer(name).await?;
        self.store.revoke_link(&Actor::of("test"), &subject.id).await?;
        Ok(subject)
    }

    /// A request with nothing in it yet.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.site.url))
    }

    /// Sends a prepared request.
    pub(crate) async fn send(
        &self,
        prepared: &Prepared,
        cookie: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answered> {
        let mut request = self.request(prepared.method.clone(), &prepared.path);
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        if !prepared.kind.is_empty() {
            request = request.header("content-type", &prepared.kind).body(prepared.body.clone());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request).await.with_context(|| format!("{} {}", prepared.method, prepared.path))
    }

    /// A request for a route of the table, with ids that exist and belong to `own`.
    pub(crate) async fn prepare(
        &self,
        method: &str,
        route: &str,
        own: &Visitor,
    ) -> Result<Prepared> {
        let path = match route {
            "/assets/{hash}/{name}" => assets::url("style.css"),
            "/templates/{id}/diff" => {
                let Template { id, version, .. } = LOGS_ANALYSIS_ONBOARDING;
                format!("/templates/{id}/diff?from={version}&to={version}")
            }
            _ if route.starts_with("/templates/{id}") => route
                .replace("{id}", LOGS_ANALYSIS_ONBOARDING.id)
                .replace("{version}", LOGS_ANALYSIS_ONBOARDING.version),
            _ if route.starts_with("/customers/import/{id}") => {
                route.replace("{id}", &self.import(own, route.ends_with("links.csv")).await?)
            }
            _ if route.starts_with("/customers/{id}") => {
                route.replace("{id}", &self.customer("Prepared Ltd").await?.id)
            }
            "/settings/staff/{id}" => {
                let email = format!("{}@vendor.test", Uuid::new_v4());
                let actor = Actor::of("test");
                self.store.add_staff(&actor, (&email, "Somebody"), Role::Viewer, "-").await?;
                let staff = self.store.staff_by_email(&email).await?.context("nobody")?;
                format!("/settings/staff/{}", staff.id)
            }
            other => other.to_owned(),
        };
        let method = Method::from_bytes(method.as_bytes())?;
        let (kind, body) = if method == Method::POST { body_of(route) } else { Default::default() };
        Ok(Prepared { method, path, kind: kind.to_owned(), body: body.into_bytes() })
    }

    /// The id of an uploaded list of one customer, carried out if `done`.
    pub(crate) async fn import(&self, own: &Visitor, done: bool) -> Result<String> {
        // A viewer has none: then somebody else's.
        let own = if own.cookie() == self.viewer.cookie() || own.cookie().is_empty() {
            &self.editor
        } else {
            own
        };
        let upload = self.prepare_upload("customers.csv", &list_of_one());
        let answer = self.send(&upload, own.cookie(), OWN).await?;
        let id = answer.location.strip_prefix("/customers/import/");
        let id = id.with_context(|| format!("not taken: {}", answer.text))?.to_owned();
        if done {
            let path = format!("/customers/import/{id}");
            let answer = own.post(&path, &[("mode", "all")]).await?;
            ensure!(answer.status == StatusCode::SEE_OTHER, "{}", answer.text);
        }
        Ok(id)
    }

    /// The upload of a file.
    #[expect(clippy::unused_self, reason = "asked of the world like the other requests")]
    pub(crate) fn prepare_upload(&self, name: &str, content: &str) -> Prepared {
        Prepared {
            method: Method::POST,
            path: "/customers/import".to_owned(),
            kind: "multipart/form-data; boundary=XXX".to_owned(),
            body: multipart(name, content).into_bytes(),
        }
    }
}

async fn signed_in(site: &Site, store: &Store, role: Role) -> Result<Visitor> {
    let mut visitor = site.anyone();
    let answer = visitor.sign_in(&add_staff(store, role).await?, PASSWORD).await?;
    ensure!(answer.status == StatusCode::SEE_OTHER, "{}: {}", answer.status, answer.text);
    Ok(visitor)
}

fn list_of_one() -> String {
    let account = new_account();
    format!("name,email,account,load_balancers\nListed,a@b.test,{account},{REGION} all\n")
}

fn multipart(name: &str, content: &str) -> String {
    format!(
        "--XXX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/csv\r\n\r\n{content}\r\n--XXX--\r\n"
    )
}

/// What a form of the site sends: content type and body.
fn body_of(route: &str) -> (&'static str, String) {
    let account = new_account();
    let customer = format!(
        "name=Made+Ltd&email=a%40b.test&account={account}&load_balancers=eu-west-1+all&owner="
    );
    let body = match route {
        "/customers/import" => {
            return ("multipart/form-data; boundary=XXX", multipart("a.csv", &list_of_one()));
        }
        "/reports" => return ("application/json", "{}".to_owned()),
        "/sign-in" => format!("email={}%40vendor.test&password=wrong", Uuid::new_v4()),
        "/customers/new" | "/customers/{id}/edit" => customer,
        "/customers/{id}/notes" => "notes=Thursdays".to_owned(),
        "/customers/import/{id}" => "mode=all".to_owned(),
        "/settings/preferences" => "theme=dark&shortcuts=on".to_owned(),
        "/settings/password" => "current=wrong&new=wrong".to_owned(),
        "/settings/staff" => {
            format!("email={}%40vendor.test&name=Somebody&role=viewer", Uuid::new_v4())
        }
        "/settings/staff/{id}" => "role=editor&action=role".to_owned(),
        "/templates/pop-roles" => pop_outputs(),
        "/settings/links" => "expires_days=14".to_owned(),
        "/settings/email" => "subject=Hello&body=%7B%7B+link+%7D%7D&action=save".to_owned(),
        _ => String::new(),
    };
    ("application/x-www-form-urlencoded", body)
}

/// What a stack of POP's roles put out.
fn pop_outputs() -> String {
    let arn = "%3Darn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2F";
    let line = |output| format!("{output}{arn}{output}%0D%0A");
    format!("outputs={}", onboarding_web::pop_roles::OUTPUTS.map(line).concat())
}

/// The site within this process: with a public URL or a clock that the real program would not take
/// from a test.
pub(crate) struct Inside {
    /// Where it listens; without a slash at its end.
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) http: reqwest::Client,
    folder: PathBuf,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Inside {
    pub(crate) async fn start(public_url: &str, clock: Clock) -> Result<Self> {
        Self::with(public_url, clock, &[]).await
    }

    /// With more settings.
    pub(crate) async fn with(public_url: &str, clock: Clock, more: &[String]) -> Result<Self> {
        let folder = target().join("sites").join(Uuid::new_v4().to_string());
        fs::create_dir_all(&folder)?;
        let port = free_port()?;
        let url = format!("http://127.0.0.1:{port}");
        let public = if public_url.is_empty() { &url } else { public_url };
        let arguments =
            ["onboarding-web", "serve", "--public-url", public, "--listen"].map(str::to_owned);
        let listen = [format!("127.0.0.1:{port}")];
        let Command::Serve(settings) =
            Cli::try_parse_from(arguments.into_iter().chain(listen).chain(more.iter().cloned()))?
                .command
        else {
            bail!("these are not the settings of a site");
        };
        let database = format!("sqlite://{}", folder.join("onboarding.db").display());
        let store = Store::open(&database, Key::load(&folder.join("key"))?, clock).await?;
        // So that no first admin is made, which takes a while.
        add_staff(&store, Role::Admin).await?;
        let app = serve::app(store.clone(), &settings).await?;
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let welcome = |_| {
                let _ = ready.send(());
            };
            let stop = async {
                let _ = stopped.await;
            };
            serve::serve(app, &settings, welcome, stop).await
        });
        is_ready.await.context("the site did not start")?;
        Ok(Self { url, store, http: client()?, folder, stop: Some(stop) })
    }

    /// Signs in somebody with a role; the answer and the cookie.
    pub(crate) async fn sign_in(&self, role: Role) -> Result<(Answered, String)> {
        let email = add_staff(&self.store, role).await?;
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("email", &email).append_pair("password", PASSWORD);
        let request = self.http.post(format!("{}/sign-in", self.url));
        let kind = "application/x-www-form-urlencoded";
        let request = request.header("sec-fetch-site", "same-origin").header("content-type", kind);
        let answer = read(request.body(body.finish())).await?;
        let cookie = set_cookie(&answer);
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok((answer, cookie))
    }

    /// Opens a page with a cookie.
    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Result<Answered> {
        read(self.http.get(format!("{}{path}", self.url)).header("cookie", cookie)).await
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The cookie that an answer sets; empty if none.
pub(crate) fn set_cookie(answer: &Answered) -> String {
    let value = answer.headers.get("set-cookie").and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}
