//! Lambda: the Runtime API, and the real `bootstrap` on the other side of it.

use std::{
    collections::HashMap,
    fs::{self, File},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::StatusCode;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
};
use uuid::Uuid;

use super::bootstrap;
use crate::{customer::Keys, target};

#[derive(Debug)]
pub(super) struct Lambda {
    port: u16,
    region: String,
    keys: Keys,
    calls_go_to: u16,
    log: std::path::PathBuf,
    processes: Vec<Child>,
    api: Arc<Api>,
}

#[derive(Debug)]
struct Api {
    function: String,
    queue: mpsc::UnboundedSender<Invocation>,
    next: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    ends: Mutex<HashMap<String, oneshot::Sender<Result<(), String>>>>,
}

#[derive(Debug)]
struct Invocation {
    id: String,
    deadline: u128,
    event: String,
}

impl Drop for Lambda {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = fs::remove_file(&self.log);
    }
}

impl Lambda {
    pub(super) async fn start(
        account: &str,
        region: &str,
        keys: &Keys,
        calls_go_to: u16,
    ) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (queue, next) = mpsc::unbounded_channel();
        let api = Arc::new(Api {
            function: format!("arn:aws:lambda:{region}:{account}:function:handler"),
            queue,
            next: AsyncMutex::new(next),
            ends: Mutex::default(),
        });
        let base = "/2018-06-01/runtime/invocation";
        let app = Router::new()
            .route(&format!("{base}/next"), get(next_invocation))
            .route(&format!("{base}/{{id}}/response"), post(response))
            .route(&format!("{base}/{{id}}/error"), post(error))
            .with_state(Arc::clone(&api));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let folder = target().join("stories");
        fs::create_dir_all(&folder)?;
        let mut lambda = Self {
            port,
            region: region.to_owned(),
            keys: keys.clone(),
            calls_go_to,
            log: folder.join(format!("{}.log", Uuid::new_v4())),
            processes: Vec::new(),
            api,
        };
        lambda.spawn()?;
        Ok(lambda)
    }

    /// Starts an instance of the function.
    pub(super) fn spawn(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let (key, secret, token) = &self.keys;
        let process = Command::new(bootstrap()?)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{}", self.port))
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.calls_go_to))
            .env("AWS_REGION", &self.region)
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .envs(token.iter().map(|token| ("AWS_SESSION_TOKEN", token)))
            .env("AWS_LAMBDA_FUNCTION_NAME", "handler")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_LEVEL", "TRACE")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        self.processes.push(process);
        Ok(())
    }

    /// Kills every instance of the function, as Lambda does without a word, and starts one anew.
    pub(super) fn crash(&mut self) -> Result<()> {
        for mut process in self.processes.drain(..) {
            process.kill()?;
            process.wait()?;
        }
        self.spawn()
    }

    pub(super) fn logs(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Delivers an event and waits for the function's end, or for Lambda to stop it.
    pub(super) async fn invoke(&self, event: &Value, time: Duration) -> Result<(), String> {
        let id = Uuid::new_v4().to_string();
        let (ended, end) = oneshot::channel();
        self.api.ends().insert(id.clone(), ended);
        #[expect(clippy::disallowed_methods, reason = "Lambda's deadline is in the world's time")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let deadline = (now + time).as_millis();
        let _ = self.api.queue.send(Invocation { id, deadline, event: event.to_string() });
        match tokio::time::timeout(time, end).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err("the function ended".to_owned()),
            Err(_) => Err("Lambda stopped the function".to_owned()),
        }
    }
}

impl Api {
    fn ends(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Result<(), String>>>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, id: &str, outcome: Result<(), String>) -> StatusCode {
        if let Some(ended) = self.ends().remove(id) {
            let _ = ended.send(outcome);
        }
        StatusCode::ACCEPTED
    }
}

async fn next_invocation(State(api): State<Arc<Api>>) -> Response {
    let invocation = api.next.lock().await.recv().await;
    let Some(Invocation { id, deadline, event }) = invocation else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", api.function.clone()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(State(api): State<Arc<Api>>, Path(id): Path<String>) -> StatusCode {
    api.end(&id, Ok(()))
}

async fn error(State(api): State<Arc<Api>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    api.end(&id, Err(String::from_utf8_lossy(&body).into_owned()))
}
