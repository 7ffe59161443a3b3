"""What the handler does, with boto3: the same Create, Update and Delete, call by call.

Clients are made when the module is loaded, as AWS advises: at a cold start that is the phase with the
most CPU. The answer goes out with urllib, as in AWS's own cfnresponse.
"""

import json
import os
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

config = Config(
    connect_timeout=3,
    read_timeout=15,
    retries={"mode": "standard", "max_attempts": 5},
    s3={"addressing_style": "path"},
)
elb = boto3.client("elbv2", config=config)
s3 = boto3.client("s3", config=config)
sns = boto3.client("sns", config=config)


def absent(call, **arguments):
    """The call's answer, or None if that is how things are."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in (
            "404",
            "BucketNotEmpty",  # holds logs: it stays
            "NoSuchBucket",
            "NoSuchBucketPolicy",
            "NoSuchLifecycleConfiguration",
            "NoSuchTagSet",
            "NotFound",
            "NotFoundException",
            "ResourceNotFound",
        ):
            return None
        raise


class Names:
    """Every name of a stack, from its id."""

    def __init__(self, event):
        self.stack = event["StackId"]
        _, _, _, self.region, self.account, path = self.stack.split(":", 5)
        guid = path.split("/")[2]
        self.name = f"DTLogsAnalysis-{guid}-{event['LogicalResourceId']}"
        self.topic = f"arn:aws:sns:{self.region}:{self.account}:{self.name}"
        self.bucket = f"logs-{guid}"
        properties = event["ResourceProperties"]
        self.load_balancers = properties["LoadBalancers"]
        self.days = int(properties["LogRetentionDays"])
        self.vendor = properties["VendorAccountId"]
        self.endpoint = properties["NotificationEndpoint"]
        self.folder = f"AWSLogs/{self.account}"

    def topic_policy(self):
        return json.dumps({"Version": "2012-10-17", "Statement": [{
            "Sid": "DTLogsAnalysisPublish", "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish",
            "Resource": self.topic,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": self.account},
                "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{self.bucket}"},
            },
        }]})

    def bucket_policy(self):
        everything = f"arn:aws:s3:::{self.bucket}/{self.folder}/*"
        return json.dumps({"Version": "2012-10-17", "Statement": [
            {
                "Sid": "DTLogsAnalysisWrite", "Effect": "Allow",
                "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                "Action": "s3:PutObject", "Resource": everything,
            },
            {
                "Sid": "DTLogsAnalysisRead", "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{self.vendor}:root"},
                "Action": "s3:GetObject", "Resource": everything,
            },
        ]})

    def lifecycle(self):
        return {"Rules": [{
            "ID": "DTLogsAnalysis", "Status": "Enabled", "Filter": {"Prefix": ""},
            "Expiration": {"Days": self.days},
        }]}

    def notifications(self):
        return {"TopicConfigurations": [{
            "Id": self.name, "TopicArn": self.topic, "Events": ["s3:ObjectCreated:*"],
        }]}

    def of_bucket(self):
        return {"Bucket": self.bucket, "ExpectedBucketOwner": self.account}


def logging(names, on):
    attributes = []
    for kind in ("access_logs", "connection_logs", "health_check_logs"):
        attributes.append({"Key": f"{kind}.s3.enabled", "Value": "true" if on else "false"})
        if on:
            attributes.append({"Key": f"{kind}.s3.bucket", "Value": names.bucket})
    for arn in names.load_balancers:
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)


def look_at_load_balancers(names):
    for arn in names.load_balancers:
        elb.describe_load_balancer_attributes(LoadBalancerArn=arn)


def create(names):
    absent(sns.list_tags_for_resource, ResourceArn=names.topic)
    look_at_load_balancers(names)
    absent(s3.head_bucket, **names.of_bucket())
    sns.create_topic(
        Name=names.name,
        Attributes={"Policy": names.topic_policy(), "SignatureVersion": "2"},
        Tags=[{"Key": "logs-analysis:stack", "Value": names.stack}],
    )
    sns.list_tags_for_resource(ResourceArn=names.topic)
    place = {"LocationConstraint": names.region}
    s3.create_bucket(Bucket=names.bucket, CreateBucketConfiguration=place)
    s3.get_public_access_block(**names.of_bucket())
    s3.put_bucket_lifecycle_configuration(
        LifecycleConfiguration=names.lifecycle(), **names.of_bucket()
    )
    s3.put_bucket_policy(Policy=names.bucket_policy(), **names.of_bucket())
    sns.set_topic_attributes(
        TopicArn=names.topic, AttributeName="Policy", AttributeValue=names.topic_policy()
    )
    s3.put_bucket_notification_configuration(
        NotificationConfiguration=names.notifications(), **names.of_bucket()
    )
    sns.subscribe(TopicArn=names.topic, Protocol="https", Endpoint=names.endpoint)
    logging(names, True)


def look(names):
    sns.list_tags_for_resource(ResourceArn=names.topic)
    look_at_load_balancers(names)
    s3.head_bucket(**names.of_bucket())
    absent(s3.get_bucket_policy, **names.of_bucket())
    s3.get_bucket_notification_configuration(**names.of_bucket())
    absent(s3.get_bucket_lifecycle_configuration, **names.of_bucket())
    absent(s3.get_bucket_tagging, **names.of_bucket())
    s3.get_public_access_block(**names.of_bucket())


def update(names):
    look(names)
    s3.get_bucket_encryption(**names.of_bucket())
    sns.get_topic_attributes(TopicArn=names.topic)
    sns.list_subscriptions_by_topic(TopicArn=names.topic)
    s3.put_bucket_lifecycle_configuration(
        LifecycleConfiguration=names.lifecycle(), **names.of_bucket()
    )
    sns.subscribe(TopicArn=names.topic, Protocol="https", Endpoint=names.endpoint)
    # And once more, whether it is so.
    s3.get_bucket_lifecycle_configuration(**names.of_bucket())
    sns.list_tags_for_resource(ResourceArn=names.topic)


def delete(names):
    look(names)
    logging(names, False)
    # What others may have written is read just before it is replaced, and looked at afterwards.
    s3.get_bucket_notification_configuration(**names.of_bucket())
    s3.put_bucket_notification_configuration(NotificationConfiguration={}, **names.of_bucket())
    s3.get_bucket_notification_configuration(**names.of_bucket())
    s3.get_bucket_policy(**names.of_bucket())
    s3.put_bucket_policy(Policy=names.bucket_policy(), **names.of_bucket())
    s3.get_bucket_policy(**names.of_bucket())
    absent(s3.delete_bucket, **names.of_bucket())
    sns.delete_topic(TopicArn=names.topic)


def handler(event, context):
    answer = {
        "Status": "SUCCESS",
        "PhysicalResourceId": event["StackId"],
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    try:
        names = Names(event)
        {"Create": create, "Update": update, "Delete": delete}[event["RequestType"]](names)
    except Exception as error:
        answer["Status"], answer["Reason"] = "FAILED", str(error)
    body = json.dumps(answer).encode()
    request = urllib.request.Request(
        event["ResponseURL"], data=body, method="PUT", headers={"content-type": ""}
    )
    urllib.request.urlopen(request, timeout=15).read()
