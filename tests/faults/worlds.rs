//! What is there before the stack, and what the stack is launched with.

use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock, PoisonError},
};

use harness::{
    checks::{Empty, Filter, Rule},
    cloudformation::{ENDPOINT, Launch, RESOURCE},
    customer::elb_may_write,
    iam::Policy,
    model::{
        Rules,
        account::{Account, Bucket, LoadBalancer, Topic},
    },
};
use serde_json::{Map, Value, json};

/// The customer's account.
pub(crate) const ACCOUNT: &str = "111122223333";
/// Where everything is.
pub(crate) const REGION: &str = "eu-west-1";
/// The stack.
pub(crate) const STACK: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/logs/\
                         0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0";
/// The customer's bucket, where there is one.
pub(crate) const THEIRS: &str = "customers-own-logs";
/// The customer's topic, where there is one.
pub(crate) const THEIR_TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:customers-topic";

/// The ARN of a load balancer.
pub(crate) fn load_balancer(path: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/{path}")
}

/// An account, how AWS behaves in it, and what the stack is launched and updated with.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// What the table of call sites calls it.
    pub name: &'static str,
    /// What is there.
    pub account: Account,
    /// How AWS behaves.
    pub rules: Rules,
    /// What the stack is launched with.
    pub launch: Launch,
    /// What it is updated with.
    pub update: Launch,
}

/// A stack of these load balancers that reports to the onboarding service.
fn launch(load_balancers: &[&str]) -> Launch {
    let token = format!("{}0123456789abcdefghijklmnopqrstuv", crate::clients::CANARIES[1]);
    Launch::of(load_balancers).reporting("https://onboarding.vendor.test/reports", &token)
}

/// An account with three load balancers that do not log, and AWS on a good day.
pub(crate) fn plain() -> World {
    let mut account = Account::default();
    for path in ["app/web/50dc6c495c0c9188", "app/api/60dc6c495c0c9188", "net/tcp/70dc6c495c0c9188"]
    {
        let arn = load_balancer(path);
        account.load_balancers.insert(arn.clone(), LoadBalancer::new(&arn));
    }
    let rules = Rules {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        vendor_confirms: true,
        ..Rules::default()
    };
    let web = load_balancer("app/web/50dc6c495c0c9188");
    let tcp = load_balancer("net/tcp/70dc6c495c0c9188");
    let launch = launch(&[&web]);
    let update = Launch { retention: "30".to_owned(), ..self::launch(&[&web, &tcp]) };
    World { name: "plain", account, rules, launch, update }
}

/// The same, and the customer has a bucket with a policy and notifications of his own, to which one of
/// the load balancers logs already.
pub(crate) fn with_own_bucket() -> World {
    let mut world = World { name: "own bucket", ..plain() };
    let mut bucket = Bucket::of(ACCOUNT, REGION);
    bucket.allow(elb_may_write(THEIRS, "", ACCOUNT));
    bucket.allow(json!({
        "Sid": "Auditors", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{THEIRS}/audit/*"),
    }));
    bucket.notifications.queues.push(Rule {
        id: Some("audit".to_owned()),
        queue: Some(format!("arn:aws:sqs:{REGION}:{ACCOUNT}:audit")),
        events: vec!["s3:ObjectCreated:*".to_owned()],
        filter: Some(Filter::of("audit/", "")),
        ..Rule::default()
    });
    bucket.notifications.event_bridge = Some(Empty {});
    bucket.tags.insert("team".to_owned(), "platform".to_owned());
    bucket.objects.insert(format!("AWSLogs/{ACCOUNT}/elasticloadbalancing/log.gz"));
    world.account.buckets.insert(THEIRS.to_owned(), bucket);
    let api = load_balancer("app/api/60dc6c495c0c9188");
    let logging = LoadBalancer::new(&api).logging("access_logs.s3", THEIRS, "");
    world.account.load_balancers.insert(api.clone(), logging);
    let web = load_balancer("app/web/50dc6c495c0c9188");
    world.launch = launch(&[&web, &api]).into_bucket(THEIRS);
    world.update = launch(&[&web]);
    world
}

/// The same, but everything in that bucket is told to a topic of the customer's already.
pub(crate) fn with_own_topic() -> World {
    let mut world = World { name: "own topic", ..with_own_bucket() };
    world.account.topics.insert(
        THEIR_TOPIC.to_owned(),
        Topic {
            signature_version: "1".to_owned(),
            policy: Some(json!({"Version": "2012-10-17", "Statement": [{
                "Sid": "Own", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sns:Publish", "Resource": THEIR_TOPIC,
            }]})),
            ..Topic::default()
        },
    );
    if let Some(bucket) = world.account.buckets.get_mut(THEIRS) {
        bucket.notifications.queues.clear();
        bucket.notifications.topics.push(Rule {
            id: Some("all".to_owned()),
            topic: Some(THEIR_TOPIC.to_owned()),
            events: vec!["s3:ObjectCreated:*".to_owned()],
            ..Rule::default()
        });
    }
    world
}

/// By launch: properties and role.
type Known = BTreeMap<String, (Map<String, Value>, Policy)>;

/// The custom resource's properties and the function's role, as the template makes them of a launch.
pub(crate) fn template(launch: &Launch) -> (Map<String, Value>, Policy) {
    static KNOWN: OnceLock<Mutex<Known>> = OnceLock::new();
    let mut known =
        KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let read = || {
        let template = launch.template(STACK).expect("the template can be rendered");
        let properties = template.properties(RESOURCE).expect("the custom resource is there");
        let role = template.role_policy("DTLogsAnalysisLambdaExecutionRole");
        (properties, role.expect("the role is there"))
    };
    known.entry(format!("{launch:?}")).or_insert_with(read).clone()
}

/// The address that the vendor is told at.
pub(crate) fn endpoint() -> &'static str {
    ENDPOINT
}
