//! The real `onboarding-web`, running, and people who use it without a browser.

mod program;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use http::StatusCode;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

pub use self::program::{build_alone, build_release, program, use_program};
use crate::{emulators::free_port, target};

/// A password for everybody.
pub const PASSWORD: &str = "correct horse battery staple";

/// A running site with a folder of its own; it ends with this.
#[derive(Debug)]
pub struct Site {
    /// Without a slash at its end.
    pub url: String,
    folder: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    child: Child,
    http: reqwest::Client,
}

/// Somebody with a session.
#[derive(Debug, Clone)]
pub struct Visitor {
    url: String,
    cookie: String,
    http: reqwest::Client,
}

/// An answer, read.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// Where it sends on to; empty if it does not.
    pub location: String,
    /// The body.
    pub text: String,
    /// All headers.
    pub headers: http::HeaderMap,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Site {
    /// Starts it on a SQLite file of its own. `arguments` go after `serve`.
    pub async fn start(arguments: &[&str]) -> Result<Self> {
        Self::on("", arguments).await
    }

    /// Starts it on a database; a SQLite file of its own if that is empty.
    pub async fn on(database: &str, arguments: &[&str]) -> Result<Self> {
        Self::with(database, arguments, Vec::new()).await
    }

    /// The same with credentials for an account on an emulator, by way of a port on loopback.
    pub async fn with_aws(
        database: &str,
        arguments: &[&str],
        (port, account): (u16, &str),
    ) -> Result<Self> {
        let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let environment = vec![
            set("AWS_ACCESS_KEY_ID", account),
            set("AWS_SECRET_ACCESS_KEY", "secret"),
            set("AWS_ENDPOINT_URL", &format!("http://127.0.0.1:{port}")),
            set("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        Self::with(database, arguments, environment).await
    }

    async fn with(
        database: &str,
        arguments: &[&str],
        environment: Vec<(String, String)>,
    ) -> Result<Self> {
        let folder = target().join("sites").join(Uuid::new_v4().to_string());
        fs::create_dir_all(&folder)?;
        let port = free_port()?;
        let url = format!("http://127.0.0.1:{port}");
        let database = if database.is_empty() {
            format!("sqlite://{}", folder.join("onboarding.db").display())
        } else {
            database.to_owned()
        };
        let mut all = vec![
            "serve".to_owned(),
            format!("--database-url={database}"),
            format!("--key-file={}", folder.join("onboarding.key").display()),
            format!("--listen=127.0.0.1:{port}"),
            format!("--public-url={url}"),
        ];
        all.extend(arguments.iter().map(|&one| one.to_owned()));
        let child = spawn(&all, &environment, &folder)?;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()?;
        let mut site = Self { url, folder, arguments: all, environment, child, http };
        site.wait().await?;
        Ok(site)
    }

    /// Another copy of the service, with the same database and key.
    pub async fn beside(&self) -> Result<Self> {
        let port = free_port()?;
        let mut arguments = self.arguments.clone();
        arguments.retain(|one| !one.starts_with("--listen="));
        arguments.push(format!("--listen=127.0.0.1:{port}"));
        let folder = self.folder.join(format!("beside-{port}"));
        fs::create_dir_all(&folder)?;
        let child = spawn(&arguments, &self.environment, &folder)?;
        let (environment, http) = (self.environment.clone(), self.http.clone());
        let url = format!("http://127.0.0.1:{port}");
        let mut site = Self { url, folder, arguments, environment, child, http };
        site.wait().await?;
        Ok(site)
    }

    /// Where its database is.
    pub fn database(&self) -> String {
        let flag = self.arguments.iter().find_map(|one| one.strip_prefix("--database-url="));
        flag.unwrap_or_default().to_owned()
    }

    async fn wait(&mut self) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let ready = self.http.get(format!("{}/readyz", self.url)).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the site ended with {status}: {}", self.log());
            }
            ensure!(Instant::now() < until, "the site did not answer: {}", self.log());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything it wrote so far.
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        read("out") + &read("err")
    }

    /// Its own folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process, for what is read of it below `/proc`.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again after [`Self::kill`].
    pub async fn restart(&mut self) -> Result<()> {
        self.child = spawn(&self.arguments, &self.environment, &self.folder)?;
        self.wait().await
    }

    /// Starts it again without the arguments that begin so, and with others.
    pub async fn restart_with(&mut self, without: &str, more: &[&str]) -> Result<()> {
        self.kill();
        self.arguments.retain(|one| !one.starts_with(without));
        self.arguments.extend(more.iter().map(|&one| one.to_owned()));
        self.restart().await
    }

    /// Runs the program with other arguments on the same database; status and what it wrote.
    pub fn run(&self, arguments: &[&str]) -> Result<(i32, String)> {
        let (code, out, errors) = self.run_apart(arguments)?;
        Ok((code, out + &errors))
    }

    /// The same, with what is the result and what is not apart.
    pub fn run_apart(&self, arguments: &[&str]) -> Result<(i32, String, String)> {
        let storage = self
            .arguments
            .iter()
            .filter(|one| one.starts_with("--database-url") || one.starts_with("--key-file"));
        let output = Command::new(program()?).args(storage).args(arguments).output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let code = output.status.code().unwrap_or(-1);
        Ok((code, text(&output.stdout), text(&output.stderr)))
    }

    /// Somebody who is not signed in.
    pub fn anyone(&self) -> Visitor {
        Visitor { url: self.url.clone(), cookie: String::new(), http: self.http.clone() }
    }

    /// The first admin, with a password of their own by now.
    pub async fn admin(&self) -> Result<Visitor> {
        let out = fs::read_to_string(self.folder.join("out"))?;
        let first = out.split("with the password ").nth(1).context("no first password")?;
        let first = first.split_whitespace().next().unwrap_or_default().to_owned();
        self.newcomer("admin@localhost", &first).await
    }

    /// A member of staff with a role.
    pub async fn staff(&self, role: &str) -> Result<Visitor> {
        let email = format!("{role}-{}@vendor.test", &Uuid::new_v4().to_string()[..8]);
        let (code, text) = self.run(&["staff", "add", &email, "--role", role])?;
        ensure!(code == 0, "{text}");
        let first = text.split("with the password ").nth(1).context("no first password")?;
        self.newcomer(&email, first.split(',').next().unwrap_or_default()).await
    }

    async fn newcomer(&self, email: &str, first: &str) -> Result<Visitor> {
        let mut visitor = self.anyone();
        if visitor.sign_in(email, PASSWORD).await?.status == StatusCode::SEE_OTHER {
            return Ok(visitor);
        }
        let answer = visitor.sign_in(email, first).await?;
        ensure!(answer.status == StatusCode::SEE_OTHER, "{}", answer.text);
        let change = [("current", first), ("new", PASSWORD)];
        let answer = visitor.post("/settings/password", &change).await?;
        ensure!(answer.status == StatusCode::SEE_OTHER, "{}", answer.text);
        visitor.take_cookie(&answer);
        Ok(visitor)
    }
}

fn spawn(arguments: &[String], environment: &[(String, String)], folder: &Path) -> Result<Child> {
    Ok(Command::new(program()?)
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(File::options().create(true).append(true).open(folder.join("out"))?)
        .stderr(File::options().create(true).append(true).open(folder.join("err"))?)
        .spawn()?)
}

impl Visitor {
    pub(crate) fn take_cookie(&mut self, answer: &Answered) {
        for value in answer.headers.get_all("set-cookie") {
            let text = value.to_str().unwrap_or_default();
            text.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
        }
    }

    /// The session's cookie as `name=value`; empty without a session.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The same visitor with another session's cookie.
    #[must_use]
    pub fn with_cookie(&self, cookie: &str) -> Self {
        Self { cookie: cookie.to_owned(), ..self.clone() }
    }

    /// Signs in, and keeps the session.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Result<Answered> {
        let answer = self.post("/sign-in", &[("email", email), ("password", password)]).await?;
        self.take_cookie(&answer);
        Ok(answer)
    }

    /// Opens a page.
    pub async fn get(&self, path: &str) -> Result<Answered> {
        let request = self.http.get(format!("{}{path}", self.url));
        read(request.header("cookie", &self.cookie)).await
    }

    /// Sends a form as a browser would from the site's own page.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Answered> {
        self.post_with(path, form, &[("sec-fetch-site", "same-origin"), ("origin", &self.url)])
            .await
    }

    /// Sends a form with headers of its own.
    pub async fn post_with(
        &self,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Result<Answered> {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let mut request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request).await
    }

    /// Adds a customer and gives its id.
    pub async fn add_customer(&self, fields: &[(&str, &str)]) -> Result<String> {
        let answer = self.post("/customers/new", fields).await?;
        ensure!(answer.status == StatusCode::SEE_OTHER, "{}: {}", answer.status, answer.text);
        Ok(answer.location.trim_start_matches("/customers/").to_owned())
    }

    /// The path of a customer's page, from what staff see.
    pub async fn customer_page(&self, id: &str) -> Result<String> {
        let page = self.get(&format!("/customers/{id}")).await?.text;
        let start = format!("{}/c/", self.url);
        let token = page.split(&start).nth(1).context("no link on the page")?;
        let end = token.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        Ok(format!("/c/{}", &token[..end.unwrap_or(token.len())]))
    }

    /// The quick-create links of a customer's page, region by region.
    pub async fn links(&self, page: &str) -> Result<Vec<String>> {
        let text = self.get(page).await?.text;
        let links = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let links = links.filter(|link| {
            link.contains("/stacks/create/review?") && link.contains("logs-analysis-onboarding")
        });
        Ok(links.map(|link| link.replace("&#38;", "&").replace("&amp;", "&")).collect())
    }

    /// Sends a report as a stack does.
    pub async fn report(&self, token: &str, body: &str) -> Result<Answered> {
        let request = self
            .http
            .post(format!("{}/reports", self.url))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(body.to_owned());
        read(request).await
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Answered> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let location = headers.get("location").and_then(|value| value.to_str().ok());
    let location = location.unwrap_or_default().to_owned();
    Ok(Answered { status, location, text: answer.text().await?, headers })
}
