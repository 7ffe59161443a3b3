//! A company's sign-in: a real OpenID provider, and one that lies as it is told. Both run in Node.js on
//! 127.0.0.1 and end with whoever started them.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use url::Url;

use crate::{
    emulators::free_port,
    node, root,
    site::{Answered, Visitor},
};

/// The secret of the clients of both.
pub const SECRET: &str = "a secret of the site: +/&%";

/// An address at which a provider may be started, now or later.
#[derive(Debug, Clone)]
pub struct Place {
    port: u16,
    /// What the provider calls itself.
    pub issuer: String,
}

impl Place {
    /// A free one.
    pub fn new() -> Result<Self> {
        let port = free_port()?;
        Ok(Self { port, issuer: format!("http://127.0.0.1:{port}") })
    }

    /// Starts the real provider for the site at this address, with nobody there yet.
    pub async fn provider(&self, site: &str) -> Result<Provider> {
        self.provider_that_takes(site, &["client_secret_basic", "client_secret_post", "none"]).await
    }

    /// The same, which lets clients prove themselves in these ways only.
    pub async fn provider_that_takes(&self, site: &str, ways: &[&str]) -> Result<Provider> {
        let redirect = format!("{site}/sign-in/oidc/return");
        let given = json!({ "port": self.port, "redirect": redirect, "ways": ways });
        spawn_blocking(move || {
            let modules = node::packages("oidc")?;
            Provider::start("provider.mjs", &modules, &given)
        })
        .await?
    }

    /// Starts the one that lies.
    pub async fn liar(&self) -> Result<Provider> {
        let given = json!({ "port": self.port, "secret": SECRET });
        spawn_blocking(move || Provider::start("liar.mjs", &PathBuf::from("-"), &given)).await?
    }
}

/// A running provider.
#[derive(Debug)]
pub struct Provider {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Provider {
    fn start(program: &str, modules: &Path, given: &Value) -> Result<Self> {
        let mut child = Command::new("node")
            .arg(root().join("tests/oidc").join(program))
            .arg(modules)
            .arg(given.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for the tests; the provider ends when they have.
            .process_group(0)
            .spawn()
            .context("node could not be started. Install Debian's packages nodejs and npm.")?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("the provider has no standard output")?;
        let mut provider = Self { child, input, output: BufReader::new(output) };
        provider.wait()?;
        Ok(provider)
    }

    fn wait(&mut self) -> Result<()> {
        // Some warn first.
        let mut line = String::new();
        while !line.starts_with('{') {
            line.clear();
            if self.output.read_line(&mut line)? == 0 {
                let mut why = String::new();
                if let Some(errors) = &mut self.child.stderr {
                    errors.read_to_string(&mut why)?;
                }
                ensure!(false, "the provider ended: {why}");
            }
        }
        Ok(())
    }

    /// Says what is so from now on: see the programs in `tests/oidc`.
    pub fn tell(&mut self, what: &Value) -> Result<()> {
        let input = self.input.as_mut().context("the provider has ended")?;
        writeln!(input, "{what}")?;
        self.wait()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A person's browser at the provider: follows redirects and keeps the provider's cookies.
#[derive(Debug, Clone, Default)]
pub struct AtProvider(Vec<(String, String)>);

impl AtProvider {
    /// Goes to the provider's address, says who one is if asked, and comes back with the address at
    /// the site that the provider sends to.
    pub async fn sign_in(&mut self, address: &str, who: &str) -> Result<String> {
        let http = client()?;
        let home = Url::parse(address)?;
        let mut request = http.get(home.clone());
        for _ in 0..10 {
            let answer = request.header("cookie", self.cookies()).send().await?;
            self.keep(&answer);
            let here = answer.url().clone();
            if let Some(next) = answer.headers().get("location") {
                let next = here.join(next.to_str()?)?;
                if next.origin() != home.origin() {
                    return Ok(next.into());
                }
                request = http.get(next);
                continue;
            }
            let (status, page) = (answer.status(), answer.text().await?);
            ensure!(page.contains("Who are you?"), "the provider says {status}: {page}");
            let body = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("who", who)
                .finish();
            let kind = "application/x-www-form-urlencoded";
            request = http.post(here).header("content-type", kind).body(body);
        }
        anyhow::bail!("the provider sends in circles")
    }

    fn cookies(&self) -> String {
        let all = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        all.collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, answer: &reqwest::Response) {
        for value in answer.headers().get_all("set-cookie") {
            let text = value.to_str().unwrap_or_default();
            let pair = text.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            self.0.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

fn client() -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    Ok(builder.build()?)
}

/// What somebody's way to the provider and back came to.
#[derive(Debug, Clone)]
pub struct Way {
    /// The site's answer, which sent to the provider.
    pub there: Answered,
    /// The path at the site that the provider sent to.
    pub back: String,
    /// The site's answer to that.
    pub answer: Answered,
}

impl Visitor {
    /// Goes to the provider, says who one is there, and stops before coming back: the site's answer
    /// and the path to come back to.
    pub async fn go_to_provider(&mut self, next: &str, who: &str) -> Result<(Answered, String)> {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        let there = self.get(&format!("/sign-in/oidc?{query}")).await?;
        self.take_cookie(&there);
        ensure!(there.location.starts_with("http"), "{}: {}", there.status, there.text);
        let back = AtProvider::default().sign_in(&there.location, who).await?;
        let back = Url::parse(&back)?;
        let back = format!("{}?{}", back.path(), back.query().unwrap_or_default());
        Ok((there, back))
    }

    /// Comes back from the provider, and keeps the session.
    pub async fn come_back(&mut self, back: &str) -> Result<Answered> {
        let answer = self.get(back).await?;
        self.take_cookie(&answer);
        Ok(answer)
    }

    /// Signs in with the company's account.
    pub async fn sign_in_as(&mut self, next: &str, who: &str) -> Result<Way> {
        let (there, back) = self.go_to_provider(next, who).await?;
        let answer = self.come_back(&back).await?;
        Ok(Way { there, back, answer })
    }
}
