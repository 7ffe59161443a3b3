//! Lambda functions run under the six roles, as POP's do, and use the credentials that Lambda hands
//! them: each role may do what the wiki lists and is refused everything else.

use anyhow::{Context, Result, ensure};
use harness::customer::Keys;
use serde_json::{Value, json};

use super::{
    account::{Account, Outputs, Request},
    wiki,
};

const EVERYBODY: [&str; 6] = [
    "POP.UnifiedEndpoint.app",
    "POP.Scheduler.app",
    "POP.Callback.trigger",
    "POP.Reclaimer.app",
    "POP.Reaper.app",
    "POP.authorizer",
];
const QUEUES: &[&str] = &["POP.UnifiedEndpoint.app", "POP.Scheduler.app"];
const TABLES: &[&str] = &[
    "POP.UnifiedEndpoint.app",
    "POP.Scheduler.app",
    "POP.Callback.trigger",
    "POP.Reclaimer.app",
    "POP.Reaper.app",
];
const FUNCTIONS: &[&str] = &["POP.Scheduler.app"];
const NOBODY: &[&str] = &[];

/// A call, and which of the roles may make it.
pub(super) type Call = (&'static str, &'static [&'static str], Request);

/// What the calls are about: a queue with messages, a table with a stream, a log group.
#[derive(Debug, Clone)]
pub(super) struct Things {
    queue: String,
    receipts: [String; 2],
    table: String,
    stream: String,
    shard: String,
    iterator: String,
    group: String,
}

/// A call of a service that speaks JSON, `service:Operation`.
pub(super) fn call(action: &str, body: &Value) -> Request {
    let (service, operation) = action.split_once(':').unwrap_or((action, ""));
    let streams = ["ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"];
    let (service, target) = match service {
        "sqs" => ("sqs", "AmazonSQS"),
        "dynamodb" if streams.contains(&operation) => ("dynamodb", "DynamoDBStreams_20120810"),
        "dynamodb" => ("dynamodb", "DynamoDB_20120810"),
        "kinesis" => ("kinesis", "Kinesis_20131202"),
        "secretsmanager" => ("secretsmanager", "secretsmanager"),
        _ => ("logs", "Logs_20140328"),
    };
    let headers = vec![
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("x-amz-target", format!("{target}.{operation}")),
    ];
    let body = body.to_string();
    Request { service, method: "POST", path: "/".to_owned(), headers, body }
}

/// A call of a service that takes a form.
pub(super) fn form(service: &'static str, text: &str) -> Request {
    let kind = "application/x-www-form-urlencoded".to_owned();
    let headers = vec![("content-type", kind)];
    Request { service, method: "POST", path: "/".to_owned(), headers, body: text.to_owned() }
}

/// A call of Lambda's, or S3's, that lies in method and path.
pub(super) fn rest(service: &'static str, method: &'static str, path: &str) -> Request {
    Request { service, method, path: path.to_owned(), ..Request::default() }
}

/// The functions of POP, as its main template would make them from the roles' ARNs. Each tells which
/// credentials it runs with.
pub(super) async fn run(account: &Account, outputs: &Outputs) -> Result<()> {
    let code = "import os\n\ndef handler(event, context):\n    return dict(os.environ)\n";
    let function = |(output, _): &(&str, &str)| {
        let properties = json!({
            "FunctionName": format!("POP-{output}"),
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": outputs[*output],
            "Code": {"ZipFile": code},
        });
        ((*output).to_owned(), json!({"Type": "AWS::Lambda::Function", "Properties": properties}))
    };
    let functions: serde_json::Map<String, Value> = wiki::OUTPUTS.iter().map(function).collect();
    let template = json!({"Resources": functions}).to_string();
    account.launch_text("functions", &template, &[]).await.map(drop)
}

/// What Lambda hands the function that runs under a role.
pub(super) async fn keys(account: &Account, output: &str) -> Result<Keys> {
    let path = format!("/2015-03-31/functions/POP-{output}/invocations");
    let answer = done(account, &rest("lambda", "POST", &path)).await?;
    let text = |name: &str| answer[name].as_str().map(str::to_owned).context("no credentials");
    let keys = (text("AWS_ACCESS_KEY_ID")?, text("AWS_SECRET_ACCESS_KEY")?);
    Ok((keys.0, keys.1, Some(text("AWS_SESSION_TOKEN")?)))
}

/// The root of the account does something, which has to succeed.
pub(super) async fn done(account: &Account, request: &Request) -> Result<Value> {
    let (status, body) = account.send(&account.keys, request).await?;
    ensure!(status == 200, "{request:?} was answered {status}: {body}");
    Ok(serde_json::from_str(&body)?)
}

pub(super) fn a_table(name: &str) -> Value {
    json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
    })
}

impl Things {
    async fn make(account: &Account) -> Result<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned).context("no text");
        let made = done(account, &call("sqs:CreateQueue", &json!({"QueueName": "work"}))).await?;
        let queue = text(&made["QueueUrl"])?;
        let message = json!({"QueueUrl": queue, "MessageBody": "agenda"});
        for _ in 0..2 {
            done(account, &call("sqs:SendMessage", &message)).await?;
        }
        let receive = json!({"QueueUrl": queue, "MaxNumberOfMessages": 2});
        let received = done(account, &call("sqs:ReceiveMessage", &receive)).await?;
        let receipt = |index: usize| text(&received["Messages"][index]["ReceiptHandle"]);
        let receipts = [receipt(0)?, receipt(1)?];
        let made = done(account, &call("dynamodb:CreateTable", &a_table("agendas"))).await?;
        let table = text(&made["TableDescription"]["TableArn"])?;
        let stream = text(&made["TableDescription"]["LatestStreamArn"])?;
        let described = json!({"StreamArn": stream});
        let described = done(account, &call("dynamodb:DescribeStream", &described)).await?;
        let shard = text(&described["StreamDescription"]["Shards"][0]["ShardId"])?;
        let from = json!({
            "StreamArn": stream,
            "ShardId": shard,
            "ShardIteratorType": "TRIM_HORIZON",
        });
        let begun = done(account, &call("dynamodb:GetShardIterator", &from)).await?;
        let iterator = text(&begun["ShardIterator"])?;
        Ok(Self {
            queue,
            receipts,
            table,
            stream,
            shard,
            iterator,
            group: "/aws/lambda/POP".to_owned(),
        })
    }

    fn queues(&self) -> Vec<Call> {
        let Self { queue, receipts: [first, second], .. } = self;
        let of = |action, who, mut body: Value| {
            body["QueueUrl"] = json!(queue);
            (action, who, call(action, &body))
        };
        let message = json!({"Id": "a", "MessageBody": "agenda"});
        let defer = json!({"Id": "a", "ReceiptHandle": first, "VisibilityTimeout": 60});
        let delete = json!({"Id": "a", "ReceiptHandle": second});
        vec![
            of("sqs:SendMessage", QUEUES, json!({"MessageBody": "agenda"})),
            of("sqs:SendMessageBatch", QUEUES, json!({"Entries": [message]})),
            of("sqs:ReceiveMessage", QUEUES, json!({})),
            of("sqs:ChangeMessageVisibility", QUEUES, defer.clone()),
            of("sqs:ChangeMessageVisibilityBatch", QUEUES, json!({"Entries": [defer]})),
            of("sqs:GetQueueUrl", QUEUES, json!({"QueueName": "work"})),
            of("sqs:GetQueueAttributes", QUEUES, json!({"AttributeNames": ["All"]})),
            of("sqs:DeleteMessageBatch", QUEUES, json!({"Entries": [delete]})),
            of("sqs:DeleteMessage", QUEUES, defer),
            of("sqs:ListQueues", NOBODY, json!({})),
            of("sqs:CreateQueue", NOBODY, json!({"QueueName": "more"})),
            of("sqs:SetQueueAttributes", NOBODY, json!({"Attributes": {"DelaySeconds": "1"}})),
            of("sqs:TagQueue", NOBODY, json!({"Tags": {"a": "b"}})),
            of(
                "sqs:AddPermission",
                NOBODY,
                json!({"Label": "x", "AWSAccountIds": ["111122223333"], "Actions": ["*"]}),
            ),
            of("sqs:PurgeQueue", NOBODY, json!({})),
            of("sqs:DeleteQueue", NOBODY, json!({})),
        ]
    }

    fn tables(&self) -> Vec<Call> {
        let of = |action, body| (action, TABLES, call(action, &body));
        let item = json!({"id": {"S": "1"}});
        let key = json!({"TableName": "agendas", "Key": item});
        let put = json!({"TableName": "agendas", "Item": item});
        let one = json!({"TableName": "agendas"});
        let query = json!({
            "TableName": "agendas",
            "KeyConditionExpression": "id = :id",
            "ExpressionAttributeValues": {":id": {"S": "1"}},
        });
        let update = json!({
            "TableName": "agendas",
            "Key": item,
            "UpdateExpression": "SET a = :a",
            "ExpressionAttributeValues": {":a": {"S": "1"}},
        });
        let batch = json!({"RequestItems": {"agendas": [{"PutRequest": {"Item": item}}]}});
        let keys = json!({"RequestItems": {"agendas": {"Keys": [item]}}});
        let mode = json!({"TableName": "scratch", "BillingMode": "PAY_PER_REQUEST"});
        vec![
            of("dynamodb:CreateTable", a_table("scratch")),
            of("dynamodb:DescribeTable", json!({"TableName": "scratch"})),
            of("dynamodb:UpdateTable", mode),
            of("dynamodb:DeleteTable", json!({"TableName": "scratch"})),
            of("dynamodb:ListTables", json!({})),
            of("dynamodb:ListTagsOfResource", json!({"ResourceArn": self.table})),
            of("dynamodb:PutItem", put),
            of("dynamodb:GetItem", key.clone()),
            of("dynamodb:UpdateItem", update),
            of("dynamodb:BatchWriteItem", batch),
            of("dynamodb:BatchGetItem", keys),
            of("dynamodb:Query", query),
            of("dynamodb:Scan", one),
            of("dynamodb:DeleteItem", key),
            of("dynamodb:ListStreams", json!({})),
            of("dynamodb:DescribeStream", json!({"StreamArn": self.stream})),
            of(
                "dynamodb:GetShardIterator",
                json!({
                    "StreamArn": self.stream,
                    "ShardId": self.shard,
                    "ShardIteratorType": "TRIM_HORIZON",
                }),
            ),
            of("dynamodb:GetRecords", json!({"ShardIterator": self.iterator})),
        ]
    }

    fn tables_refused(&self) -> Vec<Call> {
        let of = |action, body| (action, NOBODY, call(action, &body));
        let one = json!({"TableName": "agendas"});
        let expires = json!({
            "TableName": "agendas",
            "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "a"},
        });
        let tags = json!([{"Key": "a", "Value": "b"}]);
        vec![
            of("dynamodb:DescribeLimits", json!({})),
            of("dynamodb:TagResource", json!({"ResourceArn": self.table, "Tags": tags})),
            of("dynamodb:UntagResource", json!({"ResourceArn": self.table, "TagKeys": ["a"]})),
            of("dynamodb:DescribeTimeToLive", one.clone()),
            of("dynamodb:UpdateTimeToLive", expires),
            of("dynamodb:DescribeContinuousBackups", one),
            of("dynamodb:CreateBackup", json!({"TableName": "agendas", "BackupName": "backup"})),
        ]
    }

    fn the_rest(&self, account: &Account) -> Vec<Call> {
        let group = json!({"logGroupName": self.group});
        let role = format!("arn:aws:iam::{}:role/POP.Scheduler.app", account.id);
        let invoke = "/2015-03-31/functions/POP-ReaperRole/invocations";
        let functions = "/2015-03-31/functions";
        let assume = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=other&RoleArn={}",
            role.replace(':', "%3A").replace('/', "%2F")
        );
        vec![
            ("lambda:InvokeFunction", FUNCTIONS, rest("lambda", "POST", invoke)),
            ("lambda:ListFunctions", NOBODY, rest("lambda", "GET", "/2015-03-31/functions/")),
            (
                "lambda:GetFunction",
                NOBODY,
                rest("lambda", "GET", &format!("{functions}/POP-ReaperRole")),
            ),
            (
                "lambda:DeleteFunction",
                NOBODY,
                rest("lambda", "DELETE", &format!("{functions}/POP-ReaperRole")),
            ),
            ("lambda:CreateFunction", NOBODY, rest("lambda", "POST", functions)),
            ("logs:DescribeLogGroups", NOBODY, call("logs:DescribeLogGroups", &json!({}))),
            ("logs:DeleteLogGroup", NOBODY, call("logs:DeleteLogGroup", &group)),
            ("ec2:DescribeSubnets", &EVERYBODY, form("ec2", "Action=DescribeSubnets")),
            ("ec2:DescribeVpcs", NOBODY, form("ec2", "Action=DescribeVpcs")),
            ("iam:ListRoles", NOBODY, form("iam", "Action=ListRoles&Version=2010-05-08")),
            (
                "iam:AttachRolePolicy",
                NOBODY,
                form(
                    "iam",
                    "Action=AttachRolePolicy&Version=2010-05-08&RoleName=POP.authorizer\
                     &PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FAdministratorAccess",
                ),
            ),
            ("sts:AssumeRole", NOBODY, form("sts", &assume)),
            ("sns:ListTopics", NOBODY, form("sns", "Action=ListTopics&Version=2010-03-31")),
            ("s3:ListAllMyBuckets", NOBODY, rest("s3", "GET", "/")),
            ("kinesis:ListStreams", NOBODY, call("kinesis:ListStreams", &json!({}))),
            ("secretsmanager:ListSecrets", NOBODY, call("secretsmanager:ListSecrets", &json!({}))),
        ]
    }

    /// Each role writes a log of its own.
    fn logs(&self, role: &str) -> Vec<Call> {
        let group = format!("{}/{role}", self.group);
        let stream = json!({"logGroupName": group, "logStreamName": "a"});
        let mut events = stream.clone();
        events["logEvents"] = json!([{"timestamp": 1_700_000_000_000_u64, "message": "hello"}]);
        let of = |action, body| (action, &EVERYBODY[..], call(action, &body));
        vec![
            of("logs:CreateLogGroup", json!({"logGroupName": group})),
            of("logs:CreateLogStream", stream),
            of("logs:PutLogEvents", events),
        ]
    }
}

/// Whether a call was let through; an error if it failed for any other reason.
pub(super) async fn may(
    account: &Account,
    keys: &Keys,
    action: &str,
    of: &Request,
) -> Result<bool> {
    let (status, body) = account.send(keys, of).await?;
    let refused = body.contains("not authorized to perform") && body.contains(action);
    ensure!(refused || status == 200 || status == 201, "{action}: {status} {body}");
    Ok(!refused)
}

#[tokio::test]
async fn each_role_may_do_what_the_wiki_lists_and_nothing_else() -> Result<()> {
    let account = Account::new().await?;
    let outputs = account.launch("pop", &[]).await?;
    run(&account, &outputs).await?;
    for (output, role) in wiki::OUTPUTS {
        let keys = keys(&account, output).await?;
        let things = Things::make(&account).await?;
        let calls = [
            things.queues(),
            things.tables(),
            things.tables_refused(),
            things.the_rest(&account),
            things.logs(role),
        ];
        for (action, who, request) in calls.concat() {
            let may = may(&account, &keys, action, &request).await.context(role)?;
            assert_eq!(may, who.contains(&role), "{role}, {action}");
        }
        let queue = json!({"QueueUrl": things.queue});
        account.send(&account.keys, &call("sqs:DeleteQueue", &queue)).await?;
        let table = json!({"TableName": "agendas"});
        account.send(&account.keys, &call("dynamodb:DeleteTable", &table)).await?;
    }
    Ok(())
}
