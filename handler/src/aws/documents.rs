//! Changes of documents that others write too: read, merge, write, read back.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{apply::Hands, sns};
use crate::{
    error::{AwsError, Error},
    notification::{self, Clash, NotificationEdit, Notifications},
    policy::{self, PolicyEdit},
    retry::{jittered, until_settled},
};

/// How often a document is merged again because somebody else wrote it in between.
const ROUNDS: usize = 3;

/// How long a write may take to show in a read.
const SHOWN_WITHIN: Duration = Duration::from_secs(10);

/// How long a notification target of somebody else may fail S3's test before it is left untested.
const TESTED_FOR: Duration = Duration::from_secs(3);

impl Hands<'_> {
    /// Reads, merges, writes and reads back. There is no conditional write of a policy, so a change
    /// that somebody makes right after ours is found by reading back, and merged with.
    pub(super) async fn edit_policy(
        &self,
        bucket: &str,
        edit: &PolicyEdit,
        fresh: bool,
    ) -> Result<(), Error> {
        let buckets = self.buckets();
        for _ in 0..ROUNDS {
            let there = if fresh {
                None
            } else {
                match self.settled(async || buckets.policy(bucket).await).await {
                    Err(error) if error.is_absent() && edit.put.is_empty() => return Ok(()),
                    other => other?,
                }
            };
            if !policy::changes(there.as_ref(), edit) {
                return Ok(());
            }
            let merged = policy::merge(there.as_ref(), edit);
            self.settled(async || buckets.put_policy(bucket, merged.as_ref()).await).await?;
            if fresh {
                return Ok(());
            }
            let read = async || buckets.policy(bucket).await;
            let back = self.shown(&there, read).await?;
            if !policy::changes(back.as_ref(), edit) {
                return Ok(());
            }
        }
        Err(Error::Refused(format!(
            "Somebody else keeps changing the policy of bucket {bucket}. Try again when that is over"
        )))
    }

    /// As with the policy; and what stands in the way by now is refused rather than overwritten.
    pub(super) async fn edit_notifications(
        &self,
        bucket: &str,
        edit: &NotificationEdit,
        fresh: bool,
    ) -> Result<(), Error> {
        let buckets = self.buckets();
        for _ in 0..ROUNDS {
            let there = if fresh {
                Notifications::default()
            } else {
                match self.settled(async || buckets.notifications(bucket).await).await {
                    Err(error) if error.is_absent() && edit.put.is_empty() => return Ok(()),
                    other => other?,
                }
            };
            if !notification::changes(&there, edit) {
                return Ok(());
            }
            for wanted in &edit.put {
                match notification::clash(self.id, bucket, &there, wanted) {
                    None => {}
                    Some(Clash::Listen(_) | Clash::Refuse(_)) => {
                        let what = format!("the notifications of bucket {bucket} changed");
                        return Err(Error::Changed(what));
                    }
                }
            }
            self.put_notifications(bucket, &notification::merge(&there, edit)).await?;
            if fresh {
                return Ok(());
            }
            let read = async || buckets.notifications(bucket).await;
            let back = self.shown(&there, read).await?;
            if !notification::changes(&back, edit) {
                return Ok(());
            }
        }
        Err(Error::Refused(format!(
            "Somebody else keeps changing the notifications of bucket {bucket}. Try again when that is \
             over"
        )))
    }

    /// S3 tests every target of the whole document. Ours may not be ready yet; somebody else's may be
    /// gone for good, which is none of our business and must not stand in the way.
    async fn put_notifications(&self, bucket: &str, all: &Notifications) -> Result<(), Error> {
        let buckets = self.buckets();
        let topic = self.id.topic_arn();
        let foreign = all.rules.iter().any(|rule| !notification::is_own(self.id, rule));
        let tells_us = all.rules.iter().any(|rule| rule.arn == topic);
        let started = Instant::now();
        let mut invalid = false;
        let call = async || {
            let unchecked = foreign && invalid && started.elapsed() >= TESTED_FOR;
            let result = buckets.put_notifications(bucket, all, unchecked).await;
            invalid = result.as_ref().is_err_and(AwsError::is_destination_invalid);
            // Our topic gone means that the stack was deleted meanwhile: waiting is in vain.
            let in_vain = invalid
                && tells_us
                && sns::tags(&self.clients.sns, &topic).await.is_ok_and(|tags| tags.is_none());
            match result {
                Err(error) if in_vain => {
                    Err(AwsError { message: "the topic is gone".into(), ..error })
                }
                other => other,
            }
        };
        let passes = |error: &AwsError, waited| {
            error.is_destination_invalid() || self.will_settle(error, waited)
        };
        Ok(until_settled(self.clock, passes, call).await?)
    }

    /// Reads until something else shows than before the write: what is read right after it may still be
    /// the old state, which must not be taken for somebody else's change.
    async fn shown<T: PartialEq>(
        &self,
        before: &T,
        mut read: impl AsyncFnMut() -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let until = (Instant::now() + SHOWN_WITHIN).min(self.clock.last_change);
        let mut pause = Duration::from_millis(100);
        loop {
            let now = self.settled(&mut read).await?;
            if now != *before || Instant::now() + pause >= until {
                return Ok(now);
            }
            sleep(jittered(pause)).await;
            pause *= 2;
        }
    }
}
