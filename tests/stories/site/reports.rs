//! What stacks report, and what somebody does who would like to.

use anyhow::{Context, Result};
use futures_util::future::join_all;
use harness::site::{Answered, Site, Visitor};
use http::{Method, StatusCode};
use onboarding_web::{
    clock::{Clock, DAY, HOUR, MINUTE},
    store::{Actor, AuditFilter, NewCustomer, Role},
};
use serde_json::{Value, json};
use templates::report::{Phase, Report, Step};

use super::access::world::{Inside, REGION, Subject, World, add, new_customer, read, words};

/// The stack of this name in a customer's account.
fn arn(account: &str, region: &str, name: &str) -> String {
    format!("arn:aws:cloudformation:{region}:{account}:stack/logs-analysis-{name}/51af3dc0")
}

fn report(stack_id: &str, phase: Phase) -> Report {
    Report {
        stack_id: stack_id.to_owned(),
        request_id: "request-1".to_owned(),
        request_type: "Create".to_owned(),
        phase,
        step: None,
        reason: String::new(),
        begun: 0,
        version: "0.1.0".to_owned(),
        configuration: "first".to_owned(),
        outputs: Vec::new(),
    }
}

fn own_stack(customer: &Subject, name: &str) -> String {
    arn(&customer.account, REGION, name)
}

/// Sends a report; status and body.
async fn tell(site: &Site, token: &str, report: &Report) -> Result<(u16, Value)> {
    let answer = site.anyone().report(token, &serde_json::to_string(report)?).await?;
    read_json(&answer)
}

fn read_json(answer: &Answered) -> Result<(u16, Value)> {
    let status = answer.status.as_u16();
    if status == 204 {
        assert_eq!(answer.text, "");
        return Ok((status, Value::Null));
    }
    let kind = answer.headers.get("content-type").context("no content type")?;
    assert_eq!(kind, "application/json", "{}", answer.text);
    let body: Value = serde_json::from_str(&answer.text)?;
    assert!(body["refused"].as_str().is_some_and(|why| !why.is_empty()), "{body}");
    Ok((status, body))
}

/// What both sides read, without the times of day.
async fn both_read(world: &World, customer: &Subject) -> Result<[String; 2]> {
    let page = read(world.request(Method::GET, &format!("/c/{}/progress", customer.page))).await?;
    let staff = world.viewer.get(&format!("/customers/{}/progress", customer.id)).await?;
    assert_eq!((page.status, staff.status), (StatusCode::OK, StatusCode::OK));
    Ok([page.text, staff.text].map(|html| timeless(&words(&html))))
}

fn timeless(text: &str) -> String {
    let is_time = |word: &&str| {
        word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
    };
    text.split(' ').filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ")
}

async fn refusals(world: &World, customer: &Subject) -> Result<Vec<String>> {
    let filter = AuditFilter {
        action: "refuse report".to_owned(),
        customer: customer.id.clone(),
        ..AuditFilter::default()
    };
    let (rows, _) = world.store.audit_rows(&filter, 1000, 0).await?;
    assert!(rows.iter().all(|row| row.actor == "stack" && row.ip == "127.0.0.1"), "{rows:?}");
    Ok(rows.into_iter().map(|row| row.after).collect())
}

async fn connected(world: &World, name: &str) -> Result<Subject> {
    let customer = world.customer(name).await?;
    let done = report(&own_stack(&customer, "first"), Phase::Succeeded);
    assert_eq!(tell(&world.site, &customer.stack, &done).await?.0, 204);
    for page in both_read(world, &customer).await? {
        assert!(page.contains("Connected. Logging is on"), "{page}");
    }
    Ok(customer)
}

#[tokio::test]
async fn without_a_stacks_token_nobody_is_believed() -> Result<()> {
    let world = World::start().await?;
    let customer = world.customer("Acme").await?;
    let body = serde_json::to_string(&report(&own_stack(&customer, "x"), Phase::Succeeded))?;
    let before = both_read(&world, &customer).await?;
    let refused = [
        None,
        Some("Bearer ".to_owned()),
        Some("Bearer unknown".to_owned()),
        Some(customer.stack.clone()),
        Some(format!("Basic {}", customer.stack)),
        Some(format!("Bearer {} ", customer.page)),
        Some(format!("Bearer {}", customer.page)),
        Some(format!("Bearer {}x", customer.stack)),
        Some(format!("Bearer {}", &customer.stack[..42])),
        Some(format!("Bearer {}", customer.stack.to_lowercase())),
        Some(format!("Bearer {}", customer.id)),
        Some("Bearer ' OR 1=1 --".to_owned()),
    ];
    for header in refused {
        let request = world.request(Method::POST, "/reports").body(body.clone());
        let request = match &header {
            Some(value) => request.header("authorization", value),
            None => request.header("cookie", world.admin.cookie()),
        };
        assert_eq!(read_json(&read(request).await?)?.0, 401, "{header:?}");
    }
    assert_eq!(both_read(&world, &customer).await?, before);
    // Nor does a stack's token open the customer's page.
    let page = read(world.request(Method::GET, &format!("/c/{}", customer.stack))).await?;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn a_stack_in_another_account_changes_nothing_for_a_connected_customer() -> Result<()> {
    let world = World::start().await?;
    let (customer, other) = (connected(&world, "Acme").await?, connected(&world, "Zenith").await?);
    let before = [both_read(&world, &customer).await?, both_read(&world, &other).await?];
    let foreign = own_stack(&other, "first");
    for (phase, kind) in
        [(Phase::Started, "Delete"), (Phase::Succeeded, "Delete"), (Phase::Failed, "Update")]
    {
        let forged = Report { request_type: kind.to_owned(), ..report(&foreign, phase) };
        let (status, body) = tell(&world.site, &customer.stack, &forged).await?;
        assert_eq!(status, 403, "{body}");
    }
    let after = [both_read(&world, &customer).await?, both_read(&world, &other).await?];
    assert_eq!(after, before);
    let refused = refusals(&world, &customer).await?;
    assert_eq!(refused.len(), 3, "{refused:?}");
    let said = format!(
        "The stack is in account {}, the link is for {}\n{foreign}",
        other.account, customer.account
    );
    assert_eq!(refused[0], said);
    assert_eq!(refusals(&world, &other).await?, Vec::<String>::new());
    let audit = world.viewer.get("/audit?action=refuse+report").await?.text;
    assert!(words(&audit).contains("3 entries"), "{}", words(&audit));
    Ok(())
}

#[tokio::test]
async fn one_stack_at_a_time_is_bound() -> Result<()> {
    let world = World::start().await?;
    let customer = connected(&world, "Acme").await?;
    let before = both_read(&world, &customer).await?;
    let second = own_stack(&customer, "second");
    let (status, body) =
        tell(&world.site, &customer.stack, &report(&second, Phase::Started)).await?;
    assert_eq!(status, 403);
    assert!(body["refused"].as_str().unwrap().contains("another stack is bound"), "{body}");
    assert_eq!(both_read(&world, &customer).await?, before);
    assert_eq!(refusals(&world, &customer).await?.len(), 1);

    let gone = Report {
        request_type: "Delete".to_owned(),
        request_id: "request-2".to_owned(),
        begun: 4_000_000_000_000,
        ..report(&own_stack(&customer, "first"), Phase::Succeeded)
    };
    assert_eq!(tell(&world.site, &customer.stack, &gone).await?.0, 204);
    assert_eq!(tell(&world.site, &customer.stack, &report(&second, Phase::Started)).await?.0, 204);
    for page in both_read(&world, &customer).await? {
        assert!(page.contains("The stack is being created"), "{page}");
    }
    // And now the first one is the other one.
    assert_eq!(tell(&world.site, &customer.stack, &gone).await?.0, 403);
    Ok(())
}

#[tokio::test]
async fn of_many_stacks_that_begin_at_once_one_is_bound() -> Result<()> {
    let world = World::start().await?;
    let customer = world.customer("Acme").await?;
    let all = (0..16).map(|at| {
        let first = report(&own_stack(&customer, &at.to_string()), Phase::Started);
        let (site, token) = (&world.site, &customer.stack);
        async move { tell(site, token, &first).await.map(|(status, _)| status) }
    });
    let all = join_all(all).await.into_iter().collect::<Result<Vec<_>>>()?;
    assert_eq!(all.iter().filter(|status| **status == 204).count(), 1, "{all:?}");
    assert_eq!(all.iter().filter(|status| **status == 403).count(), 15, "{all:?}");
    Ok(())
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of what is no report")]
async fn what_is_no_report_is_refused_with_the_reason() -> Result<()> {
    let world = World::start().await?;
    let customer = world.customer("Acme").await?;
    let good = serde_json::to_value(report(&own_stack(&customer, "x"), Phase::Started))?;
    let with = |name: &str, value: Value| {
        let mut one = good.clone();
        one[name] = value;
        one.to_string().into_bytes()
    };
    let deep = ["[".repeat(100_000), "{\"a\":".repeat(30_000)].map(String::into_bytes);
    let twice = format!("{{\"stack_id\":\"x\",{}", &good.to_string()[1..]).into_bytes();
    let surrogate = good.to_string().replace("request-1", "\\ud800").into_bytes();
    let mut no_utf8 = good.to_string().into_bytes();
    no_utf8[20] = 0xff;
    let bad: Vec<Vec<u8>> = vec![
        vec![],
        b"not JSON".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"{}".to_vec(),
        b"{".to_vec(),
        good.to_string().into_bytes()[..60].to_vec(),
        [good.to_string().as_bytes(), b"{}"].concat(),
        [b"\xef\xbb\xbf", good.to_string().as_bytes()].concat(),
        b"<xml/>".to_vec(),
        with("stack_id", json!(7)),
        with("phase", json!("done")),
        with("phase", json!(null)),
        with("step", json!("dance")),
        with("begun", json!(-1)),
        with("begun", json!(1.5)),
        with("begun", json!("soon")),
        with("outputs", json!({"a": "b"})),
        with("outputs", json!([["a"]])),
        with("outputs", json!([["a", "b", "c"]])),
        with("reason", json!(["x"])),
        deep[0].clone(),
        deep[1].clone(),
        twice,
        surrogate,
        no_utf8,
    ];
    for body in bad {
        let shown = String::from_utf8_lossy(&body).chars().take(80).collect::<String>();
        let request = world.request(Method::POST, "/reports").body(body);
        let request = request.header("authorization", format!("Bearer {}", customer.stack));
        assert_eq!(read_json(&read(request).await?)?.0, 400, "{shown}");
    }
    let more = String::from_utf8(with("mood", json!({"fine": true})))?;
    let answer = world.site.anyone().report(&customer.stack, &more).await?;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    Ok(())
}

#[tokio::test]
async fn what_is_no_stack_is_not_believed() -> Result<()> {
    let world = World::start().await?;
    let customer = world.customer("Acme").await?;
    let (account, before) = (&customer.account, both_read(&world, &customer).await?);
    let base = report(&own_stack(&customer, "x"), Phase::Succeeded);
    let kinds = ["", "create", "Destroy", "Create\n"].map(str::to_owned);
    let ids = [
        String::new(),
        "arn".to_owned(),
        format!("arn:aws:cloudformation:{REGION}:{account}:stack/"),
        format!("arn:aws:cloudformation:{REGION}:{account}:stack//id"),
        format!("arn:aws:cloudformation:{REGION}:{account}:stack/name/"),
        format!("arn:aws:cloudformation:{REGION}:{account}:stack/name/id/more"),
        format!("arn:aws:cloudformation:{REGION}:{account}:changeSet/name/id"),
        format!("arn:aws:s3:{REGION}:{account}:stack/name/id"),
        format!("arn:aws:cloudformation:{REGION}:{account} :stack/name/id"),
        format!("arn:aws:cloudformation:{REGION}::stack/name/id"),
        format!("arn:aws:cloudformation::{account}:stack/name/id"),
        format!("arn:aws-cn:cloudformation:{REGION}:{account}:stack/name/id"),
        format!("arn:aws:cloudformation:{REGION}:{account}:stack/na\u{202e}me/id"),
        format!("arn:aws:cloudformation:{REGION}:{account}:stack/na me/id"),
        format!("ARN:aws:cloudformation:{REGION}:{account}:stack/name/id"),
        format!(" {}", base.stack_id),
        format!("{}{}", base.stack_id, "x".repeat(1024)),
    ];
    let ids = ids.map(|stack_id| Report { stack_id, ..base.clone() });
    let kinds = kinds.map(|request_type| Report { request_type, ..base.clone() });
    for forged in ids.iter().chain(&kinds) {
        let (status, body) = tell(&world.site, &customer.stack, forged).await?;
        assert_eq!(status, 403, "{} {}: {body}", forged.stack_id, forged.request_type);
    }
    for page in both_read(&world, &customer).await? {
        assert!(!page.contains("Connected"), "{page}");
    }
    // Those from elsewhere are told to people; those that are no stacks at all are not.
    assert!(before[0].contains("Not launched yet"));
    Ok(())
}

#[tokio::test]
async fn what_is_long_is_cut_to_what_a_person_reads() -> Result<()> {
    let world = World::start().await?;
    let customer = world.customer("Acme").await?;
    let long =
        Report { reason: "y".repeat(100_000), ..report(&own_stack(&customer, "x"), Phase::Failed) };
    assert_eq!(tell(&world.site, &customer.stack, &long).await?.0, 204);
    let [page, _] = both_read(&world, &customer).await?;
    assert_eq!(page.matches('y').count() / 4096, 1, "{}", page.matches('y').count());
    Ok(())
}

/// What a token is worth once its link is no longer the present one.
async fn only_its_own_stack(world: &World, customer: &Subject, old: &str) -> Result<()> {
    let bound = Report {
        request_type: "Update".to_owned(),
        request_id: "request-2".to_owned(),
        ..report(&own_stack(customer, "first"), Phase::Succeeded)
    };
    assert_eq!(tell(&world.site, old, &bound).await?.0, 204, "its own stack");
    let gone = Report {
        request_type: "Delete".to_owned(),
        request_id: "request-3".to_owned(),
        begun: 4_000_000_000_000,
        ..bound
    };
    assert_eq!(tell(&world.site, old, &gone).await?.0, 204, "its own stack");
    let new = report(&own_stack(customer, "second"), Phase::Started);
    let (status, body) = tell(&world.site, old, &new).await?;
    assert_eq!(status, 403);
    assert!(body["refused"].as_str().unwrap().contains("is not valid"), "{body}");
    assert_eq!(refusals(world, customer).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn after_a_new_link_the_old_token_is_good_for_its_own_stack_only() -> Result<()> {
    let world = World::start().await?;
    let customer = connected(&world, "Acme").await?;
    let answer = world.editor.post(&format!("/customers/{}/rotate", customer.id), &[]).await?;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    only_its_own_stack(&world, &customer, &customer.stack).await?;
    let new = world.store.key().stack_token(&customer.id, REGION, 2);
    let second = report(&own_stack(&customer, "second"), Phase::Started);
    assert_eq!(tell(&world.site, &new, &second).await?.0, 204, "the new token");
    Ok(())
}

#[tokio::test]
async fn after_a_link_was_revoked_its_token_is_good_for_its_own_stack_only() -> Result<()> {
    let world = World::start().await?;
    let customer = connected(&world, "Acme").await?;
    world.editor.post(&format!("/customers/{}/revoke", customer.id), &[]).await?;
    only_its_own_stack(&world, &customer, &customer.stack).await
}

#[tokio::test]
async fn a_day_after_a_link_expired_no_stack_begins_with_it() -> Result<()> {
    let clock = Clock::standing_at(Clock::system().now());
    let site = Inside::start("", clock.clone()).await?;
    let send = async |customer: &Subject, name: &str| {
        let body = serde_json::to_string(&report(&own_stack(customer, name), Phase::Started))?;
        let request = site.http.post(format!("{}/reports", site.url)).body(body);
        let request = request.header("authorization", format!("Bearer {}", customer.stack));
        anyhow::Ok(read(request).await?.status.as_u16())
    };
    let (early, late) =
        (add(&site.store, new_customer("A")).await?, add(&site.store, new_customer("B")).await?);
    clock.advance(14 * DAY + HOUR);
    let page = site.get(&format!("/c/{}", early.page), "").await?;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(send(&early, "first").await?, 204, "the page may have been open");
    clock.advance(DAY);
    assert_eq!(send(&late, "first").await?, 403);
    assert_eq!(send(&early, "first").await?, 204, "its own stack");
    Ok(())
}

#[tokio::test]
async fn a_token_that_is_no_longer_valid_cannot_alarm_anybody() -> Result<()> {
    let world = World::start().await?;
    let (replaced, revoked) = (world.customer("Acme").await?, world.customer("Zenith").await?);
    world.store.rotate_link(&Actor::of("test"), &replaced.id).await?;
    world.store.revoke_link(&Actor::of("test"), &revoked.id).await?;
    let expired = world.expired("Late").await?;
    for customer in [replaced, revoked, expired] {
        let forged = report(&arn("999999999999", REGION, "x"), Phase::Failed);
        assert_eq!(tell(&world.site, &customer.stack, &forged).await?.0, 403);
        let staff = world.viewer.get(&format!("/customers/{}/progress", customer.id)).await?;
        let staff = words(&staff.text);
        assert!(!staff.contains("in the wrong place"), "{}: {staff}", customer.name);
    }
    Ok(())
}

#[tokio::test]
async fn a_flood_with_one_token_does_not_drown_the_others() -> Result<()> {
    let world = World::start().await?;
    let (loud, quiet) = (world.customer("Loud").await?, world.customer("Quiet").await?);
    let one = report(&own_stack(&loud, "x"), Phase::Started);
    let flood = (0..200).map(|_| tell(&world.site, &loud.stack, &one));
    let flood = join_all(flood).await.into_iter().collect::<Result<Vec<_>>>()?;
    let count = |wanted: u16| flood.iter().filter(|(status, _)| *status == wanted).count();
    assert_eq!(count(204) + count(429), 200);
    // 120 at once, and some more in the seconds that it takes.
    assert!((120..160).contains(&count(204)), "{} were taken", count(204));
    let one = report(&own_stack(&quiet, "x"), Phase::Started);
    assert_eq!(tell(&world.site, &quiet.stack, &one).await?.0, 204);
    let unknown = (0..40).map(|at| {
        let (site, one) = (&world.site, &one);
        async move { tell(site, &format!("guess-{at}"), one).await.map(|(status, _)| status) }
    });
    let unknown = join_all(unknown).await.into_iter().collect::<Result<Vec<_>>>()?;
    assert!(unknown.contains(&429) && unknown.contains(&401), "{unknown:?}");
    assert_eq!(tell(&world.site, &quiet.stack, &one).await?.0, 204, "drowned by guesses");
    Ok(())
}

#[tokio::test]
async fn a_repeated_report_is_told_once() -> Result<()> {
    let world = World::start().await?;
    let customer = connected(&world, "Acme").await?;
    let before = (both_read(&world, &customer).await?, world.store.events(&customer.id, 99).await?);
    let again = report(&own_stack(&customer, "first"), Phase::Succeeded);
    let again = (0..10).map(|_| tell(&world.site, &customer.stack, &again));
    for answer in join_all(again).await {
        assert_eq!(answer?.0, 204);
    }
    let after = (both_read(&world, &customer).await?, world.store.events(&customer.id, 99).await?);
    assert_eq!(after, before);
    Ok(())
}

#[tokio::test]
async fn tokens_of_two_regions_do_not_mix() -> Result<()> {
    let world = World::start().await?;
    let second = "us-east-1";
    let mut new = new_customer("Acme");
    new.regions.push((second.to_owned(), "all".to_owned(), 1));
    let customer = add(&world.store, new).await?;
    let (here, there) =
        (customer.stack.clone(), world.store.key().stack_token(&customer.id, second, 1));
    let far = arn(&customer.account, second, "x");
    let (status, body) = tell(&world.site, &here, &report(&far, Phase::Succeeded)).await?;
    assert_eq!(status, 403);
    let said = format!("The stack is in region {second}, the link is for {REGION}");
    assert_eq!(body["refused"], said);
    let [page, staff] = both_read(&world, &customer).await?;
    for text in [&page, &staff] {
        assert!(!text.contains("Connected") && text.contains(&said), "{text}");
    }
    assert_eq!(tell(&world.site, &there, &report(&far, Phase::Succeeded)).await?.0, 204);
    let [page, _] = both_read(&world, &customer).await?;
    assert_eq!(page.matches("Connected. Logging is on").count(), 1, "{page}");
    let near = report(&own_stack(&customer, "y"), Phase::Succeeded);
    assert_eq!(tell(&world.site, &there, &near).await?.0, 403);
    assert_eq!(tell(&world.site, &here, &near).await?.0, 204);
    let [page, _] = both_read(&world, &customer).await?;
    assert_eq!(page.matches("Connected. Logging is on").count(), 2, "{page}");
    Ok(())
}

#[tokio::test]
async fn a_region_that_was_taken_off_the_list_is_no_longer_heard() -> Result<()> {
    let world = World::start().await?;
    let mut new = new_customer("Acme");
    new.regions.push(("us-east-1".to_owned(), "all".to_owned(), 1));
    let customer = add(&world.store, new.clone()).await?;
    let token = world.store.key().stack_token(&customer.id, "us-east-1", 1);
    new.regions.pop();
    world.store.change_customer(&Actor::of("test"), &customer.id, &new).await?;
    let far = report(&arn(&customer.account, "us-east-1", "x"), Phase::Started);
    let (status, body) = tell(&world.site, &token, &far).await?;
    assert_eq!(status, 403, "{body}");
    assert!(body["refused"].as_str().unwrap().contains("taken off the list"), "{body}");
    Ok(())
}

/// A request of CloudFormation: what, whether it works, for which configuration.
type Asked = (&'static str, bool, &'static str);

/// Everything that a stack's handler reports of its requests, one after the other.
fn life(stack_id: &str, requests: &[Asked], end: i64) -> Vec<Report> {
    let mut all = Vec::new();
    for (at, (kind, works, configuration)) in requests.iter().enumerate() {
        let before = i64::try_from(requests.len() - at).unwrap_or(0) * 10 * MINUTE;
        let base = Report {
            request_id: format!("request-{at}"),
            request_type: (*kind).to_owned(),
            begun: u64::try_from(end - before).unwrap_or(0),
            configuration: (*configuration).to_owned(),
            ..report(stack_id, Phase::Started)
        };
        all.push(base.clone());
        let steps = if *works { &Step::ALL[..] } else { &[Step::Look, Step::Topic] };
        for step in steps.iter().step_by(3).chain(steps.last()) {
            all.push(Report { phase: Phase::Progress, step: Some(*step), ..base.clone() });
        }
        let outputs = vec![("Buckets".to_owned(), format!("bucket-of-{configuration}"))];
        all.push(if *works {
            Report { phase: Phase::Succeeded, outputs, ..base }
        } else {
            Report { phase: Phase::Failed, reason: "Access Denied".to_owned(), ..base }
        });
    }
    all
}

/// Tells a life in an order; what both sides read at the end, the same for every customer.
async fn told(world: &World, requests: &[Asked], seed: Option<u64>) -> Result<[String; 2]> {
    let customer = world.customer("Acme").await?;
    let mut all = life(&own_stack(&customer, "x"), requests, world.store.now() - MINUTE);
    if let Some(seed) = seed {
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..5 {
            all.push(all[random.usize(..all.len())].clone());
        }
        random.shuffle(&mut all);
    }
    for one in &all {
        assert_eq!(tell(&world.site, &customer.stack, one).await?.0, 204, "{one:?}");
    }
    assert_eq!(refusals(world, &customer).await?, Vec::<String>::new());
    let events = world.store.events(&customer.id, 99).await?.len();
    assert_eq!(events, 1 + 2 * requests.len(), "the timeline, seed {seed:?}");
    Ok(both_read(world, &customer).await?.map(|page| page.replace(&customer.account, "ACCOUNT")))
}

/// 50 customers live the same life, each told in another order.
async fn in_any_order(requests: &[Asked], expected: &str, state: &str) -> Result<()> {
    let world = World::start().await?;
    let in_order = told(&world, requests, None).await?;
    for page in &in_order {
        assert!(page.contains(expected), "{page}");
    }
    for seeds in (0..50_u64).collect::<Vec<_>>().chunks(5) {
        let all = seeds.iter().map(|seed| told(&world, requests, Some(*seed)));
        for (seed, pages) in seeds.iter().zip(join_all(all).await) {
            assert_eq!(pages?, in_order, "seed {seed}");
        }
    }
    let list = words(&world.viewer.get(&format!("/customers?state={state}")).await?.text);
    assert!(list.contains("51 customers"), "{list}");
    Ok(())
}

#[tokio::test]
async fn a_failed_create_reads_the_same_in_any_order() -> Result<()> {
    let requests = [("Create", false, "a"), ("Delete", true, "a")];
    in_any_order(&requests, "It did not work. What was begun has been put back.", "failed").await
}

#[tokio::test]
async fn a_whole_life_reads_the_same_in_any_order() -> Result<()> {
    let requests = [
        ("Create", true, "a"),
        ("Update", true, "b"),
        ("Update", false, "c"),
        ("Update", true, "b"),
        ("Delete", true, "b"),
    ];
    let expected = "The stack was deleted and everything was put back.";
    in_any_order(&requests, expected, "removed").await
}

#[tokio::test]
async fn an_update_that_was_rolled_back_reads_the_same_in_any_order() -> Result<()> {
    let requests = [("Create", true, "a"), ("Update", false, "b"), ("Update", true, "a")];
    let expected = "Connected. The last change did not work, and AWS put back what was before.";
    in_any_order(&requests, expected, "active").await
}

#[tokio::test]
async fn reports_that_arrive_all_at_once_end_in_the_same_words() -> Result<()> {
    let world = World::start().await?;
    let requests = [("Create", true, "a"), ("Update", true, "b")];
    let in_order = told(&world, &requests, None).await?;
    let customer = world.customer("Acme").await?;
    let all = life(&own_stack(&customer, "x"), &requests, world.store.now() - MINUTE);
    let all = all.iter().map(|one| tell(&world.site, &customer.stack, one));
    for answer in join_all(all).await {
        assert_eq!(answer?.0, 204);
    }
    let pages = both_read(&world, &customer).await?;
    assert_eq!(pages.map(|page| page.replace(&customer.account, "ACCOUNT")), in_order);
    Ok(())
}

/// Somebody of staff who may not change anything, for reading along.
#[tokio::test]
async fn staff_read_of_a_stack_in_the_wrong_place_what_to_do() -> Result<()> {
    let world = World::start().await?;
    let viewer: Visitor = world.staff(Role::Viewer).await?;
    let (customer, other) = (world.customer("Acme").await?, world.customer("Zenith").await?);
    let wrong = report(&own_stack(&other, "x"), Phase::Started);
    assert_eq!(tell(&world.site, &customer.stack, &wrong).await?.0, 403);
    let page = words(&viewer.get(&format!("/customers/{}", customer.id)).await?.text);
    let said = format!("The stack is in account {}, the link is for", other.account);
    assert!(page.contains("A stack was launched in the wrong place") && page.contains(&said));
    let untouched = words(&viewer.get(&format!("/customers/{}", other.id)).await?.text);
    assert!(untouched.contains("The link was not opened yet"), "{untouched}");
    let right = report(&own_stack(&customer, "x"), Phase::Succeeded);
    assert_eq!(tell(&world.site, &customer.stack, &right).await?.0, 204);
    let page = words(&viewer.get(&format!("/customers/{}", customer.id)).await?.text);
    assert!(page.contains("Connected. Logging is on"), "{page}");
    Ok(())
}

/// So that the record type above is what the form makes.
#[test]
fn customers_here_have_all_their_load_balancers_in_one_region() {
    let NewCustomer { regions, load_balancers, .. } = new_customer("Acme");
    assert_eq!((regions.len(), load_balancers), (1, format!("{REGION} all")));
}
