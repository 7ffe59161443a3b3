//! SNS: says that the vendor wants to hear.

use aws_config::{Region, SdkConfig};
use aws_sdk_sns::Client;

use super::{AwsError, Call};

/// Confirms a subscription with the token that SNS sent. From then on only whoever may call SNS for the
/// vendor or the customer can end it.
pub async fn confirm(
    config: &SdkConfig,
    region: &str,
    topic: &str,
    token: &str,
) -> Result<(), AwsError> {
    let call = Call {
        operation: "ConfirmSubscription",
        action: "sns:ConfirmSubscription",
        subject: topic,
    };
    let config = config.to_builder().region(Region::new(region.to_owned())).build();
    let request = Client::new(&config).confirm_subscription().topic_arn(topic).token(token);
    let sent = request.authenticate_on_unsubscribe("true").send().await;
    sent.map(drop).map_err(|error| call.failed(&error))
}
