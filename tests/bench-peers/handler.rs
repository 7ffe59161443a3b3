//! The handler against its peers: from the start of the process to the answer.

mod far_side;
mod network;
mod programs;
mod runtime;
mod share;

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use handler::identity::Identity;
use harness::process;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use self::{
    far_side::{ACCOUNT, ANSWERS, Call, FarSide, REGION},
    programs::Program,
    runtime::Runtime,
    share::Share,
};
pub(crate) use self::{
    network::is_inside,
    programs::{BARE, NODE, OURS, PYTHON},
};
use crate::{
    machine,
    statistics::{Series, Summary},
};

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HandlerPart {
    /// What it ran on.
    pub(crate) machine: String,
    /// How often each program ran in each setup.
    pub(crate) rounds: u16,
    /// The programs.
    pub(crate) programs: Vec<About>,
    /// What was measured in each setup.
    pub(crate) setups: Vec<Comparison>,
}

/// A program, for the report.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct About {
    /// As the tables call it.
    pub(crate) name: String,
    /// What it is.
    pub(crate) words: String,
    /// What is uploaded for it.
    pub(crate) package_mb: f64,
}

/// One setup, and what was measured in it, program by program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Comparison {
    /// What was varied.
    pub(crate) setup: Setup,
    /// By program and by what was measured; milliseconds, and MB for the memory.
    pub(crate) values: BTreeMap<String, BTreeMap<String, Summary>>,
    /// The calls of Create, Update and Delete, by program.
    pub(crate) calls: BTreeMap<String, [Calls; 3]>,
}

/// The calls of one event, as they were seen on the wire.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Calls {
    /// All.
    pub(crate) count: usize,
    /// How many had to wait for one another.
    pub(crate) depth: usize,
}

/// Builds the programs, and measures them in a network of their own.
pub(crate) fn measure(folder: &Path) -> Result<HandlerPart> {
    // Outside, since inside there is no way to a registry; inside then finds everything built.
    programs::all(folder)?;
    network::run_inside()?;
    Ok(serde_json::from_str(&fs::read_to_string(folder.join(RESULT))?)?)
}

const RESULT: &str = "handler.json";

/// The measurement itself.
pub(crate) async fn measure_inside(folder: &Path, rounds: u16) -> Result<()> {
    let programs = programs::all(folder)?;
    network::set_up(folder)?;
    let mut far = FarSide::start(folder).await?;
    let mut all = Vec::new();
    for setup in setups() {
        all.push(compare(rounds, &programs, &mut far, setup).await?);
    }
    let about = |one: &Program| About {
        name: one.name.to_owned(),
        words: one.about.clone(),
        #[expect(clippy::cast_precision_loss, reason = "megabytes")]
        package_mb: one.package as f64 / 1e6,
    };
    let programs = programs.iter().map(about).collect();
    let part = HandlerPart { machine: machine::describe(), rounds, programs, setups: all };
    fs::write(folder.join(RESULT), serde_json::to_string(&part)?)?;
    Ok(())
}

/// What a real account looks like lies between 20 and 80 ms a call.
fn setups() -> Vec<Setup> {
    let plain = Setup { latency_ms: 0, load_balancers: 1, small: false };
    let slow = |latency_ms: u64| Setup { latency_ms, ..plain };
    vec![
        plain,
        Setup { small: true, ..plain },
        slow(20),
        slow(80),
        Setup { load_balancers: 3, ..slow(80) },
        Setup { load_balancers: 25, ..slow(80) },
    ]
}

async fn compare(
    rounds: u16,
    programs: &[Program],
    far: &mut FarSide,
    setup: Setup,
) -> Result<Comparison> {
    let mut all: Vec<Measured> = programs.iter().map(|_| Measured::default()).collect();
    // The first round warms what all of them read, and does not count.
    for number in 0..=rounds {
        for (program, measured) in programs.iter().zip(&mut all) {
            let mut first = Measured::default();
            let into = if number == 0 { &mut first } else { &mut *measured };
            round(program, far, setup, into).await?;
        }
    }
    same_calls(programs, &all)?;
    let names = programs.iter().map(|one| one.name.to_owned());
    let calls = |of: &Measured| {
        of.calls.each_ref().map(|calls| Calls {
            count: calls.len(),
            depth: harness::proxy::depth(calls.iter().map(|call| call.span)),
        })
    };
    Ok(Comparison {
        setup,
        values: names.clone().zip(all.iter().map(Measured::summaries)).collect(),
        calls: names.zip(all.iter().map(calls)).collect(),
    })
}

/// Peers that called AWS more or less often than the handler would be measured at something else.
fn same_calls(programs: &[Program], all: &[Measured]) -> Result<()> {
    let operations = |of: &Measured| of.calls.each_ref().map(|calls| operations(calls));
    let mut working = programs.iter().zip(all).filter(|(program, _)| program.works);
    let (_, ours) = working.next().context("nothing works")?;
    let ours = operations(ours);
    for (program, theirs) in working {
        let theirs = operations(theirs);
        ensure!(theirs == ours, "{} calls {theirs:#?}, and not {ours:#?}", program.name);
    }
    Ok(())
}

/// How often each operation was called.
fn operations(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for call in calls {
        *counted.entry(call.operation.clone()).or_default() += 1;
    }
    counted
}

/// Longer than the slowest program takes at the smallest share.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// How long AWS takes for each call, in milliseconds.
    pub(crate) latency_ms: u64,
    /// How many load balancers the stack is for.
    pub(crate) load_balancers: usize,
    /// Whether the program has the share of a function of 128 MB once it has asked for an event.
    pub(crate) small: bool,
}

/// What was measured of a program in one setup; times in milliseconds.
#[derive(Debug, Clone, Default)]
struct Measured {
    /// From the start to the first question for an event.
    init: Series,
    /// From then to the answer to the first event, a Create.
    first: Series,
    /// Both.
    cold: Series,
    /// A Create of another stack, later.
    warm: Series,
    /// An Update of the first stack.
    update: Series,
    /// Its Delete.
    delete: Series,
    /// Processor time until the first answer.
    cpu: Series,
    /// The most memory until the first answer, in MB.
    memory: Series,
    /// The calls of the last round's Create, Update and Delete.
    calls: [Vec<Call>; 3],
}

impl Measured {
    fn summaries(&self) -> BTreeMap<String, Summary> {
        let all = [
            ("init", &self.init),
            ("first", &self.first),
            ("cold", &self.cold),
            ("warm", &self.warm),
            ("update", &self.update),
            ("delete", &self.delete),
            ("cpu", &self.cpu),
            ("memory", &self.memory),
        ];
        let summary = |(name, series): (&str, &Series)| Some((name.to_owned(), series.summary()?));
        all.into_iter().filter_map(summary).collect()
    }
}

/// One life of a process: a cold Create, Update, Delete, and a Create of another stack.
async fn round(
    program: &Program,
    far: &mut FarSide,
    setup: Setup,
    measured: &mut Measured,
) -> Result<()> {
    let arns = far.renew(setup.load_balancers, Duration::from_millis(setup.latency_ms));
    let share = if setup.small { Some(Share::new()?) } else { None };
    let mut runtime = Runtime::start().await?;
    let begun = Instant::now();
    let process = program.start(far, runtime.port)?;
    let ready = timeout(PATIENCE, runtime.asked_for_next()).await;
    let ready = ready.with_context(|| format!("{} asks for no event", program.name))??;
    // What a program asks for at its start is not of an event.
    far.take_calls();
    if let Some(share) = &share {
        share.limit(process.0.id())?;
    }
    let mut play =
        Play { program, far, runtime: &mut runtime, stack: stack()?, id: String::new(), arns };
    let first = play.event("Create", 365).await?;
    measured.init.push(milliseconds(ready - begun));
    measured.first.push(milliseconds(first));
    measured.cold.push(milliseconds(ready - begun + first));
    measured.cpu.push(process::cpu_of_threads(process.0.id())?);
    measured.memory.push(process::memory(process.0.id())?);
    measured.calls[0] = play.far.take_calls();
    if !program.works {
        measured.warm.push(milliseconds(play.event("Create", 365).await?));
        return Ok(());
    }
    measured.update.push(milliseconds(play.event("Update", 90).await?));
    measured.calls[1] = play.far.take_calls();
    measured.delete.push(milliseconds(play.event("Delete", 90).await?));
    measured.calls[2] = play.far.take_calls();
    if setup.latency_ms > 0 {
        // Where AWS takes most of the time, it is as long as the first one.
        return Ok(());
    }
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
    network::list_hosts(&buckets)?;
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
