//! A stand-in for the AWS console, so that a person can launch a stack on the emulator: paste a launch
//! link, see what AWS would show, press the button.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use askama::Template;
use axum::{
    Form, Router,
    extract::{Query, State},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use harness::{
    console::{self, Form as Filled},
    whole_path::WholePath,
};
use serde::Deserialize;
use tokio::net::TcpListener;

/// The AWS account and what was launched in it by hand.
#[derive(Clone)]
struct Console {
    path: Arc<WholePath>,
    stacks: Arc<Mutex<BTreeMap<String, Vec<String>>>>,
}

const FRAME: &str = r#"<!doctype html><html lang="en"><meta charset="utf-8"><title>AWS console (stand-in)</title>
<meta name="viewport" content="width=device-width"><style>body{font:1rem/1.5 system-ui;max-width:60rem;margin:2rem
auto;padding:0 1rem}textarea,input[type=text]{width:100%;font:inherit;padding:.4rem}td{vertical-align:top;padding:.2rem
.8rem .2rem 0;overflow-wrap:anywhere}button{font:inherit;padding:.6rem 1.2rem}pre{white-space:pre-wrap}</style>"#;

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{{ frame|safe }}<h1>AWS console (stand-in)</h1>
<p>This stands for the AWS console of account {{ account }} on this machine. Copy the address of a launch button of the
customer's page (right click, Copy link) and paste it here.</p>
{% if !problem.is_empty() %}<p role="alert"><b>{{ problem }}</b></p>{% endif %}
<form action="/open"><p><label for="link">Launch link</label><textarea id="link" name="link" rows="6"></textarea></p>
<button>Open</button></form>
{% for (name, events) in stacks %}<h2>{{ name }}</h2><pre>{% for event in events %}{{ event }}
{% endfor %}</pre>{% endfor %}{% if !stacks.is_empty() %}<p><a href="/">Look again</a></p>{% endif %}"#
)]
struct Start {
    frame: &'static str,
    account: String,
    problem: String,
    stacks: BTreeMap<String, Vec<String>>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{{ frame|safe }}<h1>Quick create stack</h1>
<p>Account {{ account }}, region {{ form.region }}</p>
<form method="post" action="/create"><input type="hidden" name="link" value="{{ link }}">
<p><label for="stack">Stack name</label><input id="stack" name="stack_name" type="text" value="{{ form.stack_name }}"></p>
<table>{% for (name, value) in form.parameters %}<tr><td>{{ name }}</td><td>{{ value }}</td></tr>{% endfor %}</table>
<p><label for="role">IAM role - optional (the ARN of the launch role)</label><input id="role" name="role" type="text"></p>
<p><label><input type="checkbox" name="iam" required> I acknowledge that AWS CloudFormation might create IAM
resources.</label></p><button>Create stack</button></form>"#
)]
struct Review {
    frame: &'static str,
    account: String,
    link: String,
    form: Filled,
}

#[derive(Deserialize)]
struct Link {
    link: String,
}

#[derive(Deserialize)]
struct Create {
    link: String,
    stack_name: String,
    role: String,
}

/// Starts the console; its address.
pub(crate) async fn start(path: Arc<WholePath>) -> Result<String> {
    let console = Console { path, stacks: Arc::default() };
    let app = Router::new()
        .route("/", get(home))
        .route("/open", get(open))
        .route("/create", post(create))
        .with_state(console);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

impl Console {
    fn home(&self, problem: &str) -> Response {
        let page = Start {
            frame: FRAME,
            account: self.path.customer.account.clone(),
            problem: problem.to_owned(),
            stacks: self.stacks.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        Html(page.render().unwrap_or_default()).into_response()
    }

    fn tell(&self, stack: &str, line: String) {
        let mut stacks = self.stacks.lock().unwrap_or_else(PoisonError::into_inner);
        stacks.entry(stack.to_owned()).or_default().push(line);
    }
}

async fn home(State(console): State<Console>) -> Response {
    console.home("")
}

async fn open(State(console): State<Console>, Query(Link { link }): Query<Link>) -> Response {
    match console::open(&console.path.direct, link.trim()).await {
        Ok(form) => {
            let account = console.path.customer.account.clone();
            let page = Review { frame: FRAME, account, link, form };
            Html(page.render().unwrap_or_default()).into_response()
        }
        Err(error) => console.home(&format!("{error:#}")),
    }
}

async fn create(State(console): State<Console>, Form(sent): Form<Create>) -> Response {
    let mut form = match console::open(&console.path.direct, sent.link.trim()).await {
        Ok(form) => form,
        Err(error) => return console.home(&format!("{error:#}")),
    };
    form.stack_name = sent.stack_name;
    tokio::spawn(async move {
        let name = form.stack_name.clone();
        let role = Some(sent.role.trim()).filter(|role| !role.is_empty());
        let told = |event: &_| console.tell(&name, crate::row(event));
        let outcome = console.path.create(&form, role, told).await;
        console.tell(
            &name,
            match outcome {
                Ok(state) => state.status,
                Err(error) => format!("{error:#}"),
            },
        );
    });
    Redirect::to("/").into_response()
}
