//! Notifications between our plain form and S3's, without losing a field.

use aws_sdk_s3::{
    operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput,
    types::{
        Event, EventBridgeConfiguration, FilterRule, FilterRuleName, LambdaFunctionConfiguration,
        NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration,
        S3KeyFilter, TopicConfiguration,
    },
};

use crate::notification::{Destination, Notifications, Rule};

pub(super) fn read(answer: &GetBucketNotificationConfigurationOutput) -> Notifications {
    let rule = |destination, id: Option<&str>, arn: &str, events: &[Event], filter| Rule {
        id: id.map(str::to_owned),
        destination,
        arn: arn.to_owned(),
        events: events.iter().map(|event| event.as_str().to_owned()).collect(),
        filter: read_filter(filter),
    };
    let topics = answer
        .topic_configurations()
        .iter()
        .map(|one| rule(Destination::Topic, one.id(), one.topic_arn(), one.events(), one.filter()));
    let queues = answer
        .queue_configurations()
        .iter()
        .map(|one| rule(Destination::Queue, one.id(), one.queue_arn(), one.events(), one.filter()));
    let functions = answer.lambda_function_configurations().iter().map(|one| {
        rule(Destination::Function, one.id(), one.lambda_function_arn(), one.events(), one.filter())
    });
    Notifications {
        rules: topics.chain(queues).chain(functions).collect(),
        event_bridge: answer.event_bridge_configuration().is_some(),
    }
}

fn read_filter(filter: Option<&NotificationConfigurationFilter>) -> Option<Vec<(String, String)>> {
    let rules = filter?.key().map(S3KeyFilter::filter_rules).unwrap_or_default();
    let pair = |rule: &FilterRule| {
        let name = rule.name().map_or("", FilterRuleName::as_str);
        (name.to_owned(), rule.value().unwrap_or_default().to_owned())
    };
    Some(rules.iter().map(pair).collect())
}

/// A rule always has an ARN and events, so the builders cannot fail; one that did would be left out,
/// which the read-back after every write would notice.
pub(super) fn write(all: &Notifications) -> NotificationConfiguration {
    let events =
        |rule: &Rule| Some(rule.events.iter().map(|one| Event::from(one.as_str())).collect());
    let of = |kind: Destination| all.rules.iter().filter(move |rule| rule.destination == kind);
    let topics = of(Destination::Topic).filter_map(|rule| {
        let built = TopicConfiguration::builder().set_id(rule.id.clone()).topic_arn(&rule.arn);
        built.set_events(events(rule)).set_filter(write_filter(rule)).build().ok()
    });
    let queues = of(Destination::Queue).filter_map(|rule| {
        let built = QueueConfiguration::builder().set_id(rule.id.clone()).queue_arn(&rule.arn);
        built.set_events(events(rule)).set_filter(write_filter(rule)).build().ok()
    });
    let functions = of(Destination::Function).filter_map(|rule| {
        let built = LambdaFunctionConfiguration::builder()
            .set_id(rule.id.clone())
            .lambda_function_arn(&rule.arn);
        built.set_events(events(rule)).set_filter(write_filter(rule)).build().ok()
    });
    NotificationConfiguration::builder()
        .set_topic_configurations(Some(topics.collect()))
        .set_queue_configurations(Some(queues.collect()))
        .set_lambda_function_configurations(Some(functions.collect()))
        .set_event_bridge_configuration(
            all.event_bridge.then(|| EventBridgeConfiguration::builder().build()),
        )
        .build()
}

fn write_filter(rule: &Rule) -> Option<NotificationConfigurationFilter> {
    let parts = rule.filter.as_ref()?;
    let rules = parts.iter().map(|(name, value)| {
        FilterRule::builder().name(FilterRuleName::from(name.as_str())).value(value).build()
    });
    let key = S3KeyFilter::builder().set_filter_rules(Some(rules.collect())).build();
    Some(NotificationConfigurationFilter::builder().key(key).build())
}
