//! Keeps what came before it is acknowledged: many requests, one transaction.
//!
//! A database that syncs at every commit does some hundred commits a second and a thousand rows in each.
//! So whoever comes while a transaction is under way waits, and the next one takes all of them.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Turn, oneshot};

use crate::store::{Incoming, Store};

/// So many wait for a transaction at most; SNS brings the others again.
const MOST_WAITING: usize = 4096;
/// So many go into one transaction.
const AT_ONCE: usize = 512;

type Waiting = (Incoming, oneshot::Sender<bool>);

/// What is on its way into the database.
#[derive(Debug, Clone)]
pub struct Inbox {
    store: Store,
    waiting: Arc<Mutex<Vec<Waiting>>>,
    turn: Arc<Turn<()>>,
}

/// It was not kept; SNS must come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotKept;

impl Inbox {
    /// An inbox in front of a database.
    pub fn new(store: Store) -> Self {
        Self { store, waiting: Arc::default(), turn: Arc::default() }
    }

    /// Keeps a message; whether it is a new one. When this comes back, it is on disk.
    pub async fn keep(&self, message: Incoming) -> Result<bool, NotKept> {
        let (told, mut outcome) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= MOST_WAITING {
                return Err(NotKept);
            }
            waiting.push((message, told));
        }
        loop {
            let turn = Arc::clone(&self.turn).lock_owned().await;
            match outcome.try_recv() {
                Ok(new) => return Ok(new),
                Err(oneshot::error::TryRecvError::Closed) => return Err(NotKept),
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            // On its own: whoever asked may hang up, and the others in the batch must not notice.
            let inbox = self.clone();
            let written = tokio::spawn(async move {
                inbox.write().await;
                drop(turn);
            });
            written.await.map_err(|_| NotKept)?;
        }
    }

    async fn write(&self) {
        let batch: Vec<Waiting> = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let count = waiting.len().min(AT_ONCE);
            waiting.drain(..count).collect()
        };
        let (messages, told): (Vec<Incoming>, Vec<_>) = batch.into_iter().unzip();
        metrics::histogram!("onboarding_intake_batch")
            .record(u32::try_from(told.len()).unwrap_or(0));
        match self.store.keep_incoming(&messages).await {
            Ok(new) => {
                for (told, new) in told.into_iter().zip(new) {
                    // Whoever hung up hears it at the next attempt.
                    let _ = told.send(new);
                }
            }
            // Those who wait find their senders gone.
            Err(error) => tracing::error!(%error, "messages could not be kept"),
        }
    }
}
