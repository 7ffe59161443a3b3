//! Requests that are none.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use harness::site::Answered;
use http::{Method, StatusCode};
use onboarding_web::access::Access;
use tokio::task::spawn_blocking;

use super::{FORM, on_both};
use crate::site::access::{
    rows::ROWS,
    world::{OWN, Prepared, World, read},
};

const MULTIPART: &str = "multipart/form-data; boundary=XXX";

/// Whether an answer is the site's own: a page, a way on, or JSON for stacks.
fn own_answer(path: &str, answer: &Answered) -> bool {
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    if answer.status.is_server_error() {
        return false;
    }
    if path == "/reports" {
        return answer.status == StatusCode::NO_CONTENT
            || (kind == "application/json" && answer.text.starts_with("{\"refused\":"));
    }
    let page = kind.starts_with("text/html") && answer.text.starts_with("<!doctype html>");
    answer.status == StatusCode::SEE_OTHER
        || (page && answer.text.contains("<h1>") && answer.text.contains("site-footer"))
}

/// Bodies that no page of the site sends, by the one that it does.
fn malformed(valid: &Prepared) -> Vec<(&'static str, Vec<u8>)> {
    let multipart = |rest: &str| rest.as_bytes().to_vec();
    let twice = [valid.body.clone(), b"&".to_vec(), valid.body.clone()].concat();
    let nul = String::from_utf8_lossy(&valid.body).replace('&', "%00&") + "%00";
    let odd = [&b"name=\xff\xfe&email=\x80&notes=\xc3(&password="[..], &[0xf0, 0x28]].concat();
    let deep = "[".repeat(50_000).into_bytes();
    vec![
        (FORM, vec![]),
        (FORM, b"&&&===&=&%&%zz&+".to_vec()),
        (FORM, twice),
        (FORM, nul.into_bytes()),
        (FORM, odd),
        (FORM, b"email=%ff%fe&name=%c3%28&action=%80&mode=%f0".to_vec()),
        (FORM, b"email[]=a&email[0]=b&email.x=c".to_vec()),
        ("application/x-www-form-urlencoded; charset=utf-7", valid.body.clone()),
        ("", valid.body.clone()),
        ("text/plain", valid.body.clone()),
        (
            "application/xml",
            b"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>&a;".to_vec(),
        ),
        ("application/json", deep),
        ("application/json", b"{\"email\": \"a\"}".to_vec()),
        ("multipart/form-data", multipart("--XXX--")),
        (MULTIPART, vec![]),
        (MULTIPART, multipart("no boundary at all")),
        (MULTIPART, multipart("--XXX\r\n\r\n--XXX--\r\n")),
        (
            MULTIPART,
            multipart(
                "--XXX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut",
            ),
        ),
        (MULTIPART, multipart("--XXX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XXX--\r\n")),
        (MULTIPART, multipart("--XXX\r\nContent-Disposition: nonsense\r\n\r\nx\r\n--XXX--\r\n")),
        ("multipart/form-data; boundary=\"", multipart("--\r\n")),
    ]
}

#[tokio::test]
async fn what_is_no_form_gets_the_sites_own_answer() -> Result<()> {
    on_both(async |world| {
        let mut wrong = Vec::new();
        let customer = world.customer("Acme").await?;
        let bearer = format!("Bearer {}", customer.stack);
        for row in ROWS.iter().filter(|row| row.method == "POST" && row.path != "/sign-out") {
            let valid = world.prepare("POST", row.path, &world.admin).await?;
            for (kind, body) in malformed(&valid) {
                let shown = String::from_utf8_lossy(&body).chars().take(50).collect::<String>();
                let request = Prepared { kind: kind.to_owned(), body, ..valid.clone() };
                let mut headers = OWN.to_vec();
                if row.access == Access::Stack {
                    headers.push(("authorization", &bearer));
                }
                let answer = send_all(world, &request, &headers).await?;
                if !own_answer(row.path, &answer) {
                    let text: String = answer.text.chars().take(60).collect();
                    wrong.push(format!("{} {kind} {shown:?}: {} {text}", row.path, answer.status));
                }
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
    .await
}

/// A request without content type has a body all the same here.
async fn send_all(world: &World, request: &Prepared, headers: &[(&str, &str)]) -> Result<Answered> {
    let mut builder = world.request(request.method.clone(), &request.path);
    builder = builder.header("cookie", world.admin.cookie()).body(request.body.clone());
    if !request.kind.is_empty() {
        builder = builder.header("content-type", &request.kind);
    }
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    read(builder).await.with_context(|| format!("{} {}", request.path, request.kind))
}

const QUERIES: [&str; 30] = [
    "q=%ff%fe",
    "q=%00",
    "q=%",
    "q=%zz",
    "q=a&q=b",
    "q[]=a&q[x]=b",
    "=&&&=",
    "%ff=%fe",
    "page=0",
    "page=-1",
    "page=abc",
    "page=1.5",
    "page=%2B1",
    "page=9223372036854775807",
    "page=-9223372036854775808",
    "page=99999999999999999999999999",
    "from=2026-99-99",
    "from=0000-00-00&to=0000-00-00",
    "from=9999-12-31&to=9999-12-31",
    "from=-9999-01-01&to=-9999-01-01",
    "from=%2B10000-01-01",
    "from=2026-11-22&to=2020-01-01",
    "actor=%00&action=%00&customer=%00",
    "state=%00&region=%00&version=%00&owner=%00&sort=%00",
    "text=%ff",
    "next=%00",
    "load_balancers=%ff&account=%00",
    "from=%00&to=%00",
    "sort=name;drop",
    "?#?#",
];

#[tokio::test]
async fn what_is_no_question_gets_the_sites_own_answer() -> Result<()> {
    on_both(async |world| {
        let mut wrong = Vec::new();
        let customer = world.customer("Acme").await?;
        for row in ROWS.iter().filter(|row| row.method == "GET") {
            let path = row.path.replace("/customers/{id}", &format!("/customers/{}", customer.id));
            let path = path.replace("{token}", &customer.page);
            let path = match path.as_str() {
                path if path.contains('{') => {
                    world.prepare("GET", row.path, &world.admin).await?.path
                }
                path => path.to_owned(),
            };
            let path = path.split('?').next().unwrap_or_default();
            for query in QUERIES {
                let request = world.request(Method::GET, &format!("{path}?{query}"));
                let answer = read(request.header("cookie", world.admin.cookie())).await?;
                let fine = answer.status.is_success() || own_answer(path, &answer);
                if !fine {
                    wrong.push(format!("{path}?{query}: {} {:.60}", answer.status, answer.text));
                }
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
    .await
}

/// Sends a large request and reads the answer meanwhile, as browsers do: the site may answer, and hang
/// up, before it has the last byte.
async fn send_whole(world: &World, request: Vec<u8>) -> Result<String> {
    let address = world.site.url.trim_start_matches("http://").to_owned();
    let sent = move || -> Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut writer = stream.try_clone()?;
        // Whatever becomes of the rest.
        let writing = thread::spawn(move || writer.write_all(&request));
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _ = writing.join();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        ensure!(read.is_ok(), "cut off: {read:?} {answer:.80}");
        Ok(answer)
    };
    spawn_blocking(sent).await?
}

fn large(world: &World, path: &str, kind: &str, more: &str, bytes: usize) -> Vec<u8> {
    let host = world.site.url.trim_start_matches("http://");
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\
         Cookie: {}\r\nContent-Type: {kind}\r\nContent-Length: {bytes}\r\n{more}\r\n",
        world.admin.cookie(),
    )
    .into_bytes();
    let begin = "--XXX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    let mut body = if kind == FORM { b"name=".to_vec() } else { begin.as_bytes().to_vec() };
    body.resize(bytes, b'a');
    request.append(&mut body);
    request
}

#[tokio::test]
async fn what_is_too_large_is_told_so_on_a_page() -> Result<()> {
    let world = World::start().await?;
    let customer = world.customer("Acme").await?;
    let bearer = format!("Authorization: Bearer {}\r\n", customer.stack);
    let mut wrong = Vec::new();
    let cases = [
        ("/customers/new", FORM, "", 1024 * 1024, "413", "That is too large"),
        ("/sign-in", FORM, "", 1024 * 1024, "413", "That is too large"),
        ("/settings/email", FORM, "", 8 * 1024 * 1024, "413", "That is too large"),
        ("/reports", "application/json", &bearer, 1024 * 1024, "413", "\"refused\""),
        ("/customers/import", MULTIPART, "", 3 * 1024 * 1024, "4", "2 MB"),
        ("/customers/import", MULTIPART, "", 12 * 1024 * 1024, "4", "2 MB"),
    ];
    for (path, kind, more, bytes, status, words) in cases {
        match send_whole(&world, large(&world, path, kind, more, bytes)).await {
            Ok(answer) => {
                let fine = answer.starts_with(&format!("HTTP/1.1 {status}"));
                if !fine || !answer.contains(words) {
                    wrong.push(format!("{path} with {bytes} bytes: {answer:.400}"));
                }
            }
            Err(error) => wrong.push(format!("{path} with {bytes} bytes: {error}")),
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_none_gets_the_sites_own_answer() -> Result<()> {
    let world = World::start().await?;
    let mut wrong = Vec::new();
    for path in [
        "/nowhere",
        "/reportsx",
        "/reports/",
        "/reports/x",
        "/customers/",
        "/c/",
        "/c",
        "/%00",
        "/%ff",
        "/..%2f..%2fetc%2fpasswd",
        "/assets/style.css",
        "/index.php",
        "/.git/config",
        "/metrics",
        "/customers/x/y/z",
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = read(world.request(method.clone(), path)).await?;
            if answer.status != StatusCode::NOT_FOUND || !own_answer("", &answer) {
                wrong.push(format!("{method} {path}: {} {:.60}", answer.status, answer.text));
            }
        }
    }
    // What is for programs answers programs.
    let foreign = world.request(Method::POST, "/reports").header("sec-fetch-site", "cross-site");
    for request in [foreign, world.request(Method::GET, "/reports")] {
        let answer = read(request).await?;
        if !answer.status.is_client_error() || !own_answer("/reports", &answer) {
            wrong.push(format!("/reports: {} {:.60}", answer.status, answer.text));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
