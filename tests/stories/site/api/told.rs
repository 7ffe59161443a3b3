//! Webhooks: who is told, how it is signed, and where it never goes.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use axum::{Router, body::Bytes, extract::State, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use harness::site::Site;
use hmac::{Hmac, Mac};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

use super::{Program, customer};
use crate::site::access::world::World;
use onboarding_web::{api::caller::Scope, webhooks};

/// Somebody who is told, and what it answers: first these, then 200.
#[derive(Clone, Default)]
struct Receiver {
    heard: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    async fn start(answers: &[u16]) -> Result<(Self, SocketAddr)> {
        let receiver = Self::default();
        receiver.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let app = Router::new().route("/hook", post(hear)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok((receiver, address))
    }

    fn heard(&self) -> Vec<(HeaderMap, String)> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn hears(&self, count: usize) -> Result<Vec<(HeaderMap, String)>> {
        for _ in 0..300 {
            if self.heard().len() >= count {
                return Ok(self.heard());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("heard {} of {count} within 30 seconds", self.heard().len())
    }
}

async fn hear(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    let text = String::from_utf8_lossy(&body).into_owned();
    receiver.heard.lock().unwrap_or_else(PoisonError::into_inner).push((headers, text));
    let answer = receiver.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let status = StatusCode::from_u16(answer.unwrap_or(200)).unwrap_or(StatusCode::OK);
    (status, [("location", "/elsewhere")])
}

/// Checks a signature as the specification says, from the secret that was shown.
fn signed(secret: &str, (headers, body): &(HeaderMap, String)) -> Result<()> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (id, at) =
        (header("webhook-id").context("id")?, header("webhook-timestamp").context("at")?);
    let key = STANDARD.decode(secret.strip_prefix("whsec_").context("no prefix")?)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)?;
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    ensure!(header("webhook-signature") == Some(&expected), "{headers:?}");
    Ok(())
}

async fn world() -> Result<World> {
    World::of(Site::start(&["--webhook-hosts=127.0.0.1"]).await?, "").await
}

async fn add(program: &Program<'_>, url: &str) -> Result<(String, String)> {
    let made = program.send("POST", "/api/v1/webhooks", &json!({ "url": url })).await?;
    ensure!(made.status == StatusCode::CREATED, "{made:?}");
    let text = |name: &str| made.body[name].as_str().unwrap_or_default().to_owned();
    Ok((text("id"), text("secret")))
}

/// The last delivery, once it was tried so often.
async fn tried(program: &Program<'_>, webhook: &str, attempts: u64) -> Result<Value> {
    let mut last = Value::Null;
    for _ in 0..100 {
        let path = format!("/api/v1/webhooks/{webhook}/deliveries");
        last = program.get(&path).await?.body[0].clone();
        if last["attempts"].as_u64() >= Some(attempts) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(last)
}

#[tokio::test]
async fn a_change_of_state_is_told_signed_until_it_arrives() -> Result<()> {
    let world = world().await?;
    let program = Program::with(&world, &Scope::ALL).await?;
    let (receiver, address) = Receiver::start(&[500]).await?;
    let (id, secret) = add(&program, &format!("http://{address}/hook")).await?;
    let added = program.send("POST", "/api/v1/customers", &customer()).await?;
    let heard = receiver.hears(2).await?;
    for message in &heard {
        signed(&secret, message)?;
    }
    assert_eq!(heard[0].0["webhook-id"], heard[1].0["webhook-id"], "sent again under another id");
    assert_eq!(heard[0].1, heard[1].1);
    let body: Value = serde_json::from_str(&heard[0].1)?;
    assert_eq!(body["type"], "customer.state_changed");
    assert_eq!(body["data"]["customer"]["id"], added.body["id"]);
    assert_eq!((&body["data"]["from"], &body["data"]["to"]), (&Value::Null, &json!("sent")));
    assert!(!heard[0].1.contains("/c/"), "a link is told");

    let last = tried(&program, &id, 2).await?;
    assert_eq!((&last["status"], &last["attempts"]), (&json!("delivered"), &json!(2)), "{last}");
    let page = world.admin.get("/settings/webhooks").await?.text;
    assert!(
        page.contains("Delivered") && page.contains("answered 200 OK") && !page.contains(&secret)
    );

    // The page is opened: another state.
    let link = program.get(&format!("{}/link", added.location)).await?.body;
    reqwest::get(link["page_url"].as_str().context("no page")?).await?;
    let opened: Value = serde_json::from_str(&receiver.hears(3).await?[2].1)?;
    assert_eq!(
        (&opened["data"]["from"], &opened["data"]["to"]),
        (&json!("sent"), &json!("opened"))
    );
    Ok(())
}

#[tokio::test]
async fn what_changes_no_state_is_not_told_nor_what_was_removed() -> Result<()> {
    let world = world().await?;
    let program = Program::with(&world, &Scope::ALL).await?;
    let (receiver, address) = Receiver::start(&[]).await?;
    let (id, _) = add(&program, &format!("http://{address}/hook")).await?;
    let mut fields = customer();
    let added = program.send("POST", "/api/v1/customers", &fields).await?;
    receiver.hears(1).await?;
    fields["notes"] = json!("Thursdays");
    assert_eq!(program.send("PUT", &added.location, &fields).await?.status, 200);
    let test = program.send("POST", &format!("/api/v1/webhooks/{id}/test"), &json!({})).await?;
    assert_eq!(test.status, StatusCode::ACCEPTED);
    let heard = receiver.hears(2).await?;
    assert!(heard[1].1.contains("webhook.test"), "{}", heard[1].1);
    let gone = program.send("DELETE", &format!("/api/v1/webhooks/{id}"), &json!({})).await?;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    program.send("POST", "/api/v1/customers", &customer()).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(receiver.heard().len(), 2, "told after it was removed");
    Ok(())
}

#[tokio::test]
async fn what_was_to_be_told_outlives_the_service() -> Result<()> {
    let mut world = world().await?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    drop(listener);
    let program = Program::with(&world, &Scope::ALL).await?;
    let (_, secret) = add(&program, &format!("http://{address}/hook")).await?;
    program.send("POST", "/api/v1/customers", &customer()).await?;
    drop(program);
    world.site.kill();
    let receiver = Receiver::default();
    let listener = TcpListener::bind(address).await?;
    let app = Router::new().route("/hook", post(hear)).with_state(receiver.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    world.site.restart().await?;
    signed(&secret, &receiver.hears(1).await?[0])
}

#[tokio::test]
async fn nothing_is_told_to_an_address_of_this_network() -> Result<()> {
    let world = World::start().await?;
    let program = Program::with(&world, &Scope::ALL).await?;
    for url in [
        "http://127.0.0.1:9/hook",
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://10.0.0.1/hook",
        "https://[::1]/hook",
        "https://169.254.169.254/latest/meta-data/",
        "https://2130706433/",
        "ftp://crm.example.com/",
        "nonsense",
    ] {
        let refused = program.send("POST", "/api/v1/webhooks", &json!({ "url": url })).await?;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        let page = world.admin.post("/settings/webhooks", &[("url", url)]).await?;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}");
        assert!(page.text.contains("There is a problem"), "{url}");
    }
    assert_eq!(program.get("/api/v1/webhooks").await?.body, json!([]));

    // A name that leads here after it was accepted: no connection is made.
    let (receiver, address) = Receiver::start(&[]).await?;
    let url = format!("http://localhost:{}/hook", address.port());
    let refused = webhooks::client(Vec::new())?.post(&url).send().await;
    assert!(refused.is_err_and(|error| error.is_connect()));
    let allowed = webhooks::client(vec!["localhost".to_owned()])?.post(&url).send().await?;
    assert_eq!(allowed.status(), StatusCode::OK);
    assert_eq!(receiver.heard().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_not_followed() -> Result<()> {
    let world = world().await?;
    let program = Program::with(&world, &Scope::ALL).await?;
    let (receiver, address) = Receiver::start(&[307]).await?;
    let (id, _) = add(&program, &format!("http://{address}/hook")).await?;
    program.send("POST", &format!("/api/v1/webhooks/{id}/test"), &json!({})).await?;
    receiver.hears(1).await?;
    let last = tried(&program, &id, 1).await?;
    assert_eq!((&last["status"], &last["attempts"]), (&json!("waiting"), &json!(1)), "{last}");
    assert!(last["outcome"].as_str().is_some_and(|words| words.contains("307")), "{last}");
    assert!(last["next_at"].is_string());
    Ok(())
}
