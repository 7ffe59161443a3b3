//! The handler against its peers: from the start of the process to the answer.

use std::{fs, process::Child, time::Duration};

use anyhow::{Context, Result, ensure};
use handler::identity::Identity;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::{
    far_side::{ACCOUNT, ANSWERS, Call, FarSide, REGION},
    network,
    programs::Program,
    runtime::Runtime,
    share::Share,
    statistics::Series,
};

/// Longer than the slowest program takes at the smallest share.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setup {
    /// How long AWS takes for each call.
    pub(crate) latency: Duration,
    /// How many load balancers the stack is for.
    pub(crate) load_balancers: usize,
    /// Whether the program has the share of a function of 128 MB once it has asked for an event.
    pub(crate) small: bool,
}

/// What was measured of a program in one setup; times in milliseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    /// From the start to the first question for an event.
    pub(crate) init: Series,
    /// From then to the answer to the first event, a Create.
    pub(crate) first: Series,
    /// Both.
    pub(crate) cold: Series,
    /// A Create of another stack, later.
    pub(crate) warm: Series,
    /// An Update of the first stack.
    pub(crate) update: Series,
    /// Its Delete.
    pub(crate) delete: Series,
    /// Processor time until the first answer.
    pub(crate) cpu: Series,
    /// The most memory until the first answer, in MB.
    pub(crate) memory: Series,
    /// The calls of the last round's Create, Update and Delete.
    pub(crate) calls: [Vec<Call>; 3],
}

/// One life of a process: a cold Create, Update, Delete, and a Create of another stack.
pub(crate) async fn round(
    program: &Program,
    far: &mut FarSide,
    setup: Setup,
    measured: &mut Measured,
) -> Result<()> {
    let arns = far.renew(setup.load_balancers, setup.latency);
    let share = if setup.small { Some(Share::new()?) } else { None };
    let mut runtime = Runtime::start().await?;
    let begun = Instant::now();
    let process = Process(program.start(far, runtime.port)?);
    let ready = timeout(PATIENCE, runtime.asked_for_next()).await;
    let ready = ready.with_context(|| format!("{} asks for no event", program.name))??;
    if let Some(share) = &share {
        share.limit(process.0.id())?;
    }
    let mut play =
        Play { program, far, runtime: &mut runtime, stack: stack()?, id: String::new(), arns };
    let first = play.event("Create", 365).await?;
    measured.init.push(milliseconds(ready - begun));
    measured.first.push(milliseconds(first));
    measured.cold.push(milliseconds(ready - begun + first));
    measured.cpu.push(process.cpu()?);
    measured.memory.push(process.memory()?);
    measured.calls[0] = play.far.take_calls();
    if !program.works {
        measured.warm.push(milliseconds(play.event("Create", 365).await?));
        return Ok(());
    }
    measured.update.push(milliseconds(play.event("Update", 90).await?));
    measured.calls[1] = play.far.take_calls();
    measured.delete.push(milliseconds(play.event("Delete", 90).await?));
    measured.calls[2] = play.far.take_calls();
    play.stack = stack()?;
    measured.warm.push(milliseconds(play.event("Create", 365).await?));
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The id of a new stack, whose buckets have a host from now on.
fn stack() -> Result<String> {
    let guid = Uuid::new_v4();
    let id = format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/logs-analysis/{guid}");
    let ours = Identity::new(&id, "InvokeLambdaFunction").map_err(anyhow::Error::msg)?;
    let mut buckets = ours.bucket_names();
    buckets.push(format!("logs-{guid}"));
    network::add_buckets(&buckets)?;
    Ok(id)
}

/// One stack and the program behind it.
struct Play<'a> {
    program: &'a Program,
    far: &'a mut FarSide,
    runtime: &'a mut Runtime,
    stack: String,
    /// What the program called the resource in its answer to Create.
    id: String,
    arns: Vec<String>,
}

impl Play<'_> {
    /// Gives the program an event; how long it was until its answer had come in whole.
    async fn event(&mut self, request: &str, days: u32) -> Result<Duration> {
        let given = self.runtime.give(self.text(request, days));
        let answer = timeout(PATIENCE, self.far.answers.recv()).await;
        let what = || format!("{} does not answer {request}", self.program.name);
        let answer = answer.with_context(what)?.context("no answers")?;
        let done = timeout(PATIENCE, self.runtime.asked_for_next()).await;
        done.with_context(|| format!("{} does not end {request}", self.program.name))??;
        let status = &answer.body["Status"];
        ensure!(status == "SUCCESS", "{}, {request}: {}", self.program.name, answer.body);
        let id = answer.body["PhysicalResourceId"].as_str().unwrap_or_default();
        id.clone_into(&mut self.id);
        Ok(answer.at - given)
    }

    fn text(&self, request: &str, days: u32) -> Value {
        let properties = |days: u32| {
            json!({
                "LoadBalancers": self.arns,
                "VendorAccountId": "222233334444",
                "NotificationEndpoint": "https://intake.vendor.test/sns",
                "LogRetentionDays": days.to_string(),
                "LogKinds": "access,connection,health-check",
                "Version": "0.1.0",
            })
        };
        let mut event = json!({
            "RequestType": request,
            "ServiceToken": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler"),
            "ResponseURL": format!("https://{ANSWERS}/answer?X-Amz-Signature=0"),
            "StackId": self.stack,
            "RequestId": Uuid::new_v4().to_string(),
            "LogicalResourceId": "InvokeLambdaFunction",
            "ResourceType": "Custom::LogsAnalysisOnboarding",
            "ResourceProperties": properties(days),
        });
        if request != "Create" {
            event["PhysicalResourceId"] = json!(self.id);
        }
        if request == "Update" {
            event["OldResourceProperties"] = properties(365);
        }
        event
    }
}

/// A process that ends with this.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Milliseconds of processor time so far.
    fn cpu(&self) -> Result<f64> {
        // Nanoseconds that the process has run.
        let mut sum = 0.0;
        for task in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let run = text.split(' ').next().unwrap_or_default();
            sum += run.parse::<f64>()?;
        }
        Ok(sum / 1e6)
    }

    /// The most memory so far, in MB.
    fn memory(&self) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().split(' ').next()).context("no VmHWM")?;
        Ok(kilobytes.parse::<f64>()? / 1000.0)
    }
}
