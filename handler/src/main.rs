//! `bootstrap`: clients, then the Lambda loop.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use handler::{
    Function, World,
    aws::{Clients, Connections},
    handle,
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::time::Instant;
use tracing_subscriber::{
    Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_logging();
    let on_emulator = environment("AWS_ENDPOINT_URL").is_some_and(|url| !url.is_empty());
    // Both read the machine's certificates, so they do it side by side.
    let http = tokio::task::spawn_blocking(|| {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(3))
            .build()
    });
    let connections = Connections::default();
    let aws = Clients::from_env(&connections).await;
    // Where the environment names other hosts, these are not the ones that are used.
    let other_hosts =
        ["AWS_ENDPOINT_URL_SNS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"];
    let usual = !on_emulator && other_hosts.iter().all(|name| environment(name).is_none());
    if let Some(region) = environment("AWS_REGION").filter(|_| usual) {
        connections.open(&region).await;
    }
    let world = Arc::new(World { aws, http: Arc::new(http.await??), on_emulator });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let world = Arc::clone(&world);
        async move {
            let function = Function::from_arn(&event.context.invoked_function_arn)
                .ok_or("the function's ARN cannot be read")?;
            let deadline = from_now(event.context.deadline);
            handle(&world, &function, &event.payload, deadline).await.map_err(|error| {
                tracing::error!(%error, "nobody was answered");
                Error::from(error.to_string())
            })
        }
    }))
    .await
}

/// Lambda's deadline, in milliseconds since 1970, on the clock that the program waits by.
fn from_now(deadline: u64) -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the one place where the world's time comes in")]
    let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::now() + Duration::from_millis(deadline).saturating_sub(now)
}

#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn start_logging() {
    let wanted = environment("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default();
    let level = wanted.parse().unwrap_or(tracing::Level::INFO);
    // Only our own lines: a library's, at debug or trace, could hold an address or a header.
    let ours = Targets::new().with_targets([("handler", level), ("bootstrap", level)]);
    let lines = tracing_subscriber::fmt::layer().json().with_current_span(false).without_time();
    tracing_subscriber::registry().with(lines.with_filter(ours)).init();
}
