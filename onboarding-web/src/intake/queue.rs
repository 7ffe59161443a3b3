//! Where the vendor's queue brings what SNS says.
//!
//! The queue takes messages of any topic of the right name, and a topic's owner may have them delivered
//! raw, with any content. So they are believed no more than what comes by HTTPS.

use std::{sync::Arc, time::Duration};

use super::{
    Intake,
    door::{By, Verdict, take_in},
    work::Aws,
};
use crate::{
    app::App,
    aws::sqs::{Queue, Received},
    clock::{DAY, Millis},
};

/// SQS keeps a message for so long at most.
pub const OLDEST: Millis = 14 * DAY;
/// While nothing can be taken in, the queue is asked no more often than that.
const PAUSE: Duration = Duration::from_secs(5);

/// Receives until it is aborted. Several may do so at once, here and in other copies of the service.
pub async fn receive(app: App, intake: Arc<Intake>, aws: Arc<Aws>) {
    let Some(from) = intake.settings.queue.clone() else { return };
    let queue = Queue::new(aws.get().await, from.url.as_str(), &from.region);
    loop {
        match queue.receive().await {
            Ok(received) if received.is_empty() => {}
            Ok(received) => {
                if take(&app, &intake, &queue, received).await == 0 {
                    tokio::time::sleep(PAUSE).await;
                }
            }
            Err(error) => {
                tracing::error!(error = error.words(), "the queue could not be read");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Takes in what was received, and deletes it only then; how many were done with.
async fn take(app: &App, intake: &Intake, queue: &Queue, received: Vec<Received>) -> usize {
    let verdicts = received.iter().map(|one| take_in(app, intake, one.body.as_bytes(), By::Queue));
    let verdicts = futures_util::future::join_all(verdicts).await;
    let done = received.into_iter().zip(verdicts).filter_map(|(one, verdict)| match verdict {
        Ok(Verdict::Kept(_) | Verdict::Refused(_)) => Some(one.receipt),
        // It comes again when its time in hand is over, and at last goes to the dead-letter queue.
        Ok(Verdict::Later(_)) | Err(_) => None,
    });
    let done: Vec<String> = done.collect();
    if done.is_empty() {
        return 0;
    }
    match queue.delete(&done).await {
        Ok(0) => {}
        Ok(left) => tracing::warn!(left, "messages were not deleted, and come again"),
        Err(error) => {
            tracing::warn!(error = error.words(), "messages were not deleted, and come again");
        }
    }
    done.len()
}
