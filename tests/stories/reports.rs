//! The onboarding service hears how far a stack is, and can never fail it.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use axum::{Router, body::Bytes, routing::post};
use harness::cloudformation::{Lab, Launch};
use http::HeaderMap;
use serde_json::json;
use templates::report::{Phase, Report};
use tokio::net::TcpListener;

use crate::succeeded;

type Heard = Arc<Mutex<Vec<(String, Report)>>>;

/// A service that takes reports and answers with a status.
async fn service(status: u16) -> Result<(String, Heard)> {
    let heard = Heard::default();
    let inbox = Arc::clone(&heard);
    let take = move |headers: HeaderMap, body: Bytes| async move {
        let bearer = headers["authorization"].to_str().unwrap().to_owned();
        inbox.lock().unwrap().push((bearer, serde_json::from_slice(&body).unwrap()));
        http::StatusCode::from_u16(status).unwrap()
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/reports", listener.local_addr()?);
    let app = Router::new().route("/reports", post(take));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok((url, heard))
}

async fn reported(status: u16, load_balancers: &str) -> Result<Vec<(String, Report)>> {
    let lab = Lab::new().await?;
    lab.customer.application_load_balancer("web").await?;
    let (url, heard) = service(status).await?;
    let mut stack = lab.stack("logs");
    let mut event = lab.create_event(&mut stack, &Launch::of(&["all"]))?;
    event["ResourceProperties"]["LoadBalancers"] = json!(load_balancers);
    event["ResourceProperties"]["ReportUrl"] = json!(url);
    event["ResourceProperties"]["OnboardingToken"] = json!("token-of-acme");
    let answer = lab.send(&event).await?;
    if load_balancers == "all" {
        succeeded(&answer);
    }
    let heard = heard.lock().unwrap().clone();
    assert!(heard.iter().all(|(_, report)| report.stack_id == stack.id));
    assert!(heard.iter().all(|(_, report)| json!(report.request_id) == event["RequestId"]));
    Ok(heard)
}

#[tokio::test]
async fn it_hears_of_the_beginning_and_of_the_end() -> Result<()> {
    let heard = reported(202, "all").await?;
    let phases: Vec<Phase> = heard.iter().map(|(_, report)| report.phase).collect();
    assert_eq!((phases.first(), phases.last()), (Some(&Phase::Started), Some(&Phase::Succeeded)));
    assert!(heard.iter().all(|(bearer, _)| bearer == "Bearer token-of-acme"));
    Ok(())
}

#[tokio::test]
async fn it_hears_the_reason_of_a_failure() -> Result<()> {
    let heard = reported(202, "nonsense").await?;
    let (_, last) = heard.last().unwrap();
    assert_eq!(last.phase, Phase::Failed);
    assert!(last.reason.contains("is not the ARN of a load balancer"), "{}", last.reason);
    Ok(())
}

#[tokio::test]
async fn its_troubles_are_not_the_stacks() -> Result<()> {
    let heard = reported(500, "all").await?;
    assert!(heard.len() >= 2);
    Ok(())
}

#[tokio::test]
async fn it_hears_what_is_set_up_and_what_the_work_is_at() -> Result<()> {
    let heard = reported(202, "all").await?;
    let reports: Vec<&Report> = heard.iter().map(|(_, report)| report).collect();
    assert!(reports.iter().all(|report| report.begun > 1_700_000_000_000));
    assert!(reports.iter().all(|report| report.version == "0.1.0"));
    assert!(reports.iter().all(|report| report.configuration == reports[0].configuration));
    let between: Vec<&&Report> = reports[1..reports.len() - 1].iter().collect();
    assert!(!between.is_empty(), "no step was reported");
    assert!(between.iter().all(|report| report.phase == Phase::Progress && report.step.is_some()));
    let outputs = &reports[reports.len() - 1].outputs;
    let topic = outputs.iter().find(|(name, _)| name == "TopicArn");
    assert!(topic.is_some_and(|(_, arn)| arn.contains(":DTLogsAnalysis-")), "{outputs:?}");
    Ok(())
}
