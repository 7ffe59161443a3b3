//! Remembers for some seconds in which accounts and regions customers are, so that a flood of messages is
//! not one of questions to the database.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::topic::Topic;
use crate::{clock::Millis, store::Store};

/// A place of a customer's stays one for so long; a new customer is known at once.
const KNOWN_FOR: Millis = 10_000;
/// A place of nobody's is asked about again after this.
const UNKNOWN_FOR: Millis = 1000;
/// So many are remembered.
const MOST: usize = 20_000;

/// Partition, account and region.
type Place = (&'static str, String, String);

/// What is remembered.
#[derive(Debug, Default)]
pub struct Places(Mutex<HashMap<Place, (bool, Millis)>>);

impl Places {
    /// Whether a customer's load balancers are where a topic is.
    pub async fn has(&self, store: &Store, topic: &Topic) -> crate::store::Result<bool> {
        let place = (topic.partition.id(), topic.account.clone(), topic.region.clone());
        let now = store.now();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&place).copied();
        if let Some((is, _)) = known.filter(|(_, until)| now < *until) {
            return Ok(is);
        }
        let is = store.is_place_of_customer(topic).await?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(place, (is, now + if is { KNOWN_FOR } else { UNKNOWN_FOR }));
        Ok(is)
    }
}
