//! The model of AWS answers as two emulators do, so that what is proved on it is not wishful thinking.

use std::fmt::Write as _;

use aws_sdk_s3::{
    config::Credentials,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        BucketLocationConstraint, CreateBucketConfiguration, Event, NotificationConfiguration, Tag,
        TopicConfiguration,
    },
};
use handler::aws::Clients;
use harness::{
    cloudformation::{Lab, fresh_account},
    customer::elb_may_write,
    emulators::{self, Kind},
    model::{
        Aws, Rules,
        account::{Account, LoadBalancer},
    },
};
use serde_json::{Value, json};

const REGION: &str = "eu-west-1";

/// What is asked of each, and what each says.
struct Questions {
    aws: Clients,
    account: String,
    load_balancer: String,
    answers: String,
}

#[tokio::test]
async fn the_model_answers_as_the_emulators_do() {
    let mut said = Vec::new();
    for kind in [Kind::Ministack { auth: false }, Kind::Moto] {
        let lab = Lab::on(emulators::shared(kind), REGION).await.unwrap();
        let customer = &lab.customer;
        let load_balancer = customer.application_load_balancer("web").await.unwrap();
        let harness::customer::Clients { elb, s3, sns, .. } = customer.aws.clone();
        let aws = Clients { elb, s3, sns };
        let account = customer.account.clone();
        said.push(Questions::ask_all(aws, account, load_balancer).await);
    }
    let account = fresh_account();
    let load_balancer = format!(
        "arn:aws:elasticloadbalancing:{REGION}:{account}:loadbalancer/app/web/50dc6c495c0c9188"
    );
    let aws = model(&account, &load_balancer);
    let model = Questions::ask_all(aws, account, load_balancer).await;
    assert_eq!(model, said[0], "the model and ministack");
    assert_eq!(model, said[1], "the model and moto");
    assert_eq!(model.lines().count(), 40, "{model}");
}

fn model(account: &str, load_balancer: &str) -> Clients {
    let mut found = Account::default();
    found.load_balancers.insert(load_balancer.to_owned(), LoadBalancer::new(load_balancer));
    let rules = Rules {
        account: account.to_owned(),
        region: REGION.to_owned(),
        vendor_confirms: true,
        ..Rules::default()
    };
    let credentials = Credentials::new("key", "secret", None, None, "model");
    Clients::new(&Aws::new(found, rules, 1).sdk_config(credentials))
}

impl Questions {
    async fn ask_all(aws: Clients, account: String, load_balancer: String) -> String {
        let mut questions = Self { aws, account, load_balancer, answers: String::new() };
        let bucket = format!("probe-{}", questions.account);
        questions.absent(&bucket).await;
        questions.bucket(&bucket).await;
        questions.topic().await;
        questions.notifications(&bucket).await;
        questions.subscriptions().await;
        questions.logging(&bucket).await;
        questions.the_end(&bucket).await;
        questions.answers
    }

    fn note<T, E: ProvideErrorMetadata>(
        &mut self,
        question: &str,
        answer: Result<T, SdkError<E>>,
        told: impl FnOnce(T) -> String,
    ) {
        let answer = match answer {
            Ok(answer) => told(answer),
            Err(error) => {
                let status = error.raw_response().map_or(0, |response| response.status().as_u16());
                let code = error.code().map_or_else(|| status.to_string(), str::to_owned);
                code.trim_end_matches("Exception").to_owned()
            }
        };
        let answer =
            answer.replace(&self.account, "ACCOUNT").replace(&self.load_balancer, "LOAD-BALANCER");
        let _ = writeln!(self.answers, "{question}: {answer}");
    }

    fn topic_arn(&self) -> String {
        format!("arn:aws:sns:{REGION}:{}:probe", self.account)
    }

    async fn absent(&mut self, bucket: &str) {
        let Clients { elb, s3, sns } = self.aws.clone();
        let topic = self.topic_arn();
        let gone = self.load_balancer.replace("/web/", "/gone/");
        let answer = s3.head_bucket().bucket(bucket).send().await;
        self.note("head an absent bucket", answer, |_| "there".into());
        let answer = s3.get_bucket_policy().bucket(bucket).send().await;
        self.note("policy of an absent bucket", answer, |_| "there".into());
        let answer = s3.delete_bucket().bucket(bucket).send().await;
        self.note("delete an absent bucket", answer, |_| "done".into());
        let answer = sns.list_tags_for_resource().resource_arn(&topic).send().await;
        self.note("tags of an absent topic", answer, |_| "there".into());
        let answer = sns.get_topic_attributes().topic_arn(&topic).send().await;
        self.note("attributes of an absent topic", answer, |_| "there".into());
        let answer = sns.delete_topic().topic_arn(&topic).send().await;
        self.note("delete an absent topic", answer, |_| "done".into());
        let answer = elb.describe_load_balancer_attributes().load_balancer_arn(gone).send().await;
        self.note("attributes of an absent load balancer", answer, |_| "there".into());
        self.set_logging("log to an absent bucket", bucket, "true").await;
    }

    async fn bucket(&mut self, bucket: &str) {
        let s3 = self.aws.s3.clone();
        let tag = Tag::builder().key("team").value("logs").build().unwrap();
        let place = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(REGION))
            .tags(tag)
            .build();
        for question in ["create a bucket", "create it again"] {
            let request = s3.create_bucket().bucket(bucket);
            let answer = request.create_bucket_configuration(place.clone()).send().await;
            self.note(question, answer, |_| "done".into());
        }
        let answer = s3.head_bucket().bucket(bucket).send().await;
        self.note("head it", answer, |head| format!("{:?}", head.bucket_region()));
        let answer = s3.get_bucket_tagging().bucket(bucket).send().await;
        self.note("its tags", answer, |all| format!("{:?}", all.tag_set()));
        let answer = s3.get_bucket_policy().bucket(bucket).send().await;
        self.note("its policy", answer, |_| "there".into());
        let answer = s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await;
        self.note("its lifecycle", answer, |_| "there".into());
        let answer = s3.get_bucket_notification_configuration().bucket(bucket).send().await;
        self.note("its notifications", answer, |all| format!("{:?}", all.topic_configurations()));
        self.set_logging("log to a bucket without a policy", bucket, "true").await;
        let policy = json!({"Version": "2012-10-17",
            "Statement": [elb_may_write(bucket, "", &self.account)]});
        let put = s3.put_bucket_policy().bucket(bucket).policy(policy.to_string());
        self.note("set its policy", put.send().await, |_| "done".into());
        let answer = s3.get_bucket_policy().bucket(bucket).send().await;
        self.note("its policy by now", answer, |answer| {
            let there: Value = serde_json::from_str(answer.policy().unwrap_or_default()).unwrap();
            format!("the same: {}", there == policy)
        });
    }

    async fn topic(&mut self) {
        let (sns, topic) = (self.aws.sns.clone(), self.topic_arn());
        let tag = |value: &str| {
            aws_sdk_sns::types::Tag::builder().key("owner").value(value).build().unwrap()
        };
        for (question, value) in
            [("create a topic", "us"), ("create it again", "us"), ("with other tags", "them")]
        {
            let answer = sns.create_topic().name("probe").tags(tag(value)).send().await;
            self.note(question, answer, |made| format!("{:?}", made.topic_arn()));
        }
        let more = aws_sdk_sns::types::Tag::builder().key("more").value("yes").build().unwrap();
        let answer = sns.tag_resource().resource_arn(&topic).tags(more).send().await;
        self.note("one more tag", answer, |_| "done".into());
        let answer = sns.untag_resource().resource_arn(&topic).tag_keys("owner").send().await;
        self.note("one tag less", answer, |_| "done".into());
        let answer = sns.list_tags_for_resource().resource_arn(&topic).send().await;
        self.note("its tags", answer, |all| format!("{:?}", all.tags()));
    }

    async fn notifications(&mut self, bucket: &str) {
        self.put_rules("tell a topic that S3 may not publish to", bucket, &["one"]).await;
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "S3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sns:Publish", "Resource": self.topic_arn(),
            "Condition": {"StringEquals": {"aws:SourceAccount": self.account},
                "ArnEquals": {"aws:SourceArn": format!("arn:aws:s3:::{bucket}")}},
        }]});
        let request = self.aws.sns.set_topic_attributes().topic_arn(self.topic_arn());
        let request = request.attribute_name("Policy").attribute_value(policy.to_string());
        self.note("let S3 publish", request.send().await, |_| "done".into());
        self.put_rules("tell it", bucket, &["one"]).await;
        self.put_rules("tell it twice", bucket, &["one", "two"]).await;
        let request = self.aws.s3.get_bucket_notification_configuration().bucket(bucket);
        let answer = request.send().await;
        self.note("who is told", answer, |all| {
            let rule = |one: &TopicConfiguration| format!("{:?} {:?}", one.id(), one.events());
            all.topic_configurations().iter().map(rule).collect()
        });
    }

    async fn put_rules(&mut self, question: &str, bucket: &str, ids: &[&str]) {
        let rule = |id: &&str| {
            let built = TopicConfiguration::builder().id(*id).topic_arn(self.topic_arn());
            built.events(Event::from("s3:ObjectCreated:*")).build().unwrap()
        };
        let rules = ids.iter().map(rule).collect();
        let all = NotificationConfiguration::builder().set_topic_configurations(Some(rules));
        let request = self.aws.s3.put_bucket_notification_configuration().bucket(bucket);
        let answer = request.notification_configuration(all.build()).send().await;
        self.note(question, answer, |_| "done".into());
    }

    async fn subscriptions(&mut self) {
        let (sns, topic) = (self.aws.sns.clone(), self.topic_arn());
        let mut given = Vec::new();
        for question in ["subscribe", "subscribe again"] {
            let request = sns.subscribe().topic_arn(&topic).protocol("sqs");
            let request = request.endpoint("arn:aws:sqs:eu-west-1:222233334444:intake");
            let answer = request.return_subscription_arn(true).send().await;
            self.note(question, answer, |made| {
                given.push(made.subscription_arn().unwrap_or_default().to_owned());
                format!(
                    "an ARN: {}",
                    given[0].starts_with(&topic) && given[0] == given[given.len() - 1]
                )
            });
        }
        let answer = sns.list_subscriptions_by_topic().topic_arn(&topic).send().await;
        self.note("who listens", answer, |all| {
            all.subscriptions().iter().filter_map(|one| one.endpoint()).collect()
        });
        let answer = sns.unsubscribe().subscription_arn(&given[0]).send().await;
        self.note("unsubscribe", answer, |_| "done".into());
        let answer = sns.list_subscriptions_by_topic().topic_arn(&topic).send().await;
        self.note("who listens then", answer, |all| all.subscriptions().len().to_string());
    }

    async fn logging(&mut self, bucket: &str) {
        self.set_logging("log to a bucket with a policy", bucket, "true").await;
        let request = self.aws.elb.describe_load_balancer_attributes();
        let answer = request.load_balancer_arn(&self.load_balancer).send().await;
        self.note("what it says", answer, |all| {
            let mut logs: Vec<String> = all
                .attributes()
                .iter()
                .filter(|one| one.key().is_some_and(|key| key.contains("logs.s3")))
                .map(|one| {
                    format!("{}={}", one.key().unwrap_or_default(), one.value().unwrap_or_default())
                })
                .collect();
            logs.sort();
            logs.join(" ")
        });
        let answer = self.aws.s3.delete_bucket().bucket(bucket).send().await;
        self.note("delete a bucket that is not empty", answer, |_| "done".into());
    }

    async fn set_logging(&mut self, question: &str, bucket: &str, enabled: &str) {
        let attribute = |name: &str, value: &str| {
            aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute::builder()
                .key(format!("access_logs.s3.{name}"))
                .value(value)
                .build()
        };
        let request = self.aws.elb.modify_load_balancer_attributes();
        let request = request
            .load_balancer_arn(&self.load_balancer)
            .attributes(attribute("enabled", enabled))
            .attributes(attribute("bucket", bucket));
        self.note(question, request.send().await, |_| "done".into());
    }

    async fn the_end(&mut self, bucket: &str) {
        let topic = self.topic_arn();
        let answer = self.aws.s3.delete_bucket_policy().bucket(bucket).send().await;
        self.note("delete the policy", answer, |_| "done".into());
        let answer = self.aws.sns.delete_topic().topic_arn(&topic).send().await;
        self.note("delete the topic", answer, |_| "done".into());
        let answer = self.aws.sns.list_tags_for_resource().resource_arn(&topic).send().await;
        self.note("its tags then", answer, |_| "there".into());
    }
}
