//! SQS: the vendor's queues.

use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::{
    Client,
    types::{DeleteMessageBatchRequestEntry, SendMessageBatchRequestEntry},
};

use super::{AwsError, Call};

/// SQS takes and gives so many messages at once, at most.
pub const AT_ONCE: usize = 10;

/// A queue of the vendor's.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

/// A message in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What it is deleted with.
    pub receipt: String,
    /// The content.
    pub body: String,
}

/// What became of a message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// SQS has it.
    Taken,
    /// Not this time.
    Failed,
    /// SQS will never take it.
    Refused,
}

impl Queue {
    /// A queue by its URL, in its region.
    pub fn new(config: &SdkConfig, url: &str, region: &str) -> Self {
        let config = config.to_builder().region(Region::new(region.to_owned())).build();
        Self { client: Client::new(&config), url: url.to_owned() }
    }

    fn call(&self, operation: &'static str, action: &'static str) -> Call<'_> {
        Call { operation, action, subject: &self.url }
    }

    /// Waits for messages, 20 seconds at most. Nobody else gets them for the queue's visibility timeout.
    pub async fn receive(&self) -> Result<Vec<Received>, AwsError> {
        let call = self.call("ReceiveMessage", "sqs:ReceiveMessage");
        let request = self.client.receive_message().queue_url(&self.url).wait_time_seconds(20);
        let request = request.max_number_of_messages(10);
        let answer = request.send().await.map_err(|error| call.failed(&error))?;
        let received = answer.messages.unwrap_or_default().into_iter().filter_map(|one| {
            Some(Received { receipt: one.receipt_handle?, body: one.body.unwrap_or_default() })
        });
        Ok(received.collect())
    }

    /// Deletes messages that are done, ten at most; how many SQS did not delete. They come again.
    pub async fn delete(&self, receipts: &[String]) -> Result<usize, AwsError> {
        let call = self.call("DeleteMessageBatch", "sqs:DeleteMessage");
        let entry = |(at, receipt): (usize, &String)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .receipt_handle(receipt)
                .build()
                .ok()
        };
        let entries = receipts.iter().enumerate().filter_map(entry).collect();
        let request = self.client.delete_message_batch().queue_url(&self.url);
        let answer = request.set_entries(Some(entries)).send().await;
        let answer = answer.map_err(|error| call.failed(&error))?;
        Ok(receipts.len().saturating_sub(answer.successful().len()))
    }

    /// Sends messages, ten at most; what became of each.
    pub async fn send(&self, bodies: &[&str]) -> Result<Vec<Sent>, AwsError> {
        let call = self.call("SendMessageBatch", "sqs:SendMessage");
        let entry = |(at, body): (usize, &&str)| {
            let entry = SendMessageBatchRequestEntry::builder().id(at.to_string());
            entry.message_body(*body).build().ok()
        };
        let entries = bodies.iter().enumerate().filter_map(entry).collect();
        let request = self.client.send_message_batch().queue_url(&self.url);
        let answer = request.set_entries(Some(entries)).send().await;
        let answer = answer.map_err(|error| call.failed(&error))?;
        // What SQS says nothing of was not sent.
        let mut all = vec![Sent::Failed; bodies.len()];
        let mut note = |id: &str, sent: Sent| {
            if let Some(one) = id.parse().ok().and_then(|at: usize| all.get_mut(at)) {
                *one = sent;
            }
        };
        answer.successful().iter().for_each(|one| note(one.id(), Sent::Taken));
        for one in answer.failed().iter().filter(|one| one.sender_fault()) {
            tracing::error!(code = one.code(), why = one.message(), "SQS refuses an event");
            note(one.id(), Sent::Refused);
        }
        Ok(all)
    }
}
