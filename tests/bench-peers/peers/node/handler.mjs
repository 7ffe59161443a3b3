// What the handler does, with AWS's SDK for JavaScript: the same Create, Update and Delete. What does not
// depend on each other runs side by side. Bundled by esbuild, as AWS advises.

import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent, request as httpsRequest } from "node:https";

import {
  DescribeLoadBalancerAttributesCommand,
  ElasticLoadBalancingV2Client,
  ModifyLoadBalancerAttributesCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTagsForResourceCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";

const elb = new ElasticLoadBalancingV2Client({ maxAttempts: 5 });
const s3 = new S3Client({ maxAttempts: 5, forcePathStyle: true });
const sns = new SNSClient({ maxAttempts: 5 });
const agent = new Agent({ keepAlive: true });

const ABSENT = new Set([
  "BucketNotEmpty", // holds logs: it stays
  "NoSuchBucket",
  "NoSuchBucketPolicy",
  "NoSuchLifecycleConfiguration",
  "NoSuchTagSet",
  "NotFound",
  "NotFoundException",
  "ResourceNotFound",
  "ResourceNotFoundException",
]);

async function absent(call) {
  try {
    return await call;
  } catch (error) {
    if (ABSENT.has(error.name) || error.$metadata?.httpStatusCode === 404) return undefined;
    throw error;
  }
}

function namesOf(event) {
  const [, , , region, account, path] = event.StackId.split(":");
  const guid = path.split("/")[2];
  const properties = event.ResourceProperties;
  const name = `DTLogsAnalysis-${guid}-${event.LogicalResourceId}`;
  const topic = `arn:aws:sns:${region}:${account}:${name}`;
  const bucket = `logs-${guid}`;
  const everything = `arn:aws:s3:::${bucket}/AWSLogs/${account}/*`;
  return {
    stack: event.StackId,
    region,
    account,
    name,
    topic,
    bucket,
    loadBalancers: properties.LoadBalancers,
    endpoint: properties.NotificationEndpoint,
    ofBucket: { Bucket: bucket, ExpectedBucketOwner: account },
    topicPolicy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "DTLogsAnalysisPublish",
          Effect: "Allow",
          Principal: { Service: "s3.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic,
          Condition: {
            StringEquals: { "aws:SourceAccount": account },
            ArnEquals: { "aws:SourceArn": `arn:aws:s3:::${bucket}` },
          },
        },
      ],
    }),
    bucketPolicy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "DTLogsAnalysisWrite",
          Effect: "Allow",
          Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
          Action: "s3:PutObject",
          Resource: everything,
        },
        {
          Sid: "DTLogsAnalysisRead",
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${properties.VendorAccountId}:root` },
          Action: "s3:GetObject",
          Resource: everything,
        },
      ],
    }),
    lifecycle: {
      Rules: [
        {
          ID: "DTLogsAnalysis",
          Status: "Enabled",
          Filter: { Prefix: "" },
          Expiration: { Days: Number(properties.LogRetentionDays) },
        },
      ],
    },
    notifications: {
      TopicConfigurations: [{ Id: name, TopicArn: topic, Events: ["s3:ObjectCreated:*"] }],
    },
  };
}

function logging(names, on) {
  const Attributes = ["access_logs", "connection_logs", "health_check_logs"].flatMap((kind) => [
    { Key: `${kind}.s3.enabled`, Value: String(on) },
    ...(on ? [{ Key: `${kind}.s3.bucket`, Value: names.bucket }] : []),
  ]);
  return names.loadBalancers.map((LoadBalancerArn) =>
    elb.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes })),
  );
}

const loadBalancers = (names) =>
  names.loadBalancers.map((LoadBalancerArn) =>
    elb.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn })),
  );
const tags = (names) => sns.send(new ListTagsForResourceCommand({ ResourceArn: names.topic }));
const ofBucket = (names, Command, more) => s3.send(new Command({ ...names.ofBucket, ...more }));

async function create(names) {
  const { ofBucket: bucket, topic: TopicArn } = names;
  await Promise.all([
    absent(tags(names)),
    absent(s3.send(new HeadBucketCommand(bucket))),
    ...loadBalancers(names),
  ]);
  await sns.send(
    new CreateTopicCommand({
      Name: names.name,
      Attributes: { Policy: names.topicPolicy, SignatureVersion: "2" },
      Tags: [{ Key: "logs-analysis:stack", Value: names.stack }],
    }),
  );
  const place = { LocationConstraint: names.region };
  const made = { Bucket: names.bucket, CreateBucketConfiguration: place };
  await Promise.all([tags(names), s3.send(new CreateBucketCommand(made))]);
  await ofBucket(names, GetPublicAccessBlockCommand);
  await ofBucket(names, PutBucketLifecycleConfigurationCommand, {
    LifecycleConfiguration: names.lifecycle,
  });
  const policy = { AttributeName: "Policy", AttributeValue: names.topicPolicy };
  await Promise.all([
    ofBucket(names, PutBucketPolicyCommand, { Policy: names.bucketPolicy }),
    sns.send(new SetTopicAttributesCommand({ TopicArn, ...policy })),
  ]);
  const endpoint = { Protocol: "https", Endpoint: names.endpoint };
  await Promise.all([
    ofBucket(names, PutBucketNotificationConfigurationCommand, {
      NotificationConfiguration: names.notifications,
    }),
    sns.send(new SubscribeCommand({ TopicArn, ...endpoint })),
  ]);
  await Promise.all(logging(names, true));
}

const look = (names) => [
  tags(names),
  ...loadBalancers(names),
  ofBucket(names, HeadBucketCommand),
  absent(ofBucket(names, GetBucketPolicyCommand)),
  ofBucket(names, GetBucketNotificationConfigurationCommand),
  absent(ofBucket(names, GetBucketLifecycleConfigurationCommand)),
  absent(ofBucket(names, GetBucketTaggingCommand)),
  ofBucket(names, GetPublicAccessBlockCommand),
];

async function update(names) {
  const TopicArn = names.topic;
  await Promise.all([
    ...look(names),
    ofBucket(names, GetBucketEncryptionCommand),
    sns.send(new GetTopicAttributesCommand({ TopicArn })),
    sns.send(new ListSubscriptionsByTopicCommand({ TopicArn })),
  ]);
  await Promise.all([
    ofBucket(names, PutBucketLifecycleConfigurationCommand, {
      LifecycleConfiguration: names.lifecycle,
    }),
    sns.send(new SubscribeCommand({ TopicArn, Protocol: "https", Endpoint: names.endpoint })),
  ]);
  await Promise.all([ofBucket(names, GetBucketLifecycleConfigurationCommand), tags(names)]);
}

async function remove(names) {
  await Promise.all(look(names));
  await Promise.all(logging(names, false));
  // What others may have written is read just before it is replaced, and looked at afterwards.
  await ofBucket(names, GetBucketNotificationConfigurationCommand);
  await ofBucket(names, PutBucketNotificationConfigurationCommand, {
    NotificationConfiguration: {},
  });
  await ofBucket(names, GetBucketNotificationConfigurationCommand);
  await ofBucket(names, GetBucketPolicyCommand);
  await ofBucket(names, PutBucketPolicyCommand, { Policy: names.bucketPolicy });
  await ofBucket(names, GetBucketPolicyCommand);
  await absent(ofBucket(names, DeleteBucketCommand));
  await sns.send(new DeleteTopicCommand({ TopicArn: names.topic }));
}

function put(url, body) {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
    const request = httpsRequest(url, { method: "PUT", headers, agent }, (answer) => {
      answer.resume();
      answer.on("end", resolve);
    });
    request.on("error", reject);
    request.end(body);
  });
}

export async function handler(event) {
  const { StackId, RequestId, LogicalResourceId } = event;
  const answer = { Status: "SUCCESS", PhysicalResourceId: StackId, StackId, RequestId, LogicalResourceId };
  try {
    await { Create: create, Update: update, Delete: remove }[event.RequestType](namesOf(event));
  } catch (error) {
    answer.Status = "FAILED";
    answer.Reason = String(error);
  }
  await put(event.ResponseURL, JSON.stringify(answer));
}

// Lambda's own runtime client for Node needs a C++ tool chain to install; the loop is what it does.
const [apiHost, apiPort] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const apiAgent = new HttpAgent({ keepAlive: true });
const invocation = "/2018-06-01/runtime/invocation";
function api(method, path, body) {
  return new Promise((resolve, reject) => {
    const options = { method, host: apiHost, port: apiPort, path: `${invocation}/${path}`, agent: apiAgent };
    const request = httpRequest(options, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}
for (;;) {
  const next = await api("GET", "next");
  await handler(JSON.parse(next.text));
  await api("POST", `${next.headers["lambda-runtime-aws-request-id"]}/response`, "null");
}
